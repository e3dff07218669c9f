#include "io/data/lmdb_dataset.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "io/data/lmdb_index.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {

std::unique_ptr<RecordIndex> index_at(FileSystem& fs, const std::string& place, const LmdbFile& lmdb) {
  auto index = RecordIndex::open(fs, place);
  return index && is_current(*index, lmdb) ? std::move(index) : nullptr;
}

}  // namespace

LmdbDataset::LmdbDataset(FileSystem& fs, const std::string& folder, LmdbFile lmdb, std::unique_ptr<RecordIndex> index,
                         const std::vector<std::string>& classes)
    : IndexedDataset(fs, folder, folder, std::move(index), classes), lmdb_(std::move(lmdb)) {}

std::unique_ptr<LmdbDataset> LmdbDataset::open(FileSystem& fs, const std::string& folder, LmdbDatasetOptions options) {
  LmdbFile lmdb(fs, folder);
  auto places = index_places(folder, join_path(folder, kLmdbIndexFile), options.cache_folder);
  std::unique_ptr<RecordIndex> index;
  for (size_t i = 0; i < places.size() && !index; ++i) index = index_at(fs, places[i], lmdb);
  const bool walked = !index;
  std::reverse(places.begin(), places.end());  // another program's folder is left as it is where there is a cache
  for (size_t i = 0; i < places.size() && !index; ++i) {
    try {
      if (places[i] != join_path(folder, kLmdbIndexFile)) fs.make_folders(parent_of(places[i]));
      make_lmdb_index(lmdb, fs, places[i]);
    } catch (const Error& error) {
      if (error.code() != Code::kIo || i + 1 == places.size())
        throw;  // a folder that cannot be written: the next place
      continue;
    }
    index = index_at(fs, places[i], lmdb);
  }
  if (!index) throw Error(Code::kIo, "the index of '" + folder + "' cannot be read back").hint("is the disk full?");
  std::unique_ptr<LmdbDataset> data(new LmdbDataset(fs, folder, std::move(lmdb), std::move(index), options.classes));
  const RecordIndexHead& head = data->index().head();
  if (head.classes.size() == 1)
    data->notes_.push_back("there is one class only, '" + head.classes[0] + "': nothing to tell apart");
  if (walked && !head.note.empty()) data->notes_.push_back(head.note);
  return data;
}

uint64_t LmdbDataset::state() const {
  const FileStat stat = lmdb_.file().stat();
  return Checksum()
      .add(fingerprint())
      .add(stat.bytes)
      .add(static_cast<uint64_t>(stat.mtime_ns))
      .add(lmdb_.meta().transaction)
      .value();
}

}  // namespace penstock::io
