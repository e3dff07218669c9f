#include "pipelines/train/lanes.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

#include "engine/base/error.h"
#include "engine/device/devices.h"
#include "engine/device/joined_collective.h"
#include "stages/learn/device_collective.h"

namespace penstock::train {

namespace {

/// Whatever options stand behind its number.
void require_each_gpu_once(const std::vector<std::string>& devices) {
  std::vector<uint32_t> seen;
  for (const std::string& device : devices) {
    const DeviceSpec spec = parse_device_spec(device);
    if (spec.kind != "cuda") continue;
    if (std::ranges::find(seen, spec.index) != seen.end())
      throw Error(Code::kUsage, "lanes.devices names 'cuda:" + std::to_string(spec.index) + "' twice")
          .hint("one lane is as many as a GPU serves");
    seen.push_back(spec.index);
  }
}

}  // namespace

Lanes::Lanes(const LanesOptions& options, Together together, Clock& clock) : together_(together), held_{options.held} {
  PENSTOCK_CHECK(!options.devices.empty());
  const auto here = static_cast<uint32_t>(options.devices.size());
  require_each_gpu_once(options.devices);
  together_.require_same("number of lanes", std::to_string(here), "give each machine as many lanes.devices");
  const bool joined = options.trains && (here > 1 || together_.size() > 1);
  if (here > 1 || joined) {
    gradients_ = std::make_unique<InProcessGroup>(here);
    counts_ = std::make_unique<InProcessGroup>(here);
  }
  const auto collective = [&](InProcessGroup& group, uint32_t lane) -> std::unique_ptr<Collective> {
    std::unique_ptr<Collective> beyond;
    if (lane == 0 && together_.size() > 1) beyond = together_.group()->make_collective();
    return join_collectives(group.rank(lane), std::move(beyond), together_.rank(), together_.size());
  };
  size_t gpus = 0;
  together_.require_none(failure_of([&] {  // one machine's device or memory may fail
    for (uint32_t lane = 0; lane < here; ++lane) {
      learn::LearnerConfig config = options.learner;
      config.lane = together_.rank() * here + lane;
      lanes_.push_back(std::make_unique<Lane>(options.devices[lane], std::move(config), clock,
                                              lane > 0 ? lanes_.front().get() : nullptr));
      if (held_.pictures || options.decoding)
        lanes_.back()->feed_from(held_.pictures.get(), lane, options.held_bytes, options.decoding);
      if (lanes_.back()->learner().config().device != nullptr) ++gpus;
      if (lane > 0) workers_.push_back(std::make_unique<LaneThread>());
    }
  }));
  if (options.trains) afford_rows_ahead(options);
  if (compute_elsewhere()) blocks_ = std::make_shared<HostBlocks>(lanes_.front()->device());
  if (!joined) return;
  const bool mixed = gpus > 0 && gpus < here;
  const char* const kind = mixed ? "mixed" : gpus > 0 ? "GPUs" : compute_elsewhere() ? "simulated GPUs" : "CPUs";
  together_.require_same("kind of lanes", kind,
                         "NCCL sums between GPUs alone, MPI between CPUs: give all machines the same kind");
  if (mixed)
    throw Error(Code::kUsage, "lanes.devices mixes GPUs and CPUs (" + device() + "): their gradients cannot be summed")
        .hint("name GPUs alone, or CPUs alone");
  // Collectives of processes are made one after the other, in the same order everywhere; NCCL's by all lanes at once.
  std::vector<std::unique_ptr<Collective>> gradients(here), counts(here);
  for (uint32_t lane = 0; lane < here; ++lane) {
    gradients[lane] = collective(*gradients_, lane);
    counts[lane] = collective(*counts_, lane);
  }
  std::vector<std::function<void(const std::string&)>> aborts(here);
  in_all([&](size_t lane) {
    if (gpus > 0) {
      learn::GpuCollective group =
          learn::make_gpu_collective(lanes_[lane]->device(), *counts[lane], options.timeout_seconds);
      gradients[lane] = std::move(group.collective);
      aborts[lane] = std::move(group.abort);
      if (lane == 0 && !group.unequal.empty())
        note_ += (note_.empty() ? "" : "; ") + std::string("the GPUs are not alike, and the slowest sets the pace: ") +
                 group.unequal;
    }
    lanes_[lane]->learner().join({.gradients = std::move(gradients[lane]),
                                  .counts = std::move(counts[lane]),
                                  .global_batch = options.global_batch,
                                  .bucket_bytes = options.bucket_bytes,
                                  .sync_batch_norm = options.sync_batch_norm});
  });
  aborts_ = std::move(aborts);
}

// Bucket threads of lanes whose others do not come any more are let go before the learners wait for them.
Lanes::~Lanes() {
  workers_.clear();
  if (gradients_) abort("the lanes end");
  for (const auto& lane : lanes_) lane->stop_feeding();
}

void Lanes::abort(const std::string& why) {
  gradients_->abort(why);
  counts_->abort(why);
  for (const auto& abort : aborts_)
    if (abort) abort(why);
}

template <class Work>
void Lanes::in_all(Work&& work) {
  std::vector<std::exception_ptr> failures(lanes_.size());
  const auto guarded = [&](size_t lane) {
    try {
      work(lane);
    } catch (const std::exception& error) {
      failures[lane] = std::current_exception();
      if (!gradients_) return;
      const std::string why = "lane " + std::to_string(lane) + " failed: " + error.what();
      abort(why);
    }
  };
  for (size_t lane = 1; lane < lanes_.size(); ++lane) workers_[lane - 1]->start([&guarded, lane] { guarded(lane); });
  guarded(0);
  for (const auto& worker : workers_) worker->wait();
  // The one that failed by itself tells more than those that were stopped by it.
  std::exception_ptr first;
  for (const std::exception_ptr& failure : failures) {
    if (!failure) continue;
    try {
      std::rethrow_exception(failure);
    } catch (const Error& error) {
      if (error.code() != Code::kCancelled) std::rethrow_exception(failure);
    } catch (...) { std::rethrow_exception(failure); }
    if (!first) first = failure;
  }
  if (first) std::rethrow_exception(first);
}

Lanes::Part Lanes::part(const Batch& batch, size_t lane) const {
  const auto n = static_cast<int64_t>(batch.size()), lanes = static_cast<int64_t>(lanes_.size());
  const auto l = static_cast<int64_t>(lane);
  return {n * l / lanes, n * (l + 1) / lanes - n * l / lanes};
}

void Lanes::start_alike() {
  if (counts_) in_all([this](size_t lane) { lanes_[lane]->learner().share_weights(learn::Shared::kAll); });
}

void Lanes::before_evaluation() {
  if (counts_) in_all([this](size_t lane) { lanes_[lane]->learner().share_weights(learn::Shared::kBuffers); });
}

void Lanes::load(std::span<const std::byte> state, const std::string& origin) {
  in_all([&](size_t lane) { lanes_[lane]->learner().load(state, origin); });
}

void Lanes::load_weights(std::span<const std::byte> state, const std::string& origin) {
  in_all([&](size_t lane) { lanes_[lane]->learner().load_weights(state, origin); });
}

void Lanes::feed_from(RunOptions& options) const {
  if (!blocks_) return;
  options.tier = Tier::kPinned;
  options.make_batch = [blocks = blocks_](uint64_t bytes) { return blocks->make(bytes); };
}

void Lanes::follow(const device::FeedView* view) {
  for (const auto& lane : lanes_) lane->follow(view);
}

// Queues copies and waits for none but a free place: no work for the lanes' threads.
void Lanes::prepare(const Batch& batch) {
  for (size_t lane = 0; lane < lanes_.size(); ++lane) {
    const Part mine = part(batch, lane);
    lanes_[lane]->prepare(batch, mine.first, mine.count);
  }
}

size_t Lanes::worth_preparing() const {
  size_t least = SIZE_MAX;
  for (const auto& lane : lanes_) least = std::min(least, lane->worth_preparing());
  return least;
}

void Lanes::forget_prepared() {
  for (const auto& lane : lanes_) lane->forget_prepared();
}

void Lanes::begin_step(const Batch& batch) {
  in_all([&](size_t lane) {
    const Part mine = part(batch, lane);
    lanes_[lane]->begin_step(batch, mine.first, mine.count);
  });
}

bool Lanes::compute_elsewhere() const {
  return std::ranges::none_of(lanes_, [](const auto& lane) { return lane->is_cpu(); });
}

bool Lanes::done() const {
  return std::ranges::all_of(lanes_, [](const auto& lane) { return lane->done(); });
}

learn::StepResult Lanes::end_step() {
  std::vector<learn::StepResult> results(lanes_.size());
  in_all([&](size_t lane) { results[lane] = lanes_[lane]->end_step(); });
  return results.front();
}

/// Work that is no call of all lanes: those without a record are left out.
template <class Work>
void Lanes::with_records(const Batch& batch, Work&& work) {
  in_all([&](size_t lane) {
    const Part mine = part(batch, lane);
    if (mine.count > 0) work(lane, mine);
  });
}

metrics::ClassificationSums Lanes::evaluate(const Batch& batch) {
  std::vector<metrics::ClassificationSums> sums(lanes_.size());
  with_records(batch,
               [&](size_t lane, Part mine) { sums[lane] = lanes_[lane]->evaluate(batch, mine.first, mine.count); });
  for (size_t lane = 1; lane < sums.size(); ++lane) sums.front() += sums[lane];
  return sums.front();
}

learn::Rows Lanes::infer(const Batch& batch, const std::string& layer) {
  std::vector<learn::Rows> rows(lanes_.size());
  with_records(batch,
               [&](size_t lane, Part mine) { rows[lane] = lanes_[lane]->infer(batch, mine.first, mine.count, layer); });
  learn::Rows all;
  for (learn::Rows& part : rows) {
    if (part.shape.empty()) continue;
    if (all.shape.empty()) {
      all = std::move(part);
      continue;
    }
    all.shape[0] += part.shape[0];
    all.values.insert(all.values.end(), part.values.begin(), part.values.end());
  }
  return all;
}

std::string Lanes::device() const {
  std::string names;
  for (const auto& lane : lanes_) names += (names.empty() ? "" : ", ") + std::string(lane->name());
  return names;
}

double Lanes::utilisation(double seconds) const {
  double sum = 0;
  for (const auto& lane : lanes_) sum += lane->utilisation(seconds);
  return sum / static_cast<double>(lanes_.size());
}

}  // namespace penstock::train
