#include "pipelines/train/evaluation.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/error.h"

namespace penstock::train {
namespace {

// Batches that a pass beside the first one holds: the one in work and the next.
constexpr uint64_t kAugmentedInFlight = 2;

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

namespace {

/// This process's share of the records.
Evaluation evaluate_share(Lanes& lanes, const Graph& graph, const Source& source, EvaluationOptions options) {
  Evaluation out;
  options.run.order = Order::kSequential;
  options.run.last = Last::kKeep;
  options.run.epochs = 1;
  options.run.epoch = 0;
  options.run.step = 0;
  lanes.feed_from(options.run);
  if (options.confusion) out.confusion.emplace(lanes.learner().config().net.classes);
  options.run.hold = options.augmented != nullptr && options.draws > 0;  // the passes share a budget: all reserve first
  Run run = Run::start(graph, source, options.run);
  std::vector<Run> views;
  for (uint64_t draw = 0; options.augmented != nullptr && draw < options.draws; ++draw) {
    RunOptions view = options.run;
    view.epoch = draw;  // draws are keyed by it; the order is the same
    view.batches_in_flight = kAugmentedInFlight;
    views.push_back(Run::start(*options.augmented, source, view));
  }
  for (;;) {
    const Batch batch = run.next();
    if (!batch) break;
    if (options.stop.stop_requested()) {
      out.stopped = true;
      break;
    }
    if (batch.size() == 0) continue;
    const std::span<const int64_t> labels = batch[lanes.learner().config().label_field].as<int64_t>();
    if (const auto none = std::ranges::find_if(labels, [](int64_t l) { return l < 0; }); none != labels.end())
      throw Error(Code::kUsage, "record " + std::to_string(batch.ids()[static_cast<size_t>(none - labels.begin())]) +
                                    " has no label, and evaluation needs one for each")
          .hint("give --labels FILE.csv for a flat folder, or use infer");
    if (views.empty() && !out.confusion) {
      out.sums += lanes.evaluate(batch);
    } else {
      const learn::Rows rows = mean_over_views(lanes, batch, views);
      out.sums.add(rows.values, labels);
      if (out.confusion) out.confusion->add(rows.values, labels);
    }
    if (options.progress) options.progress(static_cast<uint64_t>(out.sums.records));
  }
  out.report = run.report();
  return out;
}

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

void add_up(Together& together, metrics::ConfusionMatrix& confusion) {
  std::vector<double> counts;
  for (int64_t truth = 0; truth < confusion.classes(); ++truth)
    for (int64_t taken = 0; taken < confusion.classes(); ++taken)
      counts.push_back(static_cast<double>(confusion.count(truth, taken)));
  together.sum(counts);
  confusion = metrics::ConfusionMatrix(confusion.classes(), {counts.begin(), counts.end()});
}

}  // namespace

Evaluation evaluate(Lanes& lanes, const Graph& graph, const Source& source, EvaluationOptions options) {
  lanes.before_evaluation();
  Together& together = lanes.together();
  Evaluation out;
  std::optional<Error> failure;
  try {
    out = evaluate_share(lanes, graph, source, std::move(options));
  } catch (const Error& error) { failure = error; }
  together.require_none(failure);
  out.stopped = together.any({out.stopped})[0];
  add_up(together, out.sums);
  together.add_up(out.report);
  if (out.confusion && together.size() > 1) add_up(together, *out.confusion);
  return out;
}

}  // namespace penstock::train
