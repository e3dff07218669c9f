#include "pipelines/trees/trees_logs.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace penstock::trees {
namespace {

using Json = nlohmann::ordered_json;

// Rows that are named on the screen.
constexpr size_t kShown = 5;

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

void say_left_out(ProgressSink& progress, std::span<const Rejection> all, const Source& source,
                  const std::string& listed) {
  const size_t shown = std::min(all.size(), kShown);
  for (const Rejection& r : all.first(shown))
    progress.say("record " + std::to_string(r.record) + " (" + source.locate(r.record).file +
                 ") refused and left out: " + r.reason);
  if (all.size() > shown)
    progress.say("and " + std::to_string(all.size() - shown) + " more" +
                 (listed.empty() ? "" : "; '" + listed + "' names them"));
}

}  // namespace penstock::trees
