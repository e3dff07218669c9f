// Where a growth of trees stands: what a checkpoint says beside the trees.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/classic/trees/grow.h"

namespace penstock::trees {

struct TreesPosition {
  classic::GrowState state;
  uint64_t metrics_bytes = 0;    ///< how long metrics.jsonl was
  double seconds = 0;            ///< of the run, over all resumes
  double grow_seconds = 0;       ///< of that, rounds
  double bins_seconds = 0;       ///< of that, rows read and cut into bins
  double data_wait_seconds = 0;  ///< of those, waiting for rows
  unsigned threads = 1;          ///< which decide the last bits
  bool on_disk = false;          ///< likewise
  std::string data, val;         ///< digests
  std::string recipe;            ///< resolved, TOML
  std::vector<std::string> classes;

  /// One line of JSON with "kind": "trees", and back. from_json throws Error kData for another text.
  std::string to_json() const;
  static TreesPosition from_json(std::string_view text, const std::string& origin);
};

/// Whether a checkpoint's metadata are those of trees.
bool is_trees_metadata(std::string_view text);

}  // namespace penstock::trees
