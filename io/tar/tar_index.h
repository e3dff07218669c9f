// What the members of tars mean: from a walk over headers to a record index. Of this room only.
#pragma once

#include <string>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::io {

/// Names in a tar that Penstock packed. WebDataset passes over members named __...__.
struct TarNames {
  static constexpr const char* kHead = "__penstock__/head.json";
  static constexpr const char* kChunk = "__penstock__/chunk-";
};

/// See TarDataset. The index appears whole or not at all. `named`: what a lone shard is going to be called, where it still has another name.
void make_tar_index(FileSystem& fs, const std::vector<std::string>& shards, const std::string& path,
                    const std::string& named = {});

}  // namespace penstock::io
