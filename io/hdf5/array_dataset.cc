#include "io/hdf5/array_dataset.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/hdf5/library.h"

namespace penstock::io {
namespace {

constexpr uint64_t kLeastCache = uint64_t{16} << 20;
constexpr uint64_t kMostChunk = uint64_t{256}
                                << 20;  // a larger one is unpacked for each record: not to be read at random
constexpr uint64_t kMostPicture = uint64_t{1} << 31;
constexpr uint64_t kMostChannels = 4;
constexpr uint64_t kMostLabels = uint64_t{1} << 31;  // they are held in memory: beyond, it is damage
constexpr std::array<const char*, 6> kPixelNames{"images", "image", "data", "x", "X", "pixels"};
constexpr std::array<const char*, 6> kLabelNames{"labels", "label", "y", "Y", "targets", "target"};

Error wrong(const std::string& path, const std::string& what) {
  return Error(Code::kData, "cannot use '" + path + "': " + what)
      .hint("the file is damaged, was cut short, or is of another kind than Penstock reads: see io/README.md");
}

std::vector<std::string> arrays_in(hid_t file, const std::string& path) {
  std::vector<std::string> out;
  const auto visit = [](hid_t, const char* name, const H5O_info_t* info, void* found) -> herr_t {
    if (info->type == H5O_TYPE_DATASET) static_cast<std::vector<std::string>*>(found)->emplace_back(name);
    return 0;
  };
  if (H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, visit, &out) < 0)
    throw wrong(path, "its list of arrays is damaged: " + hdf5_message());
  return out;
}

std::vector<hsize_t> shape_of(hid_t set) {
  const Hdf5Handle space(H5Dget_space(set), H5Sclose);
  const int rank = space < 0 ? 0 : H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> shape(static_cast<size_t>(std::max(rank, 0)));
  if (rank > 0) H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  return shape;
}

std::string text_of(hid_t set) {
  const Hdf5Handle type(H5Dget_type(set), H5Tclose);
  const char* kinds[] = {"int", "float", "time", "text", "bits", "opaque", "compound", "reference", "enum", "vlen"};
  const int kind = H5Tget_class(type);
  std::string out = kind >= 0 && kind < 10 ? kinds[kind] : "other";
  if (kind == H5T_INTEGER || kind == H5T_FLOAT) out += std::to_string(8 * H5Tget_size(type));
  out += " (";
  const auto shape = shape_of(set);
  for (size_t i = 0; i < shape.size(); ++i) out += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return out + ")";
}

bool has_name(const std::string& array, std::span<const char* const> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return base_name(array) == name; });
}

std::string folder_of(const std::string& array) {
  const size_t slash = array.rfind('/');
  return slash == std::string::npos ? "" : array.substr(0, slash);
}

bool holds_pixels(hid_t set) {
  const Hdf5Handle type(H5Dget_type(set), H5Tclose);
  const size_t rank = shape_of(set).size();
  return H5Tequal(type, H5T_STD_U8LE) > 0 && (rank == 3 || rank == 4);
}

}  // namespace

struct Hdf5ArrayDataset::Library {
  ~Library() {
    const Hdf5Lock lock;
    pixels.close();
    file.close();
  }
  Hdf5Handle file, pixels;
};

Hdf5ArrayDataset::Hdf5ArrayDataset(FileSystem& fs, std::string path)
    : fs_(fs), path_(std::move(path)), file_(fs, path_, OpenMode::kRead), library_(new Library), engines_(fs) {}
Hdf5ArrayDataset::~Hdf5ArrayDataset() = default;

std::unique_ptr<Hdf5ArrayDataset> Hdf5ArrayDataset::open(FileSystem& fs, const std::string& path,
                                                         const std::string& group,
                                                         const std::vector<std::string>& classes) {
  const Hdf5Lock lock;
  std::unique_ptr<Hdf5ArrayDataset> data(new Hdf5ArrayDataset(fs, path));
  Library& library = *data->library_;
  library.file = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (library.file < 0) throw wrong(path, "it cannot be opened as HDF5: " + hdf5_message());
  std::string there, labels;
  const std::vector<std::string> arrays = arrays_in(library.file, path);
  for (const std::string& array : arrays) {
    const Hdf5Handle set(H5Dopen2(library.file, array.c_str(), H5P_DEFAULT), H5Dclose);
    if (set < 0) throw wrong(path, "'" + array + "' cannot be opened: " + hdf5_message());
    if (there.size() < 600) there += (there.empty() ? "'" : ", '") + array + "' " + text_of(set);
    if (!group.empty() && !array.starts_with(group + "/")) continue;
    if (data->array_.empty() && has_name(array, kPixelNames) && holds_pixels(set)) data->array_ = array;
  }
  if (data->array_.empty()) {
    throw Error(Code::kUsage, "'" + path + "' holds no array of pictures" +
                                  (group.empty() ? "" : " in '" + group + "'") +
                                  "; in it: " + (there.empty() ? "no arrays" : there))
        .hint("understood are u8 (N, H, W, C), (N, C, H, W) or (N, H, W) named images, image, data, x, X or pixels");
  }
  for (const std::string& array : arrays) {
    if (labels.empty() && has_name(array, kLabelNames) && folder_of(array) == folder_of(data->array_)) labels = array;
  }
  data->take_pixels();
  if (labels.empty()) {
    data->notes_.push_back("there are no labels beside '" + data->array_ + "'");
  } else {
    data->take_labels(labels);
  }
  data->sum_up();  // of the labels as they are in the file
  data->name_classes(classes);
  return data;
}

void Hdf5ArrayDataset::take_pixels() {
  const Hdf5Handle first(H5Dopen2(library_->file, array_.c_str(), H5P_DEFAULT), H5Dclose);
  const std::vector<hsize_t> shape = shape_of(first);
  records_ = shape[0];
  picture_bytes_ = 1;
  for (size_t i = 1; i < shape.size(); ++i) {
    if (shape[i] == 0 || shape[i] > kMostPicture / picture_bytes_)
      throw wrong(path_, "the pictures in '" + array_ + "' are empty or larger than 2 GiB");
    picture_bytes_ *= shape[i];
  }
  if (records_ == 0)
    throw Error(Code::kUsage, "'" + array_ + "' in '" + path_ + "' holds no pictures").hint("give another file");
  planar_ = shape.size() == 4 && shape[1] <= kMostChannels && shape[3] > kMostChannels;
  std::vector<int64_t> picture{static_cast<int64_t>(shape[1]), static_cast<int64_t>(shape[2]), 1};
  if (shape.size() == 4) picture[2] = static_cast<int64_t>(shape[3]);
  if (planar_)
    picture = {static_cast<int64_t>(shape[2]), static_cast<int64_t>(shape[3]), static_cast<int64_t>(shape[1])};
  channels_ = static_cast<uint64_t>(picture[2]);
  schema_ = {Field::fixed("pixels", DType::kU8, picture), Field::fixed("label", DType::kI64)};

  const Hdf5Handle made(H5Dget_create_plist(first), H5Pclose);
  const Hdf5Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  if (H5Pget_external_count(made) != 0) throw wrong(path_, "'" + array_ + "' lies in other files");
  if (H5Pget_layout(made) == H5D_CONTIGUOUS && H5Dget_offset(first) != HADDR_UNDEF) {
    offset_ = H5Dget_offset(first);
    const uint64_t there = file_.size();
    if (offset_ > there || records_ > (there - offset_) / picture_bytes_)
      throw wrong(path_, "'" + array_ + "' reaches behind the end of the file");
  } else if (H5Pget_layout(made) == H5D_CHUNKED) {
    std::array<hsize_t, H5S_MAX_RANK> chunk{};
    const int rank = H5Pget_chunk(made, H5S_MAX_RANK, chunk.data());
    uint64_t bytes = 1;
    for (int i = 0; i < rank && bytes <= kMostChunk; ++i) bytes *= chunk[static_cast<size_t>(i)];
    if (bytes > kMostChunk) {
      throw wrong(path_, "'" + array_ + "' has chunks of more than 256 MiB, each of which had to be unpacked whole");
    }
    cache_bytes_ = std::max(kLeastCache, 2 * bytes);
    H5Pset_chunk_cache(access, 10007, cache_bytes_, 1.0);  // 1.0: chunks that were read to their end go first
  }
  library_->pixels = Hdf5Handle(H5Dopen2(library_->file, array_.c_str(), access), H5Dclose);
  if (library_->pixels < 0) throw wrong(path_, "'" + array_ + "' cannot be opened: " + hdf5_message());
}

void Hdf5ArrayDataset::take_labels(const std::string& array) {
  const Hdf5Handle set(H5Dopen2(library_->file, array.c_str(), H5P_DEFAULT), H5Dclose);
  const Hdf5Handle type(H5Dget_type(set), H5Tclose);
  const std::vector<hsize_t> shape = shape_of(set);
  const bool is_list = shape.size() == 1 || (shape.size() == 2 && shape[1] == 1);
  if (H5Tget_class(type) != H5T_INTEGER || !is_list)
    throw wrong(path_, "the labels '" + array + "' are " + text_of(set) + ", not integers (N)");
  if (shape[0] != records_) {
    throw wrong(path_, "there are " + std::to_string(shape[0]) + " labels in '" + array + "' for " +
                           std::to_string(records_) + " pictures in '" + array_ + "'");
  }
  if (records_ > kMostLabels)
    throw wrong(path_, "'" + array + "' has more than " + std::to_string(kMostLabels) + " labels");
  if (H5Dget_storage_size(set) == 0) throw wrong(path_, "the labels '" + array + "' were never written");
  labels_.resize(records_);
  if (H5Dread(set, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels_.data()) < 0)
    throw wrong(path_, "the labels '" + array + "' cannot be read: " + hdf5_message());
}

void Hdf5ArrayDataset::name_classes(const std::vector<std::string>& wanted) {
  constexpr int32_t kMostClasses = 1 << 16;  // beyond, they are no classes but values
  const int32_t most = labels_.empty() ? -1 : *std::max_element(labels_.begin(), labels_.end());
  if (most >= kMostClasses) return;
  for (int32_t c = 0; c <= most; ++c) classes_.push_back(std::to_string(c));
  if (wanted.empty() || classes_.empty()) return;
  const std::vector<int64_t> place = match_classes(classes_, wanted, path_);
  for (int32_t& label : labels_) label = label < 0 ? -1 : static_cast<int32_t>(place[static_cast<size_t>(label)]);
  classes_ = wanted;
}

void Hdf5ArrayDataset::sum_up() {
  constexpr uint64_t kLooked = 64;
  Checksum sum;
  sum.add(schema_.text()).add(records_).add(std::as_bytes(std::span(labels_)));
  std::vector<std::byte> picture(picture_bytes_);
  std::byte* const dest = picture.data();
  const uint64_t looked = std::min(kLooked, records_);
  for (uint64_t i = 0; i < looked; ++i) {
    const uint64_t id = looked == 1 ? 0 : static_cast<uint64_t>(static_cast<double>(i) / (looked - 1) * (records_ - 1));
    if (is_contiguous()) {
      file_.read_exactly(offset_ + id * picture_bytes_, picture);
      turn(dest);
    } else {
      read_by_library(std::span(&id, 1), std::span(&dest, 1), nullptr);
    }
    sum.add(picture);
  }
  fingerprint_ = sum.value();
}

Location Hdf5ArrayDataset::locate(uint64_t id) const {
  return {path_, is_contiguous() ? offset_ + id * picture_bytes_ : 0, picture_bytes_};
}

uint64_t Hdf5ArrayDataset::state() const {
  const FileStat stat = file_.stat();
  return Checksum().add(fingerprint_).add(stat.bytes).add(static_cast<uint64_t>(stat.mtime_ns)).value();
}

void Hdf5ArrayDataset::turn(std::byte* picture) const {
  if (!planar_ || channels_ == 1) return;
  const std::vector<std::byte> planes(picture, picture + picture_bytes_);
  const uint64_t pixels = picture_bytes_ / channels_;
  for (uint64_t i = 0; i < pixels; ++i) {
    for (uint64_t c = 0; c < channels_; ++c) picture[i * channels_ + c] = planes[c * pixels + i];
  }
}

void Hdf5ArrayDataset::read(std::span<const uint64_t> ids, Intake& out) const {
  std::vector<std::byte*> dest(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (std::byte* place = out.row(kLabelField, i)) {
      const int64_t value = label(ids[i]);
      std::memcpy(place, &value, sizeof value);
    }
    dest[i] = out.row(kPixelsField, i);
  }
  if (is_contiguous()) {
    read_by_offset(ids, dest, out);
  } else {
    read_by_library(ids, dest, &out);
  }
}

void Hdf5ArrayDataset::read_by_offset(std::span<const uint64_t> ids, std::span<std::byte* const> dest,
                                      Intake& out) const {
  std::vector<ReadRequest> requests;
  std::vector<size_t> rows;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (dest[i] == nullptr) continue;
    requests.push_back({file_.fd(), offset_ + ids[i] * picture_bytes_, picture_bytes_, dest[i]});
    rows.push_back(i);
  }
  engines_.read(requests);
  for (size_t i = 0; i < requests.size(); ++i) {
    const ReadRequest& request = requests[i];
    if (request.result < 0) Fault::raise("read", path_, static_cast<int>(-request.result));
    if (static_cast<uint64_t>(request.result) == picture_bytes_) {
      turn(dest[rows[i]]);
    } else {
      out.reject(rows[i], "'" + path_ + "' ends before it: the file was cut short");
    }
  }
}

void Hdf5ArrayDataset::read_by_library(std::span<const uint64_t> ids, std::span<std::byte* const> dest,
                                       Intake* out) const {
  // By place, so that each chunk is unpacked once.
  std::vector<size_t> order(ids.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return ids[a] < ids[b]; });
  const Hdf5Lock lock;
  const Hdf5Handle in_file(H5Dget_space(library_->pixels), H5Sclose);
  std::vector<hsize_t> start(4), count(4);
  const int rank = H5Sget_simple_extent_dims(in_file, count.data(), nullptr);
  count[0] = 1;
  const Hdf5Handle in_memory(H5Screate_simple(rank, count.data(), nullptr), H5Sclose);
  for (const size_t i : order) {
    if (dest[i] == nullptr) continue;
    start[0] = ids[i];
    H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
    if (H5Dread(library_->pixels, H5T_NATIVE_UINT8, in_memory, in_file, H5P_DEFAULT, dest[i]) >= 0) {
      turn(dest[i]);
      continue;
    }
    const std::string why = "HDF5 cannot read '" + array_ + "' in '" + path_ + "': " + hdf5_message();
    if (out == nullptr) throw wrong(path_, why);
    out->reject(i, why);
  }
}

}  // namespace penstock::io
