// Pictures of a tar whose folders are classes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "io/index/record_index.h"

namespace penstock::io {

/// Records that are sorted before they are written, as the unpacked folder has them: class folders, ImageNet's tar of tars. About 100 bytes a record in memory.
class ClassFolders {
 public:
  void add(const std::string& name, const RecordRow& row) {
    const size_t slash = name.find('/');
    classes_[name.substr(0, slash)].push_back({name, row, count_++});
  }

  /// Writes them all, and gives classes and fingerprint. Throws kData where a name comes twice, kUsage where the folders are the parts of a set (train beside val). `path`
  /// is for messages.
  RecordIndexHead write(RecordIndexWriter& writer, const std::string& path);

 private:
  struct Entry {
    std::string name;
    RecordRow row;
    uint64_t place = 0;
  };
  std::map<std::string, std::vector<Entry>> classes_;
  uint64_t count_ = 0;
};

}  // namespace penstock::io
