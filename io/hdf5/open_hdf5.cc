#include "io/hdf5/open_hdf5.h"

#include <array>
#include <cstring>
#include <string_view>

#include "io/file/file.h"
#include "io/hdf5/array_dataset.h"
#include "io/hdf5/hdf5_dataset.h"
#include "io/hdf5/library.h"
#include "io/hdf5/record_layout.h"

namespace penstock::io {

bool looks_like_hdf5(FileSystem& fs, const std::string& path) {
  constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);
  const File file(fs, path, OpenMode::kRead);
  const uint64_t bytes = file.size();
  for (uint64_t at = 0; at + kSignature.size() <= bytes; at = at == 0 ? 512 : at * 2) {
    std::array<char, 8> start{};
    file.read_exactly(at, std::as_writable_bytes(std::span(start)));
    if (std::memcmp(start.data(), kSignature.data(), start.size()) == 0) return true;
  }
  return false;
}

bool has_hdf5_group(const std::string& path, const std::string& group) {
  const Hdf5Lock lock;
  const Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (file < 0 || H5Lexists(file, group.c_str(), H5P_DEFAULT) <= 0) return false;
  const Hdf5Handle found(H5Gopen2(file, group.c_str(), H5P_DEFAULT), H5Gclose);
  return found >= 0;
}

std::unique_ptr<Dataset> open_hdf5(FileSystem& fs, const std::string& path, const std::string& group,
                                   const std::vector<std::string>& classes, const std::string& cache_folder) {
  if (is_hdf5_layout(path)) return Hdf5Dataset::open(fs, path, {.classes = classes, .cache_folder = cache_folder});
  return Hdf5ArrayDataset::open(fs, path, group, classes);
}

}  // namespace penstock::io
