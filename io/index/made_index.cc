#include "io/index/made_index.h"

#include <sys/file.h>

#include <cerrno>

#include "engine/base/error.h"
#include "io/file/file.h"

namespace penstock::io {
namespace {

/// PLACE.lock, held by whoever makes the index at PLACE; gone with him, so that nothing is left beside the data.
class MakingLock {
 public:
  MakingLock(FileSystem& fs, const std::string& place) : fs_(fs), path_(place + ".lock") {
    for (;;) {
      file_ = File(fs_, path_, OpenMode::kOpenOrCreate);
      while (::flock(file_.fd(), LOCK_EX) != 0 && errno == EINTR) {}
      // Whoever held it has removed the name: what was waited for is no longer what others lock.
      FileStat named;
      if (fs_.sys_stat(path_.c_str(), &named) == 0 && named.inode == file_.stat().inode) return;
    }
  }
  ~MakingLock() { fs_.sys_unlink(path_.c_str()); }
  MakingLock(const MakingLock&) = delete;
  MakingLock& operator=(const MakingLock&) = delete;

 private:
  FileSystem& fs_;
  const std::string path_;
  File file_;
};

}  // namespace

std::unique_ptr<RecordIndex> find_or_make_index(FileSystem& fs, const std::string& what,
                                                const std::vector<std::string>& places,
                                                const std::function<bool(const RecordIndex&)>& is_current,
                                                const std::function<void(const std::string&)>& make) {
  const auto current = [&](const std::string& place) {
    auto index = RecordIndex::open(fs, place);
    return index && is_current(*index) ? std::move(index) : nullptr;
  };
  for (const std::string& place : places) {
    if (auto index = current(place)) return index;
  }
  for (size_t i = 0; i < places.size(); ++i) {
    try {
      if (!fs.exists(parent_of(places[i]))) fs.make_folders(parent_of(places[i]));
      const MakingLock lock(fs, places[i]);
      if (auto index = current(places[i])) return index;
      make(places[i]);
      if (auto index = RecordIndex::open(fs, places[i])) return index;
      break;
    } catch (const Error& error) {
      if (error.code() != Code::kIo || i + 1 == places.size())
        throw;  // a folder that cannot be written: the next place
    }
  }
  throw Error(Code::kIo, "the index of '" + what + "' cannot be read back").hint("is the disk full?");
}

}  // namespace penstock::io
