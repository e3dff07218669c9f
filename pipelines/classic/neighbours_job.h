// The job `neighbours`: which rows of features are nearest to which.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "engine/base/clock.h"
#include "io/file/file_system.h"
#include "models/classic/algebra.h"
#include "pipelines/job/progress.h"

namespace penstock::classic {

struct NeighboursOptions {
  std::string features;  ///< the rows to search, FILE.h5 or FILE.csv
  std::string queries;   ///< rows that look for neighbours; "": the same rows, none its own neighbour
  std::string out;       ///< FILE.csv or FILE.h5
  size_t k = 5;
  Metric metric = Metric::kL2;
  unsigned threads = 1;
  uint64_t budget = uint64_t{1} << 30;  ///< bytes of rows and of what was found, in memory
  std::string device = "cpu";
  std::stop_token stop = {};
  ProgressSink* progress = nullptr;
  Clock* clock = nullptr;
  io::FileSystem* fs = nullptr;
};

struct NeighboursResult {
  NeighboursOptions options;
  uint64_t rows = 0, queries = 0, skipped = 0;  ///< skipped of both files
  size_t width = 0;
  double mean_nearest = 0;  ///< mean value of the first neighbours
  double seconds = 0;

  std::string to_json() const;
  std::string text() const;
};

/// A row a query, in the file's order: `id`, `file`, `neighbour` (k) ids, nearest first, and `distance` (k), or `product` (k) of the
/// metric dot. `out` appears complete or not at all. Errors: kUsage, kData, kIo, kMemory, kCancelled.
NeighboursResult neighbours(const NeighboursOptions& options);

std::string_view name_of(Metric metric);

}  // namespace penstock::classic
