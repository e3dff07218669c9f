#include "io/data/lmdb_dataset.h"

#include <algorithm>
#include <utility>

#include "io/data/lmdb_index.h"
#include "io/file/checksum.h"
#include "io/index/made_index.h"

namespace penstock::io {
LmdbDataset::LmdbDataset(FileSystem& fs, const std::string& folder, LmdbFile lmdb, std::unique_ptr<RecordIndex> index,
                         const std::vector<std::string>& classes)
    : IndexedDataset(fs, folder, folder, std::move(index), classes), lmdb_(std::move(lmdb)) {}

std::unique_ptr<LmdbDataset> LmdbDataset::open(FileSystem& fs, const std::string& folder, LmdbDatasetOptions options) {
  LmdbFile lmdb(fs, folder);
  auto places = index_places(folder, join_path(folder, kLmdbIndexFile), options.cache_folder);
  std::reverse(places.begin(), places.end());  // another program's folder is left as it is where there is a cache
  bool walked = false;
  auto index = find_or_make_index(
      fs, folder, places, [&](const RecordIndex& found) { return is_current(found, lmdb); },
      [&](const std::string& place) {
        make_lmdb_index(lmdb, fs, place);
        walked = true;
      });
  std::unique_ptr<LmdbDataset> data(new LmdbDataset(fs, folder, std::move(lmdb), std::move(index), options.classes));
  const RecordIndexHead& head = data->index().head();
  if (walked && !head.note.empty()) data->notes_.push_back(head.note);
  return data;
}

uint64_t LmdbDataset::state() const {
  const FileStat stat = lmdb_.file().stat();
  return Checksum()
      .add(fingerprint())
      .add(stat.bytes)
      .add(static_cast<uint64_t>(stat.mtime_ns))
      .add(static_cast<uint64_t>(stat.ctime_ns))
      .add(lmdb_.meta().transaction)
      .value();
}

}  // namespace penstock::io
