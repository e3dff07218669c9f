// The job `cluster`: rows of features into groups.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "io/file/file_system.h"
#include "models/classic/algebra.h"
#include "pipelines/job/progress.h"

namespace penstock::classic {

enum class ClusterMethod { kKMeans, kMiniBatch, kMeanShift };

struct ClusterOptions {
  std::string features;  ///< FILE.h5 or FILE.csv
  std::string out;       ///< FILE.csv or FILE.h5; "" for none
  std::string centers;   ///< where the model is stored (safetensors); "" for none
  std::string from;      ///< a stored model whose centres (and projection) it starts from; "" for none
  ClusterMethod method = ClusterMethod::kKMeans;
  size_t k = 0;    ///< 0: as many as `from` holds, or 8; not of mean shift
  size_t pca = 0;  ///< project to so many principal components first; 0: do not
  bool whiten = false;
  uint64_t seed = 0;
  size_t n_init = 1;
  size_t max_iterations = 0;  ///< 0: 300; of mini-batches 100 passes
  double tolerance = 1e-4;
  size_t batch = 1024;
  double bandwidth = 0;  ///< of mean shift; 0: estimated
  ShiftKernel kernel = ShiftKernel::kFlat;
  bool binned = false;
  unsigned threads = 1;
  uint64_t budget = uint64_t{1} << 30;  ///< bytes of rows, centres and sums in memory
  std::string device = "cpu";
  std::stop_token stop = {};
  ProgressSink* progress = nullptr;
  Clock* clock = nullptr;
  io::FileSystem* fs = nullptr;
};

struct ClusterResult {
  ClusterOptions options;
  uint64_t rows = 0, skipped = 0;
  size_t width = 0;
  size_t clusters = 0, empty = 0;
  double inertia = 0;  ///< sum of squared distances to the centres
  size_t iterations = 0;
  bool converged = false;
  std::vector<double> history;      ///< inertia of each iteration; empty of mean shift
  std::vector<uint64_t> sizes;      ///< rows of each cluster
  std::optional<double> bandwidth;  ///< of mean shift
  std::optional<double> explained;  ///< of the projection: the share of the variance that is left
  bool resident = true;             ///< rows were read once and stayed
  double fit_seconds = 0, seconds = 0;

  std::string to_json() const;
  std::string text() const;
};

/// Fits and writes; `out` and `centers` appear complete or not at all. Rows with an error are left out and counted. When it is stopped,
/// `centers` gets the centres so far, to go on with `from`, and Error kCancelled is thrown. Other errors: kUsage, kData, kIo, kMemory.
ClusterResult cluster(const ClusterOptions& options);

std::string_view name_of(ClusterMethod method);

}  // namespace penstock::classic
