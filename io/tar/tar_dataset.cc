#include "io/tar/tar_dataset.h"

#include "engine/base/error.h"
#include "io/data/folder_manifest.h"
#include "io/file/checksum.h"
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
  std::unique_ptr<RecordIndex> index;
  for (const std::string& place : places) {
    index = RecordIndex::open(fs, place);
    if (index && index->head().files.size() == shards.size() && index->is_current(fs, base)) break;
    index.reset();
  }
  for (size_t i = 0; i < places.size() && !index; ++i) {
    try {
      if (i > 0) fs.make_folders(parent_of(places[i]));
      build_index(fs, shards, places[i]);
    } catch (const Error& error) {
      if (error.code() != Code::kIo || i + 1 == places.size())
        throw;  // a folder that cannot be written: the next place
      continue;
    }
    index = RecordIndex::open(fs, places[i]);
  }
  if (!index) throw Error(Code::kIo, "the index of '" + first + "' cannot be read back").hint("is the disk full?");
  std::unique_ptr<TarDataset> data(
      new TarDataset(fs, shards.size() == 1 ? first : base, base, std::move(index), options.classes));
  if (!data->index().head().note.empty()) data->notes_.push_back(data->index().head().note);
  return data;
}

void TarDataset::build_index(FileSystem& fs, const std::vector<std::string>& shards, const std::string& path) {
  make_tar_index(fs, shards, path);
}

}  // namespace penstock::io
