#include "io/hdf5/record_layout.h"

#include <vector>

#include "engine/base/error.h"
#include "io/hdf5/library.h"

namespace penstock::io {
namespace {

constexpr std::array<Hdf5PartKind, Hdf5Layout::kParts> kKinds{{{"bytes", 1},
                                                               {"offsets", 8},
                                                               {"label", 4},
                                                               {"id", 8},
                                                               {"checksum", 8},
                                                               {"verified", 1},
                                                               {"names", 1},
                                                               {"name_offsets", 8},
                                                               {"sums", 8}}};
constexpr const char* kHead = "head";
constexpr uint64_t kMostHeadBytes = uint64_t{64} << 20;

hid_t type_of(Hdf5Layout::Part part) {
  if (part == Hdf5Layout::kLabel) return H5T_STD_I32LE;
  return kKinds[part].element_bytes == 8 ? H5T_STD_U64LE : H5T_STD_U8LE;
}

Error cannot_write(const std::string& path) {
  return Error(Code::kIo, "cannot write '" + path + "': " + hdf5_message())
      .hint("check the free space and the permissions of its folder");
}

Error wrong(const std::string& path, const std::string& what) {
  return Error(Code::kData, "cannot use '" + path + "': " + what)
      .hint("it is damaged or was cut short: pack the source again");
}

herr_t add_name(hid_t, const char* name, const H5L_info_t*, void* out) {
  auto& text = *static_cast<std::string*>(out);
  if (text.size() < 400) text += (text.empty() ? "'" : ", '") + std::string(name) + "'";
  return 0;
}

Hdf5Handle open_set(hid_t file, const std::string& path, const char* name) {
  Hdf5Handle set(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose);
  if (set >= 0) return set;
  std::string there;
  H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, nullptr, add_name, &there);
  throw wrong(path, std::string("the data set '") + name +
                        "' is missing or cannot be opened (there: " + (there.empty() ? "nothing" : there) + ")");
}

std::string read_head(hid_t file, const std::string& path) {
  const Hdf5Handle set = open_set(file, path, kHead);
  const Hdf5Handle type(H5Dget_type(set), H5Tclose);
  const Hdf5Handle space(H5Dget_space(set), H5Sclose);
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) != 0 || H5Sget_simple_extent_npoints(space) != 1)
    throw wrong(path, "'head' is not one text of fixed length");
  const size_t bytes = H5Tget_size(type);
  if (bytes > kMostHeadBytes) throw wrong(path, "'head' is too long");
  std::string text(bytes, '\0');
  if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()) < 0)
    throw wrong(path, "'head' cannot be read: " + hdf5_message());
  return text;
}

Hdf5Part look_at(hid_t file, const std::string& path, Hdf5Layout::Part part, uint64_t file_bytes) {
  const std::string name = kKinds[part].name;
  const Hdf5Handle set = open_set(file, path, kKinds[part].name);
  const Hdf5Handle type(H5Dget_type(set), H5Tclose);
  if (H5Tequal(type, type_of(part)) <= 0) throw wrong(path, "'" + name + "' has another type than it must have");
  const Hdf5Handle space(H5Dget_space(set), H5Sclose);
  hsize_t length = 0;
  if (H5Sget_simple_extent_ndims(space) != 1 || H5Sget_simple_extent_dims(space, &length, nullptr) < 0)
    throw wrong(path, "'" + name + "' has not one dimension");
  if (length == 0) return {};
  const Hdf5Handle made(H5Dget_create_plist(set), H5Pclose);
  const haddr_t at = H5Dget_offset(set);
  if (H5Pget_layout(made) != H5D_CONTIGUOUS || H5Pget_external_count(made) != 0 || at == HADDR_UNDEF)
    throw wrong(path, "'" + name + "' does not lie in one piece");
  if (at > file_bytes || length > (file_bytes - at) / kKinds[part].element_bytes)
    throw wrong(path, "'" + name + "' reaches behind the end of the file");
  return {at, length};
}

}  // namespace

const Hdf5PartKind& kind_of(Hdf5Layout::Part part) { return kKinds[part]; }

Hdf5Layout make_hdf5_layout(const std::string& path, const PackHead& head, uint64_t records, uint64_t bytes,
                            uint64_t name_bytes) {
  const Hdf5Lock lock;
  Hdf5Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
  if (file < 0) throw cannot_write(path);
  Hdf5Layout out;
  out.head = head;
  const std::string json = head.to_json();
  {
    const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, json.size());
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    const Hdf5Handle set(H5Dcreate2(file, kHead, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
    if (set < 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, json.data()) < 0) throw cannot_write(path);
  }
  const std::array<uint64_t, Hdf5Layout::kParts> elements{bytes,   records + 1, records,     records, records,
                                                          records, name_bytes,  records + 1, 1};
  for (int i = Hdf5Layout::kParts; i-- > 0;) {  // `bytes` last: what is small lies together at the front
    const auto part = static_cast<Hdf5Layout::Part>(i);
    const hsize_t length = elements[static_cast<size_t>(i)];
    const Hdf5Handle space(H5Screate_simple(1, &length, nullptr), H5Sclose);
    const Hdf5Handle made(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_layout(made, H5D_CONTIGUOUS);
    H5Pset_alloc_time(made, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(made, H5D_FILL_TIME_NEVER);  // all of it is written right after
    const Hdf5Handle set(H5Dcreate2(file, kKinds[part].name, type_of(part), space, H5P_DEFAULT, made, H5P_DEFAULT),
                         H5Dclose);
    if (set < 0) throw cannot_write(path);
    out.parts[static_cast<size_t>(i)] = {length == 0 ? 0 : H5Dget_offset(set), length};
  }
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 || !file.close()) throw cannot_write(path);
  return out;
}

Hdf5Layout read_hdf5_layout(const std::string& path, uint64_t file_bytes) {
  const Hdf5Lock lock;
  const Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (file < 0) throw wrong(path, "it cannot be opened as HDF5: " + hdf5_message());
  Hdf5Layout out;
  out.head = PackHead::from_json(read_head(file, path), path);
  for (size_t i = 0; i < Hdf5Layout::kParts; ++i)
    out.parts[i] = look_at(file, path, static_cast<Hdf5Layout::Part>(i), file_bytes);
  const uint64_t records = out.records();
  for (const auto part : {Hdf5Layout::kOffsets, Hdf5Layout::kNameOffsets, Hdf5Layout::kLabel, Hdf5Layout::kChecksum,
                          Hdf5Layout::kVerified, Hdf5Layout::kSums}) {
    const bool ends = part == Hdf5Layout::kOffsets || part == Hdf5Layout::kNameOffsets;
    if (const uint64_t wanted = part == Hdf5Layout::kSums ? 1 : records + (ends ? 1 : 0);
        out.parts[part].elements != wanted) {
      throw wrong(path, std::string("'") + kKinds[part].name + "' has " + std::to_string(out.parts[part].elements) +
                            " elements, not " + std::to_string(wanted));
    }
  }
  return out;
}

bool is_hdf5_layout(const std::string& path) {
  const Hdf5Lock lock;
  const Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (file < 0) return false;
  const auto has = [&](const char* name) { return H5Lexists(file, name, H5P_DEFAULT) > 0; };
  return (has(kHead) && has("offsets")) ||
         (has("checksum") && has("name_offsets"));  // one may be missing: that is damage
}

}  // namespace penstock::io
