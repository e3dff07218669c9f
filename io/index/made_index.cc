#include "io/index/made_index.h"

#include "engine/base/error.h"

namespace penstock::io {

std::unique_ptr<RecordIndex> find_or_make_index(FileSystem& fs, const std::string& what,
                                                const std::vector<std::string>& places,
                                                const std::function<bool(const RecordIndex&)>& is_current,
                                                const std::function<void(const std::string&)>& make) {
  for (const std::string& place : places) {
    if (auto index = RecordIndex::open(fs, place); index && is_current(*index)) return index;
  }
  for (size_t i = 0; i < places.size(); ++i) {
    try {
      if (i > 0) fs.make_folders(parent_of(places[i]));
      make(places[i]);
    } catch (const Error& error) {
      if (error.code() != Code::kIo || i + 1 == places.size())
        throw;  // a folder that cannot be written: the next place
      continue;
    }
    if (auto index = RecordIndex::open(fs, places[i])) return index;
    break;
  }
  throw Error(Code::kIo, "the index of '" + what + "' cannot be read back").hint("is the disk full?");
}

}  // namespace penstock::io
