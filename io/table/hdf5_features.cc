// Features in HDF5.
#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/error.h"
#include "io/file/file.h"
#include "io/hdf5/library.h"
#include "io/table/feature_table.h"

namespace penstock::io {
namespace {

using Handle = Hdf5Handle;

constexpr uint64_t kTextsAtOnce = 4096;

class Hdf5Features final : public FeatureTable {
 public:
  Hdf5Features(const std::string& path, FileSystem& fs) : FeatureTable(path) {
    File(fs, path, OpenMode::kRead).close();  // its errors say more than HDF5's
    const Hdf5Lock lock;
    file_ = Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (file_ < 0)
      throw Error(Code::kData, "cannot open '" + path + "' as HDF5: " + hdf5_message())
          .hint("the file is damaged, was cut short, or is of another kind");
    if (!has("features"))
      throw Error(Code::kUsage,
                  "'" + path + "' holds no 'features'" + (has("probabilities") ? ", but predictions" : std::string()))
          .hint("features are written by: penstock infer MODEL --data DATA --features LAYER --out FILE.h5");
    features_ = open_set("features");
    const std::vector<hsize_t> shape = shape_of(features_);
    if (shape.size() != 2 || shape[1] == 0)
      throw Error(Code::kUsage,
                  "'features' of '" + path + "' has " + std::to_string(shape.size()) + " dimensions, or no columns")
          .hint("it wants one row a record: (rows, width)");
    const Handle type(H5Dget_type(features_), H5Tclose);
    const H5T_class_t kind = H5Tget_class(type);
    if (kind != H5T_FLOAT && kind != H5T_INTEGER)
      throw Error(Code::kUsage, "'features' of '" + path + "' are no numbers").hint("it wants f32 (rows, width)");
    all_ = shape[0];
    width_ = static_cast<size_t>(shape[1]);
    ids_ = open_beside("id");
    files_ = open_beside("file");
    errors_ = open_beside("error");
    find_faults();
    rows_ = all_ - bad_.size();
  }
  ~Hdf5Features() override {
    const Hdf5Lock lock;
    for (Handle* handle : {&features_, &ids_, &files_, &errors_, &file_}) handle->close();
  }

  void read_ids(uint64_t first, std::span<int64_t> into) override {
    const Hdf5Lock lock;
    int64_t* at = into.data();
    each_run(first, into.size(), [&](uint64_t row, uint64_t count) {
      for (uint64_t i = 0; i < count; ++i) at[i] = static_cast<int64_t>(row + i);
      if (ids_ >= 0) read_rows(ids_, row, count, H5T_NATIVE_INT64, at, "id");
      at += count;
    });
  }
  void read_names(uint64_t first, std::span<FeatureName> into) override {
    const Hdf5Lock lock;
    std::vector<int64_t> ids(into.size());
    read_ids(first, ids);
    size_t at = 0;
    each_run(first, into.size(), [&](uint64_t row, uint64_t count) {
      const std::vector<std::string> files = texts(files_, row, count, "file");
      for (uint64_t i = 0; i < count; ++i, ++at) into[at] = {ids[at], files.empty() ? "" : files[i]};
    });
  }

 protected:
  void read_values(uint64_t first, std::span<float> into) override {
    const Hdf5Lock lock;
    float* at = into.data();
    each_run(first, into.size() / width_, [&](uint64_t row, uint64_t count) {
      read_rows(features_, row, count, H5T_NATIVE_FLOAT, at, "features");
      at += count * width_;
    });
  }

 private:
  bool has(const char* name) const { return H5Lexists(file_, name, H5P_DEFAULT) > 0; }
  Handle open_set(const char* name) const {
    Handle set(H5Dopen2(file_, name, H5P_DEFAULT), H5Dclose);
    if (set < 0) fail(name);
    return set;
  }
  static std::vector<hsize_t> shape_of(hid_t set) {
    const Handle space(H5Dget_space(set), H5Sclose);
    std::vector<hsize_t> shape(static_cast<size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
    if (!shape.empty()) H5Sget_simple_extent_dims(space, shape.data(), nullptr);
    return shape;
  }
  // A column that may be missing, but has as many rows where it is there.
  Handle open_beside(const char* name) const {
    if (!has(name)) return {};
    Handle set = open_set(name);
    const std::vector<hsize_t> shape = shape_of(set);
    if (shape.empty() || shape[0] != all_ || (shape.size() > 1 && shape[1] != 1))
      throw Error(Code::kData, "'" + std::string(name) + "' of '" + path_ + "' has not one value for each of the " +
                                   std::to_string(all_) + " rows of 'features'")
          .hint("the file was not written whole, or by another program: leave that data set out");
    return set;
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Code::kData, "cannot read '" + what + "' of '" + path_ + "': " + hdf5_message())
        .hint("the file is damaged or was cut short");
  }

  void read_rows(hid_t set, uint64_t row, uint64_t count, hid_t type, void* into, const char* what) const {
    if (count == 0) return;
    const Handle in_file(H5Dget_space(set), H5Sclose);
    const int rank = H5Sget_simple_extent_ndims(in_file);
    const hsize_t width = set == features_ ? width_ : 1;
    const std::array<hsize_t, 2> start{row, 0}, size{count, width};
    const Handle in_memory(H5Screate_simple(rank, size.data(), nullptr), H5Sclose);
    if (H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr) < 0 ||
        H5Dread(set, type, in_memory, in_file, H5P_DEFAULT, into) < 0)
      fail(what);
  }
  std::vector<std::string> texts(hid_t set, uint64_t row, uint64_t count, const char* what) const {
    if (set < 0) return {};
    const Handle theirs(H5Dget_type(set), H5Tclose);
    if (H5Tget_class(theirs) != H5T_STRING || H5Tis_variable_str(theirs) <= 0)
      throw Error(Code::kUsage, "'" + std::string(what) + "' of '" + path_ + "' holds no texts of variable length")
          .hint("write it as such, or leave it out");
    const Handle type(H5Tcopy(theirs), H5Tclose);
    std::vector<char*> found(count, nullptr);
    read_rows(set, row, count, type, found.data(), what);
    std::vector<std::string> out;
    for (const char* text : found) out.emplace_back(text == nullptr ? "" : text);
    const hsize_t size = count;
    const Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, found.data());
    return out;
  }
  void find_faults() {
    for (uint64_t row = 0; errors_ >= 0 && row < all_; row += kTextsAtOnce) {
      const uint64_t count = std::min(kTextsAtOnce, all_ - row);
      const std::vector<std::string> errors = texts(errors_, row, count, "error");
      for (uint64_t i = 0; i < count; ++i) {
        if (errors[i].empty()) continue;
        bad_.push_back(row + i);
        if (faults() >= kFaultsListed) {
          note_fault({});
          continue;
        }
        auto id = static_cast<int64_t>(row + i);
        if (ids_ >= 0) read_rows(ids_, row + i, 1, H5T_NATIVE_INT64, &id, "id");
        const std::vector<std::string> file = texts(files_, row + i, 1, "file");
        note_fault({id, file.empty() ? "" : file[0], errors[i]});
      }
    }
  }
  // The stretches of the file that `count` good rows from `first` on lie in: bad_[j] - j good rows stand before the j-th bad one.
  template <class Body>
  void each_run(uint64_t first, uint64_t count, const Body& body) const {
    PENSTOCK_CHECK(first + count <= rows_);
    size_t j = 0, most = bad_.size();
    while (j < most) {
      const size_t middle = (j + most) / 2;
      if (bad_[middle] - middle <= first)
        j = middle + 1;
      else
        most = middle;
    }
    for (uint64_t row = first + j; count > 0; ++row, ++j) {
      const uint64_t until = j < bad_.size() ? bad_[j] : all_;
      const uint64_t some = std::min(count, until - row);
      if (some > 0) body(row, some);
      count -= some;
      row = until;
    }
  }

  Handle file_, features_, ids_, files_, errors_;
  uint64_t all_ = 0;
  std::vector<uint64_t> bad_;  ///< rows with an error, ascending
};

}  // namespace

std::unique_ptr<FeatureTable> open_hdf5_features(const std::string& path, FileSystem& fs) {
  return std::make_unique<Hdf5Features>(path, fs);
}

}  // namespace penstock::io
