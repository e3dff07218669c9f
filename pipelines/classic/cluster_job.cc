#include "pipelines/classic/cluster_job.h"

#include <algorithm>
#include <cmath>

#include "engine/base/bytes.h"
#include "io/file/atomic_file.h"
#include "io/file/file.h"
#include "io/table/table_writer.h"
#include "models/classic/kmeans.h"
#include "models/classic/mean_shift.h"
#include "models/classic_model.h"
#include "pipelines/classic/feature_rows.h"

namespace penstock::classic {
namespace {

constexpr size_t kClusters = 8;  // where nobody says how many

// One run of the job, from its options to its files.
class Clustering {
 public:
  explicit Clustering(const ClusterOptions& options)
      : options_(options),
        fs_(options.fs != nullptr ? *options.fs : io::FileSystem::real()),
        clock_(options.clock != nullptr ? *options.clock : Clock::system()),
        progress_(options.progress != nullptr ? *options.progress : none_) {}

  ClusterResult run() {
    const double began = clock_.now_seconds();
    if (!options_.out.empty()) io::check_table_path(options_.out, "--out", fs_);
    Cores cores(options_.threads);
    algebra_ = make_algebra(options_.device, cores);
    FeatureRows features(options_.features, fs_);
    for (const std::string& line : fault_lines(features.table())) progress_.say(line);
    result_.options = options_;
    result_.rows = features.size();
    result_.skipped = features.table().faults();
    result_.width = features.width();
    model_.method = name_of(options_.method);
    if (!options_.from.empty()) start_from_model(features);
    if (options_.k == 0) result_.options.k = options_.k = kClusters;

    // Rows are projected on a second algebra: the thread that reads ahead makes them.
    const std::unique_ptr<Algebra> projector = make_algebra(options_.device, cores);
    if (!model_.pca && options_.pca > 0) find_projection(features);
    std::unique_ptr<ProjectedRows> projected;
    RowSource* rows = &features;
    if (model_.pca) {
      projected = std::make_unique<ProjectedRows>(features, *model_.pca, *projector);
      rows = projected.get();
    }
    model_.width = rows->width();
    Blocks blocks(*rows, bytes_for_rows(*rows), options_.stop);
    result_.resident = blocks.resident();
    fit_until_stopped(blocks);
    result_.fit_seconds = clock_.now_seconds() - began;
    write_rows(blocks, features);
    if (!options_.centers.empty()) io::write_file(fs_, options_.centers, encode_model(model_));
    result_.seconds = clock_.now_seconds() - began;
    return std::move(result_);
  }

 private:
  void start_from_model(const FeatureRows& features) {
    const std::string bytes = io::read_file(fs_, options_.from);
    ClusterModel from = decode_model(io::bytes_of(bytes), options_.from);
    if (from.input_width() != features.width())
      throw Error(Code::kUsage, "'" + options_.from + "' was made of rows of " + std::to_string(from.input_width()) +
                                    " values, and '" + options_.features + "' has " + std::to_string(features.width()))
          .hint("both must be features of the same layer of the same model");
    if (options_.pca != 0 && (!from.pca || from.pca->size() != options_.pca))
      throw Error(Code::kUsage,
                  "--pca " + std::to_string(options_.pca) + " and the projection of '" + options_.from + "' differ")
          .hint("leave --pca out: the stored projection is used");
    if (options_.whiten && (!from.pca || !from.pca->whiten))
      throw Error(Code::kUsage,
                  "--whiten is asked for, and '" + options_.from + "' holds no projection that is whitened")
          .hint("leave --whiten out: what is stored is used as it is");
    const size_t stored = from.size();
    if (options_.method != ClusterMethod::kMeanShift && options_.k != 0 && options_.k != stored)
      throw Error(Code::kUsage, "--k " + std::to_string(options_.k) + " and the " + std::to_string(stored) +
                                    " centres of '" + options_.from + "' differ")
          .hint("leave --k out to start from the stored centres, or --from to seed " + std::to_string(options_.k) +
                " anew");
    start_ = std::move(from.centres);
    model_.pca = std::move(from.pca);
    result_.options.k = options_.k = stored;
  }

  void find_projection(RowSource& features) {
    progress_.begin("principal components", 0, "rows");
    // The covariance is made of three such squares, and of sixteen for rows in work.
    const uint64_t squares = 3 * 8 * features.width() * features.width();
    Blocks blocks(features, room_beside(squares, "the covariance"), options_.stop);
    model_.pca = fit_pca(blocks, *algebra_, options_.pca, options_.whiten);
    progress_.end();
    double share = 0;
    for (const double ratio : model_.pca->ratio) share += ratio;
    result_.explained = share;
  }

  uint64_t room_beside(uint64_t bytes, const std::string& what) const {
    if (bytes < options_.budget) return options_.budget - bytes;
    throw Error(Code::kMemory,
                what + " take " + bytes_text(bytes) + ", and the budget is " + bytes_text(options_.budget))
        .hint("--budget of twice that, or more");
  }

  // Beside the rows: the eight parts of the sums, some copies of the centres, what k-means++ looks at, and tiles.
  uint64_t bytes_for_rows(const RowSource& rows) const {
    const uint64_t width = rows.width(), k = options_.k;
    if (options_.method == ClusterMethod::kMeanShift) return room_beside(options_.threads * 1_MiB, "the tiles");
    const uint64_t seeding = std::min<uint64_t>(rows.size(), std::max<uint64_t>(20'000, 64 * k)) * (width + 16) * 4;
    const uint64_t tiles = options_.threads * 512 * (width + 256) * 4;
    return room_beside(k * width * 8 * 11 + seeding + tiles, "centres, sums and seeding");
  }

  void fit_until_stopped(Blocks& blocks) {
    try {
      options_.method == ClusterMethod::kMeanShift ? fit_mean_shift(blocks) : fit_k_means(blocks);
    } catch (Error& error) {
      if (error.code() != Code::kCancelled || options_.centers.empty() || model_.centres.empty()) throw;
      model_.finished = false;
      io::write_file(fs_, options_.centers, encode_model(model_));
      throw Error(Code::kCancelled, "stopped; the centres so far are in '" + options_.centers + "'")
          .hint("go on with: --from " + options_.centers);
    }
    progress_.end();
  }

  void fit_k_means(Blocks& blocks) {
    const bool mini_batch = options_.method == ClusterMethod::kMiniBatch;
    KMeansOptions fit{.k = options_.k,
                      .seed = options_.seed,
                      .n_init = options_.n_init,
                      .max_iterations = options_.max_iterations != 0 ? options_.max_iterations
                                        : mini_batch                 ? 100u
                                                                     : 300u,
                      .tolerance = options_.tolerance,
                      .mini_batch = mini_batch,
                      .batch = options_.batch,
                      .from = start_};
    progress_.begin(mini_batch ? "mini-batches" : "k-means", 0, mini_batch ? "batches" : "iterations");
    fit.on_step = [&](const KMeansStep& step) {
      model_.centres.assign(step.centres.begin(), step.centres.end());
      char detail[64];
      std::snprintf(detail, sizeof detail, "inertia %.6g", step.inertia);
      progress_.update(step.iteration, detail);
    };
    KMeansResult found = k_means(blocks, *algebra_, fit);
    model_.centres = std::move(found.centres);
    result_.iterations = found.iterations;
    result_.converged = found.converged;
    result_.history = std::move(found.history);
  }

  void fit_mean_shift(Blocks& blocks) {
    double bandwidth = options_.bandwidth;
    if (bandwidth == 0) {
      bandwidth = estimate_bandwidth(blocks, *algebra_, 0.3, 2000, options_.seed);
      if (bandwidth == 0)
        throw Error(Code::kUsage, "no bandwidth can be estimated: the rows are too few or all the same")
            .hint("--bandwidth, in units of the features");
    }
    result_.bandwidth = bandwidth;
    progress_.begin("mean shift", 0, "iterations");
    MeanShiftOptions fit{.bandwidth = bandwidth,
                         .kernel = options_.kernel,
                         .binned = options_.binned,
                         .max_iterations = options_.max_iterations != 0 ? options_.max_iterations : 300};
    size_t moving_last = 0;
    fit.on_step = [&](size_t iteration, size_t moving, size_t starts) {
      moving_last = moving;
      progress_.update(iteration, std::to_string(moving) + " of " + std::to_string(starts) + " still move");
    };
    MeanShiftResult found = mean_shift(blocks, *algebra_, fit);
    if (found.weights.empty())
      throw Error(Code::kUsage, "no row lies within the bandwidth of any start").hint("a wider --bandwidth");
    model_.centres = std::move(found.centres);
    result_.iterations = found.iterations;
    result_.converged = moving_last == 0;
  }

  void write_rows(Blocks& blocks, FeatureRows& features) {
    result_.clusters = model_.size();
    result_.sizes.assign(result_.clusters, 0);
    std::unique_ptr<io::TableWriter> table;
    if (!options_.out.empty())
      table = io::open_table(options_.out,
                             {{.name = "id", .dtype = DType::kI64},
                              {.name = "file", .text = true},
                              {.name = "cluster", .dtype = DType::kI64},
                              {.name = "distance"}},
                             fs_);
    progress_.begin("assigning", result_.rows, "rows");
    result_.inertia =
        assign_all(blocks, *algebra_, model_.centres,
                   [&](uint64_t first, std::span<const int32_t> labels, std::span<const float> distances2) {
                     for (const int32_t label : labels) ++result_.sizes[static_cast<size_t>(label)];
                     if (table) append(*table, features, first, labels, distances2);
                     progress_.update(first + labels.size());
                   });
    result_.empty = static_cast<size_t>(std::count(result_.sizes.begin(), result_.sizes.end(), 0u));
    if (table) table->finish();
    progress_.end();
  }

  static void append(io::TableWriter& table, FeatureRows& features, uint64_t first, std::span<const int32_t> labels,
                     std::span<const float> distances2) {
    // A few thousand rows at a time: names are strings.
    constexpr size_t kAtOnce = 4096;
    for (size_t at = 0; at < labels.size(); at += kAtOnce) {
      const size_t some = std::min(kAtOnce, labels.size() - at);
      std::vector<int64_t> ids, clusters(labels.begin() + static_cast<std::ptrdiff_t>(at),
                                         labels.begin() + static_cast<std::ptrdiff_t>(at + some));
      std::vector<std::string> files;
      std::vector<float> distances;
      for (io::FeatureName& name : features.names(first + at, some)) {
        ids.push_back(name.id);
        files.push_back(std::move(name.file));
      }
      for (size_t i = at; i < at + some; ++i) distances.push_back(std::sqrt(distances2[i]));
      table.append(0, ids);
      table.append(1, files);
      table.append(2, clusters);
      table.append(3, distances);
    }
  }

  ClusterOptions options_;
  io::FileSystem& fs_;
  Clock& clock_;
  NoProgress none_;
  ProgressSink& progress_;
  std::unique_ptr<Algebra> algebra_;
  ClusterModel model_;
  std::vector<float> start_;
  ClusterResult result_;
};

}  // namespace

ClusterResult cluster(const ClusterOptions& options) { return Clustering(options).run(); }

std::string_view name_of(ClusterMethod method) {
  switch (method) {
    case ClusterMethod::kKMeans: return "k-means";
    case ClusterMethod::kMiniBatch: return "mini-batch";
    case ClusterMethod::kMeanShift: return "mean-shift";
  }
  return "";
}

}  // namespace penstock::classic
