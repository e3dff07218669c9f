#include "pipelines/train/run_json.h"

#include <ctime>
#include <fstream>

#include <sys/utsname.h>

#include <nlohmann/json.hpp>

#include "pipelines/job/subset.h"
#include "stages/learn/learner.h"

namespace penstock::train {
namespace {

using Json = nlohmann::ordered_json;

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Json data_json(const io::Dataset& data) {
  return {{"path", data.path()}, {"format", data.format()}, {"digest", data_digest(data)}, {"records", data.size()}};
}

}  // namespace

std::string run_json(const pipelines::Recipe& recipe, const io::Dataset& data, const io::Dataset* val, unsigned threads,
                     int torch_threads) {
  utsname machine{};
  ::uname(&machine);
  Json out = {
      {"started", utc_now()},
      {"recipe", recipe.name},
      {"seed", recipe.seed},
      {"threads", threads},
      {"torch_threads", torch_threads},
      {"devices", recipe.lanes.devices},
      {"versions", {{"penstock", PENSTOCK_VERSION}, {"torch", learn::torch_version()}, {"compiler", __VERSION__}}},
      {"machine",
       {{"host", machine.nodename}, {"system", machine.sysname}, {"kernel", machine.release}, {"cpu", cpu_model()}}},
      {"data", data_json(data)},
      {"val", val != nullptr ? data_json(*val) : Json(nullptr)},
      {"classes", data.class_names()}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string machine_of(std::string_view run_json) {
  const Json about = Json::parse(run_json, nullptr, /*allow_exceptions=*/false);
  if (!about.is_object()) return "";
  const std::string cpu = about.contains("machine") ? about["machine"].value("cpu", "") : "";
  return cpu + ", " + std::to_string(about.value("threads", 0u)) + " threads";
}

}  // namespace penstock::train
