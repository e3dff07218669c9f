#include "pipelines/train/run_logs.h"

#include <nlohmann/json.hpp>

namespace penstock::train {
namespace {

using Json = nlohmann::ordered_json;

// Paths may hold any bytes; JSON may not.
std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

}  // namespace

std::optional<metrics::Figure> EpochMetrics::score(bool has_val) const {
  if (rows && has_val) return figures.empty() ? std::nullopt : std::optional(figures.front());
  if (rows == Task::kRegression) return metrics::Figure{"loss", train_loss, /*lower_is_better=*/true};
  if (rows) return metrics::Figure{"accuracy", train_top1};
  if (has_val) return val_top1 ? std::optional(metrics::Figure{"top1", *val_top1}) : std::nullopt;
  return metrics::Figure{"top1", train_top1};
}

RunLogs::RunLogs(io::FileSystem& fs, const RunPaths& paths, std::optional<Task> rows)
    : rows_(rows), metrics_(fs, paths.metrics()), quarantine_(fs, paths.quarantine()), ledger_(fs, paths.ledger()) {}

void RunLogs::cut_back(const LogOffsets& to) {
  metrics_.truncate(to.metrics);
  quarantine_.truncate(to.quarantine);
  ledger_.cut_back(to.ledger);
}

LogOffsets RunLogs::sync() {
  metrics_.sync();
  quarantine_.sync();
  ledger_.sync();
  return {metrics_.size(), quarantine_.size(), ledger_.offset()};
}

void RunLogs::flush() {
  metrics_.flush();
  quarantine_.flush();
  ledger_.flush();
}

void RunLogs::step(const Taken& taken, const learn::StepResult* result, double records_per_second,
                   const Source& source) {
  for (const Rejection& r : taken.rejections) {
    const Location where = source.locate(r.record);
    Json line = {{"epoch", taken.epoch}, {"step", taken.step},    {"position", r.position}, {"attempt", r.attempt},
                 {"record", r.record},   {"file", where.file},    {"offset", where.offset}, {"stage", r.stage},
                 {"reason", r.reason},   {"replaced", r.replaced}};
    if (r.replaced) line["replacement"] = r.replacement;
    quarantine_.append(line_of(line));
  }
  // A refusal in the ledger has its line on disk already: whoever reads a run under way, or a killed one, finds it named.
  if (!taken.rejections.empty()) quarantine_.flush();
  ledger_.step(taken);
  if (result == nullptr) return;
  Json line = {{"type", "step"}, {"epoch", taken.epoch}, {"step", result->step}, {"loss", result->loss}};
  if (rows_ != Task::kRegression)
    line[rows_ ? "accuracy" : "top1"] = static_cast<double>(result->top1) / static_cast<double>(result->records);
  line["lr"] = result->lr;
  line["records_per_second"] = records_per_second;
  metrics_.append(line_of(line));
}

void RunLogs::epoch(const EpochMetrics& m) {
  if (m.rows) {
    Json line = {{"type", "epoch"},
                 {"epoch", m.epoch},
                 {"steps", m.steps},
                 {"task", std::string(name_of(*m.rows))},
                 {"train_loss", m.train_loss}};
    if (m.rows != Task::kRegression) line["train_accuracy"] = m.train_top1;
    line["val_loss"] = or_null(m.val_loss);
    for (const metrics::Figure& figure : m.figures) line["val_" + figure.name] = figure.value;
    line["records_per_second"] = m.records_per_second;
    line["seconds"] = m.seconds;
    metrics_.append(line_of(line));
    return;
  }
  metrics_.append(line_of({{"type", "epoch"},
                           {"epoch", m.epoch},
                           {"steps", m.steps},
                           {"train_loss", m.train_loss},
                           {"train_top1", m.train_top1},
                           {"val_loss", or_null(m.val_loss)},
                           {"val_top1", or_null(m.val_top1)},
                           {"val_top5", or_null(m.val_top5)},
                           {"records_per_second", m.records_per_second},
                           {"seconds", m.seconds}}));
}

}  // namespace penstock::train
