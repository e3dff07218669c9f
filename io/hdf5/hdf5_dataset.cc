#include "io/hdf5/hdf5_dataset.h"

#include "io/index/made_index.h"

namespace penstock::io {

std::unique_ptr<Hdf5Dataset> Hdf5Dataset::open(FileSystem& fs, const std::string& path, Hdf5DatasetOptions options) {
  const std::string base = parent_of(path);
  const auto places = index_places(path, join_path(base, base_name(path) + ".penstock-index"), options.cache_folder);
  auto index = find_or_make_index(
      fs, path, places,
      [&](const RecordIndex& found) { return found.head().format == "hdf5" && found.is_current(fs, base); },
      [&](const std::string& place) { make_hdf5_index(fs, path, place); });
  std::unique_ptr<Hdf5Dataset> data(new Hdf5Dataset(fs, path, base, std::move(index), options.classes));
  return data;
}

}  // namespace penstock::io
