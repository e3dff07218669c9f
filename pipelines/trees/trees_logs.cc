#include "pipelines/trees/trees_logs.h"

#include <nlohmann/json.hpp>

namespace penstock::trees {
namespace {

using Json = nlohmann::ordered_json;

// Paths may hold any bytes; JSON may not.
std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

TreesLogs::TreesLogs(io::FileSystem& fs, const train::RunPaths& paths, uint64_t metrics_bytes)
    : metrics_(fs, paths.metrics()), quarantine_(fs, paths.quarantine()) {
  metrics_.truncate(metrics_bytes);
  if (metrics_bytes == 0) quarantine_.truncate(0);
}

void TreesLogs::round(const classic::GrowState& state, double seconds) {
  Json line = {{"type", "round"}, {"round", state.rounds}};
  for (const classic::Measured& one : state.last) line[one.set + "_" + one.metric] = one.value;
  line["seconds"] = seconds;
  metrics_.append(line_of(line));
}

void TreesLogs::refused(std::span<const Rejection> all, const Source& source) {
  for (const Rejection& r : all) {
    const Location where = source.locate(r.record);
    quarantine_.append(line_of({{"position", r.position},
                                {"record", r.record},
                                {"file", where.file},
                                {"offset", where.offset},
                                {"stage", r.stage},
                                {"reason", r.reason}}));
  }
  quarantine_.flush();
}

uint64_t TreesLogs::sync() {
  metrics_.sync();
  quarantine_.sync();
  return metrics_.size();
}

}  // namespace penstock::trees
