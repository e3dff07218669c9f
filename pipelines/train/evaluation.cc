#include "pipelines/train/evaluation.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "pipelines/train/one_ahead.h"

namespace penstock::train {
namespace {

// Batches that a pass beside the first one holds: the one in work and the next.
constexpr uint64_t kAugmentedInFlight = 2;
// Batches after which the processes ask one another whether all go on.
constexpr uint64_t kAskedEvery = 8;

/// Log-probabilities averaged over views: what sums and ranks are taken of.
learn::Rows mean_over_views(Lanes& lanes, const Batch& batch, std::vector<Run>& views) {
  learn::Rows mean = lanes.infer(batch);
  const auto classes = static_cast<size_t>(mean.shape.back());
  to_probabilities(mean.values, classes);
  for (Run& view : views) {
    const Batch other = view.next();
    PENSTOCK_CHECK(other && std::ranges::equal(other.ids(), batch.ids()));
    learn::Rows rows = lanes.infer(other);
    to_probabilities(rows.values, classes);
    for (size_t i = 0; i < mean.values.size(); ++i) mean.values[i] += rows.values[i];
  }
  const float share = 1.0f / static_cast<float>(views.size() + 1);
  for (float& value : mean.values) value = std::log(std::max(value * share, 1e-30f));
  return mean;
}

}  // namespace

void to_probabilities(std::span<float> values, size_t classes) {
  for (size_t begin = 0; begin + classes <= values.size(); begin += classes) {
    const std::span<float> row = values.subspan(begin, classes);
    const float highest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (float& value : row) {
      value = std::exp(value - highest);
      sum += value;
    }
    for (float& value : row) value = static_cast<float>(value / sum);
  }
}

void to_predictions(std::span<float> values, size_t width, const learn::LearnerConfig& config) {
  if (config.task == Task::kClasses) {
    to_probabilities(values, width);
    return;
  }
  for (float& value : values)
    value = static_cast<float>(config.task == Task::kBinary ? 1 / (1 + std::exp(-static_cast<double>(value)))
                                                            : config.transform.invert(value));
}

namespace {

/// One pass over this process's share of the records.
class Pass {
 public:
  Pass(Lanes& lanes, const Graph& graph, const Source& source, EvaluationOptions options)
      : lanes_(lanes), options_(std::move(options)) {
    options_.run.order = Order::kSequential;
    options_.run.last = Last::kKeep;
    options_.run.epochs = 1;
    options_.run.epoch = 0;
    options_.run.step = 0;
    lanes.feed_from(options_.run);
    const learn::LearnerConfig& learner = lanes.learner().config();
    if (options_.confusion) confusion.emplace(learner.net.classes);
    if (nets::is_table_net(learner.net.arch)) rows.emplace(learner.task, learner.transform, learner.loss);
    options_.run.hold =
        options_.augmented != nullptr && options_.draws > 0;  // the passes share a budget: all reserve first
    run_.emplace(lanes.start(graph, source, options_.run));
    for (uint64_t draw = 0; options_.augmented != nullptr && draw < options_.draws; ++draw) {
      RunOptions view = options_.run;
      view.epoch = draw;  // draws are keyed by it; the order is the same
      view.batches_in_flight = kAugmentedInFlight;
      views_.push_back(lanes.start(*options_.augmented, source, view));
    }
    batches_.emplace(*run_, lanes, views_.empty());
  }

  /// Takes a batch; false where there is none any more.
  bool take() {
    const Batch batch = batches_->next();
    if (!batch) return false;
    if (batch.size() > 0) count(batch);
    if (options_.progress) options_.progress(static_cast<uint64_t>(rows ? rows->records() : sums.records));
    return true;
  }
  Report report() const { return run_->report(); }

  metrics::ClassificationSums sums;
  std::optional<metrics::TaskSums> rows;  ///< where the network takes rows: in the place of sums
  std::optional<metrics::ConfusionMatrix> confusion;

 private:
  void count(const Batch& batch) {
    if (rows && rows->task() != Task::kClasses)
      count_targets(batch);
    else
      count_labels(batch);
  }

  void count_targets(const Batch& batch) {
    const std::span<const float> targets = batch[lanes_.learner().config().target_field].as<float>();
    if (const auto none = std::ranges::find_if(targets, [](float x) { return std::isnan(x); }); none != targets.end())
      throw Error(Code::kUsage, "record " + std::to_string(batch.ids()[static_cast<size_t>(none - targets.begin())]) +
                                    " has no target, and evaluation needs one for each")
          .hint("leave such rows out, or use infer");
    const learn::Rows outputs = lanes_.infer(batch);
    rows->add(outputs.values, targets);
    if (options_.take) options_.take(batch.ids(), targets, outputs.values);
  }

  void count_labels(const Batch& batch) {
    const std::span<const int64_t> labels = batch[lanes_.learner().config().label_field].as<int64_t>();
    if (const auto none = std::ranges::find_if(labels, [](int64_t l) { return l < 0; }); none != labels.end())
      throw Error(Code::kUsage, "record " + std::to_string(batch.ids()[static_cast<size_t>(none - labels.begin())]) +
                                    " has no label, and evaluation needs one for each")
          .hint("give --labels FILE.csv for a flat folder, or use infer");
    if (rows) {
      const learn::Rows logits = lanes_.infer(batch);
      rows->add(logits.values, labels);
      if (confusion) confusion->add(logits.values, labels);
      if (options_.take) options_.take(batch.ids(), std::vector<float>(labels.begin(), labels.end()), logits.values);
      return;
    }
    if (views_.empty() && !confusion) {
      sums += lanes_.evaluate(batch);
      return;
    }
    const learn::Rows rows = mean_over_views(lanes_, batch, views_);
    sums.add(rows.values, labels);
    if (confusion) confusion->add(rows.values, labels);
  }

  Lanes& lanes_;
  EvaluationOptions options_;
  std::optional<Run> run_;
  std::optional<OneAhead> batches_;
  std::vector<Run> views_;
};

void add_up(Together& together, metrics::ClassificationSums& sums) {
  if (together.size() == 1) return;
  std::vector<double> values = {static_cast<double>(sums.records), sums.loss, static_cast<double>(sums.top1),
                                static_cast<double>(sums.top5)};
  together.sum(values);
  sums = {.records = static_cast<int64_t>(values[0]),
          .loss = values[1],
          .top1 = static_cast<int64_t>(values[2]),
          .top5 = static_cast<int64_t>(values[3])};
}

/// Of all processes: the root adds them up, for it takes every score to rank them.
void figures_of(Together& together, metrics::TaskSums& rows, Evaluation& out) {
  if (together.size() > 1) {
    const std::vector<std::string> shares = together.gather(rows.to_bytes());
    for (size_t other = 1; other < shares.size(); ++other) rows.add_bytes(shares[other]);
  }
  std::vector<double> values = {static_cast<double>(rows.records()), rows.mean_loss()};
  out.figures = rows.figures();
  for (const metrics::Figure& figure : out.figures) values.push_back(figure.value);
  if (together.size() > 1) {
    if (!together.is_root()) std::ranges::fill(values, 0.0);
    together.sum(values);
  }
  out.sums = {.records = static_cast<int64_t>(values[0]), .loss = values[0] * values[1]};
  for (size_t i = 0; i < out.figures.size(); ++i) out.figures[i].value = values[i + 2];
}

void add_up(Together& together, metrics::ConfusionMatrix& confusion) {
  std::vector<double> counts;
  for (int64_t truth = 0; truth < confusion.classes(); ++truth)
    for (int64_t taken = 0; taken < confusion.classes(); ++taken)
      counts.push_back(static_cast<double>(confusion.count(truth, taken)));
  together.sum(counts);
  confusion = metrics::ConfusionMatrix(confusion.classes(), {counts.begin(), counts.end()});
}

}  // namespace

// All processes take as many batches (their shares of each may be empty), so all ask after the same ones; one that stops or fails asks
// before, and its answer ends the pass in all.
Evaluation evaluate(Lanes& lanes, const Graph& graph, const Source& source, EvaluationOptions options) {
  lanes.before_evaluation();
  Together& together = lanes.together();
  const std::stop_token stop = options.stop;
  std::optional<Pass> pass;
  std::optional<Error> failure = failure_of([&] { pass.emplace(lanes, graph, source, std::move(options)); });
  Evaluation out;
  for (uint64_t batches = 1;; ++batches) {
    bool more = false;
    if (!failure) failure = failure_of([&] { more = pass->take(); });
    const bool stopped = more && stop.stop_requested();
    if (more && !stopped && batches % kAskedEvery != 0) continue;
    const std::vector<bool> signs = together.any({failure.has_value(), stopped});
    if (signs[0]) together.require_none(failure);
    out.stopped = signs[1];
    if (out.stopped || !more) break;
  }
  out.sums = pass->sums;
  out.confusion = std::move(pass->confusion);
  out.report = pass->report();
  if (pass->rows)
    figures_of(together, *pass->rows, out);
  else
    add_up(together, out.sums);
  together.add_up(out.report);
  if (out.confusion && together.size() > 1) add_up(together, *out.confusion);
  return out;
}

}  // namespace penstock::train
