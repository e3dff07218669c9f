#include "engine/run/impl.h"

#include <algorithm>
#include <utility>

namespace penstock {
namespace {

// A slice's rows and bytes should fill a core's cache level 2 a few times over: large enough that handing it on (about
// 10 us) is lost, small enough that a batch makes work for all threads.
constexpr uint64_t kSliceTargetBytes = 4 << 20;
constexpr uint64_t kSliceBufferBytes = 4 << 20;

PlanOptions plan_options(const Source& source, const RunOptions& options) {
  return {.records = source.size(),
          .seed = options.seed,
          .order = options.order,
          .last = options.last,
          .batch = options.batch,
          .rank = options.rank,
          .ranks = options.ranks,
          .block = options.block,
          .group_blocks = options.group_blocks};
}

RunOptions with_defaults(RunOptions options) {
  if (!options.cores) options.cores = std::make_shared<Cores>();
  if (!options.budgets) options.budgets = std::make_shared<Budgets>();
  if (options.io_threads == 0) options.io_threads = 1;
  if (options.consumers == 0) options.consumers = 1;
  return options;
}

uint64_t largest_share(const RunOptions& options) { return (options.batch + options.ranks - 1) / options.ranks; }

size_t slice_records(const Graph& graph, const Source& source, const RunOptions& options) {
  uint64_t row =
      graph.slice_bytes_per_record() + source.max_record_bytes() / 4;  // a mean, roughly: sizes have long tails
  for (const Field& field : graph.output.fields()) row += field.slot_bytes();
  const uint64_t by_bytes = std::max<uint64_t>(1, kSliceTargetBytes / std::max<uint64_t>(1, row));
  const uint64_t by_threads = std::max<uint64_t>(1, largest_share(options) / (2 * options.cores->count()));
  return static_cast<size_t>(std::min(by_bytes, by_threads));
}

}  // namespace

Run::Impl::Impl(Graph graph, const Source& source, RunOptions options)
    : graph_(std::make_shared<const Graph>(std::move(graph))),
      source_(source),
      options_(with_defaults(std::move(options))),
      clock_(options_.clock != nullptr ? *options_.clock : Clock::system()),
      plan_(plan_options(source, options_)),
      brings_before_(options_.ranks > 1 && graph_->looks_before()),
      layout_(std::make_shared<const BatchLayout>(
          BatchLayout::of(graph_->output, largest_share(options_) + (brings_before_ ? 1 : 0)))),
      slice_plan_(*graph_),
      slice_records_(slice_records(*graph_, source, options_)),
      meter_(clock_, options_.cores->count()),
      output_(options_.consumers),
      workers_([this] { return Worker(*graph_, source_, reader_.get(), options_.seed, clock_); }),
      ordered_worker_(*graph_, source_, nullptr, options_.seed, clock_) {
  if (options_.ranks > 1) graph_->require_shares_alike();
  const uint64_t steps = plan_.steps_per_epoch();
  if (options_.step > steps)
    throw Error(Code::kUsage, "cannot begin at step " + std::to_string(options_.step) + ": an epoch has " +
                                  std::to_string(steps) + " steps");
  const uint64_t all =
      options_.epochs > UINT64_MAX / std::max<uint64_t>(1, steps) ? UINT64_MAX : steps * options_.epochs;
  total_batches_ = std::min(options_.steps, all - std::min(all, options_.step));
  const uint64_t busy_batches = (2 * options_.cores->count() * slice_records_ + options_.batch - 1) / options_.batch;
  batches_in_flight_ =
      options_.batches_in_flight != 0 ? options_.batches_in_flight : std::max<uint64_t>(3, 2 + busy_batches);
  fault_epoch_ = options_.epoch;
  refused_in_epoch_ = options_.faults.already;
  totals_.threads = options_.cores->count();
  totals_.stages.resize(graph_->stages.size());
  consumer_left_ns_ = meter_.start_ns();
  check_budget();
  if (total_batches_ > 0) start_reader();
  bound_batches_in_flight();

  executor_ = std::make_unique<Executor>(
      *options_.cores, [this](Slice& slice) { return work(slice); },
      [this](const std::shared_ptr<BatchBlock>& block) { deliver(block); });
  io_ = std::make_unique<IoPool>(options_.io_threads);
  if (!options_.hold) begin();
}

void Run::Impl::begin() {
  std::call_once(begun_, [this] {
    if (total_batches_ == 0) {
      meter_.admission_ended();
      output_.close();
    } else {
      if (reader_) reader_->begin();
      admission_ = std::thread([this] { admit(stop_source_.get_token()); });
    }
  });
}

Run::Impl::~Impl() {
  stop();
  if (admission_.joinable()) admission_.join();
  io_->stop();  // a slice that still runs may submit a replacement: it is queued and never served
  executor_.reset();
  io_.reset();
  reader_.reset();
  output_.clear();
}

/// Takes what the run needs as long as it lives, so that whatever else shares the budgets, it can always go on.
void Run::Impl::check_budget() {
  const unsigned threads = options_.cores->count();
  const uint64_t per_record = slice_plan_.column_bytes_per_record;
  cut_bytes_ = graph_->cut ? graph_->cut->most_bytes : 0;
  const uint64_t most_bytes = std::max(source_.max_record_bytes(), cut_bytes_);
  const uint64_t worst_slice = std::min(kSliceBufferBytes, slice_records_ * most_bytes);
  slice_bytes_ = worst_slice + slice_records_ * per_record;
  const uint64_t largest_record = most_bytes + per_record;
  const uint64_t slice_floor = std::max(slice_bytes_, largest_record);
  const uint64_t fixed = source_.resident_bytes() + graph_->resident_bytes() +
                         threads * (graph_->scratch_bytes() + slice_records_ * graph_->slice_bytes_per_record());
  const bool replaces =
      options_.faults.on_fault == OnFault::kReplace || (brings_before_ && options_.faults.on_fault == OnFault::kSkip);
  const auto floor_of = [](uint64_t bytes) { return Need::ram(bytes); };

  least_ = Need::of(options_.tier, layout_->bytes) + Need::ram(fixed + slice_floor + (replaces ? largest_record : 0));
  least_parts_ = "one batch " + std::to_string(layout_->bytes) + " B, one slice of encoded records " +
                 std::to_string(slice_floor) + " B, " +
                 (replaces ? "a record that replaces another " + std::to_string(largest_record) + " B, " : "") +
                 "index and decoders of " + std::to_string(threads) + " threads " + std::to_string(fixed) + " B";
  try {
    fixed_.emplace(*options_.budgets, Need::ram(fixed));
    batch_reserve_.emplace(*options_.budgets, Need::of(options_.tier, layout_->bytes));
    slice_reserve_.emplace(*options_.budgets, floor_of(slice_floor));
    if (replaces) replacement_reserve_.emplace(*options_.budgets, floor_of(largest_record));
  } catch (const Error& error) { throw too_small(error); }
}

/// The error of whoever could not have its share, with all that a run needs.
Error Run::Impl::too_small(const Error& error) const {
  const uint64_t reading = total_batches_ > 0 ? source_.least_bytes(journey()) : 0;
  const Need all = least_ + Need::ram(reading);
  std::string text = all.text();
  if (options_.tier == Tier::kRam) text = "budget.ram=" + std::to_string(all[Tier::kRam]) + "B (" + text + ")";
  if (options_.tier == Tier::kPinned)
    text = "budget.pinned=" + std::to_string(all[Tier::kPinned]) +
           "B, which a quarter of budget.ram is where it is not given, and " + std::to_string(all[Tier::kRam]) +
           "B beside it (" + text + ")";
  return Error(Code::kMemory, "the budget is too small to run: " + error.message())
      .hint("the least for this graph, batch and thread count is " + text + ": " + least_parts_ +
            (reading > 0 ? ", the window that records are read into " + std::to_string(reading) + " B" : "") +
            "; raise [budget] or lower data.batch or --threads");
}

/// After everything that is held for the whole run has its share.
void Run::Impl::bound_batches_in_flight() {
  const unsigned threads = options_.cores->count();
  if (const uint64_t limit = options_.budgets->limit(options_.tier); limit != 0 && layout_->bytes > 0) {
    const uint64_t rest = limit - std::min(limit, options_.budgets->used(options_.tier));
    batches_in_flight_ = std::min(batches_in_flight_, 1 + rest / layout_->bytes);
  }
  batch_pool_.emplace(*options_.budgets, batches_in_flight_, options_.make_batch);
  replacement_pool_.emplace(*options_.budgets, 0);
  slice_pool_.emplace(*options_.budgets, 2 * threads + options_.io_threads);
}

Journey Run::Impl::journey() const {
  return {.plan = &plan_,
          .epoch = options_.epoch,
          .step = options_.step,
          .batches = total_batches_,
          .by_storage = options_.by_storage,
          .cut = graph_->cut ? graph_->cut->canonical : "",
          .cut_stage = graph_->cut ? graph_->cut->stage : "",
          .cut_bytes = cut_bytes_,
          .again = options_.again};
}

void Run::Impl::start_reader() {
  try {
    reader_ = source_.start(journey(), *options_.budgets);
    unpacks_ = reader_ != nullptr && source_.waits() && !source_.unpacks().empty();
  } catch (const Error& error) {
    if (error.code() != Code::kMemory) throw;
    throw too_small(error);
  }
}

/// Of the plan's order, which counts places, what the run gives out: ids.
void Run::Impl::to_ids(std::span<uint64_t> places) const {
  if (options_.by_storage && options_.order != Order::kFull) source_.ids_at(places);
}

/// Called under the output's lock by a consumer that waits: whether it waits for room that only it can give back. Exact,
/// since a batch that anything else still refers to is in flight but not held.
bool Run::Impl::stuck() const {
  const std::lock_guard lock(room_->mutex);
  return options_.consumers == 1 && room_->waits_for_place && room_->making == 0 && room_->held >= batches_in_flight_ &&
         room_->held == room_->in_flight;
}

Batch Run::Impl::next(size_t consumer) {
  begin();
  const int64_t asked = clock_.now_ns();
  Batch batch = output_.pop(consumer, [&] { return stuck(); });
  if (consumer != 0) return batch;
  const int64_t got = clock_.now_ns();
  if (batch) meter_.batch_taken();
  const std::lock_guard lock(totals_mutex_);
  consumer_busy_ += static_cast<double>(asked - consumer_left_ns_) * 1e-9;
  consumer_left_ns_ = got;
  if (!batch) return batch;
  consumer_wait_ += static_cast<double>(got - asked) * 1e-9;
  totals_.batch_wait.add(got - asked);
  totals_.seconds = static_cast<double>(got - meter_.start_ns()) * 1e-9;
  if (totals_.batches == 0) totals_.first_batch_seconds = totals_.seconds;
  totals_.records += batch.size();
  ++totals_.batches;
  return batch;
}

/// Under the room's lock, so that whoever waits there cannot miss it.
void Run::Impl::set_stopping() noexcept {
  const std::lock_guard lock(room_->mutex);
  stopping_ = true;
}

void Run::Impl::stop() noexcept {
  set_stopping();
  stop_source_.request_stop();
  stop_reading();
  room_->changed.notify_all();
  output_.fail(std::make_exception_ptr(Error(Code::kCancelled, "the run was stopped")));
}

void Run::Impl::fail(std::exception_ptr error) {
  output_.fail(std::move(error));  // before the stop, whose own error must not come first
  set_stopping();
  stop_source_.request_stop();
  stop_reading();
  room_->changed.notify_all();
}

void Run::Impl::stop_reading() noexcept {
  if (reader_) reader_->stop();
}

void Run::Impl::wait() {
  if (admission_.joinable()) admission_.join();
  std::unique_lock lock(room_->mutex);
  room_->changed.wait(lock, [&] { return room_->making == 0 || stopping_; });
  lock.unlock();
  executor_->wait();
}

Report Run::Impl::report() const {
  const Meter::Sums sums = meter_.sums();
  const std::lock_guard lock(totals_mutex_);
  Report report = totals_;
  report.peak_budget_bytes = options_.budgets->peak(Tier::kRam) + options_.budgets->peak(Tier::kPinned);
  if (reader_) report.tiers = reader_->tiers();
  report.mean_batches_ready = sums.ready_mean;
  for (size_t s = 0; s < report.stages.size(); ++s) {
    StageReport& stage = report.stages[s];
    stage.name = graph_->stages[s].id;
    const bool ordered = graph_->stages[s].kind == StageKind::kBatch;
    stage.threads = ordered ? 1 : report.threads;
    stage.starved_seconds = ordered ? std::max(0.0, sums.elapsed - stage.busy_seconds) : sums.starved;
    stage.blocked_seconds = ordered ? 0 : sums.blocked;
  }
  StageReport read;
  read.name = "read";
  read.busy_seconds = sums.read_busy;
  read.blocked_seconds = sums.room;
  read.records = report.records;
  read.threads = options_.io_threads;
  if (unpacks_) {
    report.stages.insert(report.stages.begin(), {.name = std::string(source_.unpacks()),
                                                 .busy_seconds = static_cast<double>(unpack_ns_) * 1e-9,
                                                 .starved_seconds = sums.starved,
                                                 .blocked_seconds = sums.blocked,
                                                 .records = report.records,
                                                 .threads = report.threads});
  }
  report.stages.insert(report.stages.begin(), std::move(read));
  StageReport consumer;
  consumer.name = "consumer";
  consumer.busy_seconds = consumer_busy_;
  consumer.starved_seconds = consumer_wait_;
  consumer.records = report.records;
  consumer.threads = 1;
  report.stages.push_back(std::move(consumer));
  return report;
}

Run::Run(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Run::Run(Run&&) noexcept = default;
Run& Run::operator=(Run&&) noexcept = default;
Run::~Run() = default;

Run Run::start(Graph graph, const Source& source, RunOptions options) {
  return Run(std::make_shared<Impl>(std::move(graph), source, std::move(options)));
}
Batch Run::next(size_t consumer) { return impl_->next(consumer); }
void Run::stop() noexcept { impl_->stop(); }
void Run::wait() { impl_->wait(); }
Report Run::report() const { return impl_->report(); }
const EpochPlan& Run::plan() const { return impl_->plan(); }
uint64_t Run::most_batches() const { return impl_->most_batches(); }
const Graph& Run::graph() const { return impl_->graph(); }

}  // namespace penstock
