#include "models/classic/trees/trees_header.h"

#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace penstock::classic {
namespace {

constexpr char kFormat[] = "penstock.trees";
constexpr char kVersion[] = "1";

const char* name_of(TreesTask task) {
  switch (task) {
    case TreesTask::kRegression: return "regression";
    case TreesTask::kBinary: return "binary";
    case TreesTask::kClasses: return "classes";
  }
  return "";
}

// Names may hold any bytes; JSON may not.
std::string text_of(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> to_attributes(const TreesHeader& header, size_t outputs) {
  nlohmann::json features = nlohmann::json::array();
  for (size_t i = 0; i < header.features.size(); ++i)
    features.push_back({{"name", header.features.names[i]}, {"categorical", bool{header.features.categorical[i]}}});
  return {{"penstock.format", kFormat},
          {"penstock.version", kVersion},
          {"penstock.task", name_of(header.task)},
          {"penstock.outputs", std::to_string(outputs)},
          {"penstock.features", text_of(features)},
          {"penstock.classes", text_of(header.classes)},
          {"penstock.fitted", header.fitted}};
}

std::pair<TreesHeader, size_t> from_attributes(
    const std::function<std::optional<std::string>(const std::string&)>& attribute, std::string_view origin) {
  const std::string path = "'" + std::string(origin) + "'";
  if (attribute("penstock.format").value_or("") != kFormat)
    throw Error(Code::kUsage, path + " holds trees that Penstock did not grow: which features they take is not known");
  if (const std::string version = attribute("penstock.version").value_or(""); version != kVersion)
    throw Error(Code::kUsage, path + " holds trees of version " + version + ", this program reads " + kVersion)
        .hint("use the Penstock that wrote it, or a later one");
  const auto wanted = [&](const std::string& name) {
    if (auto value = attribute("penstock." + name)) return *std::move(value);
    throw Error(Code::kData, path + " does not say its " + name);
  };
  TreesHeader header;
  size_t outputs = 0;
  try {
    const std::string task = wanted("task");
    for (const TreesTask known : {TreesTask::kRegression, TreesTask::kBinary, TreesTask::kClasses})
      if (task == name_of(known)) header.task = known;
    if (task != name_of(header.task)) throw Error(Code::kData, path + " is for an unknown task, '" + task + "'");
    outputs = std::stoul(wanted("outputs"));
    for (const nlohmann::json& feature : nlohmann::json::parse(wanted("features"))) {
      header.features.names.push_back(feature.at("name"));
      header.features.categorical.push_back(feature.at("categorical").get<bool>());
    }
    header.classes = nlohmann::json::parse(wanted("classes")).get<std::vector<std::string>>();
    header.fitted = attribute("penstock.fitted").value_or("");
  } catch (const nlohmann::json::exception& error) {
    throw Error(Code::kData, path + " has a damaged header: " + error.what());
  } catch (const std::logic_error&) {  // of stoul
    throw Error(Code::kData, path + " does not say how many values a prediction has");
  }
  if (header.features.size() == 0 || outputs == 0) throw Error(Code::kData, path + " has a header without features");
  return {std::move(header), outputs};
}

}  // namespace penstock::classic
