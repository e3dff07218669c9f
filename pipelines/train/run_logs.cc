#include "pipelines/train/run_logs.h"

#include <nlohmann/json.hpp>

namespace penstock::train {
namespace {

using Json = nlohmann::ordered_json;

// Paths may hold any bytes; JSON may not.
std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

}  // namespace

RunLogs::RunLogs(io::FileSystem& fs, const RunPaths& paths)
    : metrics_(fs, paths.metrics()), quarantine_(fs, paths.quarantine()), ledger_(fs, paths.ledger()) {}

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
  metrics_.append(line_of({{"type", "step"},
                           {"epoch", taken.epoch},
                           {"step", result->step},
                           {"loss", result->loss},
                           {"top1", static_cast<double>(result->top1) / static_cast<double>(result->records)},
                           {"lr", result->lr},
                           {"records_per_second", records_per_second}}));
}

void RunLogs::epoch(const EpochMetrics& m) {
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
