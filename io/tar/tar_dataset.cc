#include "io/tar/tar_dataset.h"

#include "io/file/checksum.h"
#include "io/index/made_index.h"
#include "io/tar/tar_index.h"

namespace penstock::io {

std::unique_ptr<TarDataset> TarDataset::open(FileSystem& fs, const std::vector<std::string>& shards,
                                             TarDatasetOptions options) {
  const std::string& first = shards.front();
  std::string name = base_name(first);
  if (shards.size() > 1) {
    Checksum sum;
    for (const std::string& shard : shards) sum.add(shard).add(std::string_view("\0", 1));
    name += "-and-" + std::to_string(shards.size() - 1) + "-more-" + hex(sum.value()).substr(0, 8);
  }
  const std::string base = parent_of(first);
  const std::vector<std::string> places =
      index_places(first, join_path(base, name + ".penstock-index"), options.cache_folder);
  auto index = find_or_make_index(
      fs, first, places,
      [&](const RecordIndex& found) {
        return found.head().files.size() == shards.size() && found.is_current(fs, base);
      },
      [&](const std::string& place) { make_tar_index(fs, shards, place); });
  std::unique_ptr<TarDataset> data(
      new TarDataset(fs, shards.size() == 1 ? first : base, base, std::move(index), options.classes));
  if (!options.labels.empty()) data->take_labels(options.labels, options.classes);
  if (!data->index().head().note.empty()) data->notes_.push_back(data->index().head().note);
  return data;
}

}  // namespace penstock::io
