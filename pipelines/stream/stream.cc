#include "pipelines/stream/stream.h"

#include <sys/resource.h>

#include <algorithm>
#include <numeric>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/read/disk.h"
#include "pipelines/job/job.h"
#include "pipelines/recipe/phases.h"
#include "pipelines/stream/accelerator.h"
#include "pipelines/stream/digest.h"
#include "pipelines/stream/timeline.h"

namespace penstock {
namespace {

constexpr size_t kMostRejections = 100;
constexpr double kSampleSeconds = 0.1;  // of the time line

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

rusage usage() {
  rusage use = {};
  getrusage(RUSAGE_SELF, &use);
  return use;
}

double cpu_seconds() {
  const rusage use = usage();
  return seconds_of(use.ru_utime) + seconds_of(use.ru_stime);
}

/// Takes the batches of all segments.
class Streamer {
 public:
  Streamer(const io::Storage& data, const StreamOptions& options, ProgressSink& progress, std::stop_token stop)
      : data_(data), options_(options), progress_(progress), stop_(std::move(stop)), left_(options.steps) {
    if (options.accelerator) accelerator_.emplace(*options.accelerator, Clock::system());
    if (!options.timeline_file.empty()) timeline_.emplace(options.timeline_title);
    if (!options.digest_file.empty()) digest_.emplace(io::FileSystem::real(), options.digest_file);
  }

  void run(const Segment& segment) {
    if (left_ == 0 || result_.stopped) return;
    RunOptions run_with = run_options(segment.recipe, options_.view, data_.size());
    run_with.epoch = segment.epoch;
    run_with.step = segment.step;
    run_with.epochs = segment.epochs;
    run_with.steps = left_;
    run_with.cores = options_.cores;
    run_with.budgets = options_.budgets;
    run_with.trace = options_.trace;
    Run run = Run::start(bind_graph(segment.recipe, data_, options_.view), data_, run_with);
    const std::stop_callback on_stop(stop_, [&run] { run.stop(); });
    if (timeline_) sample(run, segment.epoch);
    try {
      while (take_next(run)) {}
    } catch (const Error& error) {
      if (error.code() != Code::kCancelled || !stop_.stop_requested()) throw;
      result_.stopped = true;
    }
    if (timeline_) sample(run, epoch_);
    add_report(result_.report, run.report());
  }

  StreamResult finish(double began_seconds) {
    if (accelerator_) {
      accelerator_->finish();
      const double now = Clock::system().now_seconds(), seconds = now - began_seconds;
      const std::vector<double> busy = accelerator_->busy_seconds();
      const double mean = std::accumulate(busy.begin(), busy.end(), 0.0) / static_cast<double>(busy.size());
      result_.accelerator_utilisation = seconds > 0 ? mean / seconds : 0;
      for (const double lane : busy) result_.lane_busy.push_back(fed_since_ > 0 ? lane / (now - fed_since_) : 0);
      result_.model = model_step(*options_.accelerator, accelerator_->largest_batch_bytes());
    }
    if (digest_ && !result_.stopped) digest_->commit();
    if (timeline_) timeline_->finish(options_.timeline_file, io::FileSystem::real());
    return std::move(result_);
  }

 private:
  bool take_next(Run& run) {
    Clock& clock = Clock::system();
    const int64_t asked = clock.now_ns();
    const Batch batch = run.next();
    if (!batch) return false;
    result_.report.batch_wait.add(clock.now_ns() - asked);
    epoch_ = batch.epoch();
    take(batch);
    if (timeline_ && clock.now_seconds() - sampled_ >= kSampleSeconds) sample(run, epoch_);
    return true;
  }

  void sample(const Run& run, uint64_t epoch) {
    sampled_ = Clock::system().now_seconds();
    const Report report = run.report();
    timeline_->add(sampled_ - began_, epoch, report.records, report.tiers);
  }

  void take(const Batch& batch) {
    --left_;
    if (digest_) digest_->write(digest_line(batch) + "\n");
    if (accelerator_) {
      if (fed_since_ == 0) fed_since_ = Clock::system().now_seconds();
      accelerator_->feed(batch);
    }
    for (const Rejection& rejection : batch.rejections()) {
      if (result_.rejections.size() < kMostRejections) result_.rejections.push_back(rejection);
    }
    progress_.update(taken_ += batch.size());
  }

  const io::Storage& data_;
  const StreamOptions& options_;
  ProgressSink& progress_;
  std::stop_token stop_;
  uint64_t left_;
  uint64_t taken_ = 0;
  std::optional<Accelerator> accelerator_;
  std::optional<io::AtomicFile> digest_;
  std::optional<pipelines::Timeline> timeline_;
  double began_ = Clock::system().now_seconds(), sampled_ = 0;
  double fed_since_ = 0;  ///< 0: no batch came yet
  uint64_t epoch_ = 0;
  StreamResult result_;
};

uint64_t records_ahead(const std::vector<Segment>& segments, const StreamOptions& options, uint64_t records) {
  uint64_t sum = 0, steps_left = options.steps;
  for (const Segment& segment : segments) {
    const uint64_t batch = segment.recipe.data.batch;
    const uint64_t per_epoch = steps_per_epoch(segment.recipe, options.view, records);
    const uint64_t steps = std::min(steps_left, segment.epochs * per_epoch - segment.step);
    const bool whole = steps == segment.epochs * per_epoch && segment.step == 0;
    sum += whole ? segment.epochs * std::min(per_epoch * batch, records)
                 : std::min(steps * batch, segment.epochs * records);
    steps_left -= steps;
  }
  return sum;
}

}  // namespace

void add_report(Report& sum, const Report& part) {
  if (sum.batches == 0) sum.first_batch_seconds = sum.seconds + part.first_batch_seconds;
  sum.seconds += part.seconds;
  sum.records += part.records;
  sum.batches += part.batches;
  sum.rejected += part.rejected;
  sum.replaced += part.replaced;
  sum.bytes_read += part.bytes_read;
  sum.peak_budget_bytes = std::max(sum.peak_budget_bytes, part.peak_budget_bytes);
  sum.threads = part.threads;
  sum.mean_batches_ready = part.mean_batches_ready;
  add_tiers(sum.tiers, part.tiers);
  for (const StageReport& stage : part.stages) {
    const auto same =
        std::find_if(sum.stages.begin(), sum.stages.end(), [&](const StageReport& s) { return s.name == stage.name; });
    if (same == sum.stages.end()) {
      sum.stages.push_back(stage);
      continue;
    }
    same->busy_seconds += stage.busy_seconds;
    same->starved_seconds += stage.starved_seconds;
    same->blocked_seconds += stage.blocked_seconds;
    same->records += stage.records;
  }
}

StreamResult stream(const pipelines::Recipe& given, const io::Dataset& data, const StreamOptions& options,
                    ProgressSink& progress, std::stop_token stop) {
  const pipelines::Recipe recipe = fitted(given, data);
  // A phase that does not bind is said now, not when its epoch comes.
  for (const uint64_t boundary : pipelines::phase_boundaries(recipe)) {
    bind_graph(pipelines::phase_view(recipe, boundary), data, options.view);
  }
  const auto [epoch, step] = locate_step(recipe, options.view, data.size(), options.from);
  const std::vector<Segment> segments = segments_of(recipe, epoch, step, options.epochs);
  const double cpu_before = cpu_seconds();
  const double began = Clock::system().now_seconds();
  progress.begin("streaming", records_ahead(segments, options, data.size()), "records");
  io::Storage storage(data, storage_options(recipe, options.epochs));
  Streamer streamer(storage, options, progress, std::move(stop));
  for (const Segment& segment : segments) streamer.run(segment);
  StreamResult result = streamer.finish(began);
  storage.flush();
  result.notes = storage.notes();
  progress.end();
  result.cpu_seconds = cpu_seconds() - cpu_before;
  result.peak_rss_bytes = static_cast<uint64_t>(usage().ru_maxrss) * 1024;
  const uint64_t read = result.report.records + result.report.rejected;
  result.tiers = result.report.tiers;
  if (result.tiers.empty()) {
    const bool on_hdd = io::disk_of(io::FileSystem::real(), data.path()).kind == io::DiskKind::kHdd;
    result.tiers.push_back({.name = std::string(name_of(on_hdd ? Tier::kHdd : Tier::kSsd)),
                            .hits = read,
                            .bytes_needed = result.report.bytes_read,
                            .bytes_read = result.report.bytes_read});
  }
  return result;
}

}  // namespace penstock
