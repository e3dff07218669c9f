#include "models/classic/trees/booster.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <tuple>
#include <utility>

#include "engine/base/error.h"
#include "models/classic/trees/feature_names.h"
#include "models/classic/trees/trees_header.h"
#include "models/classic/trees/xgboost_calls.h"

namespace penstock::classic {
namespace {

void be_quiet() { require_done(xgboost().XGBSetGlobalConfig(R"({"verbosity":0})"), "being told to be quiet"); }

size_t outputs_of(const TreesConfig& config) {
  return config.task == TreesTask::kClasses ? static_cast<size_t>(config.classes) : 1;
}

}  // namespace

Booster::Booster(const TreesConfig& config, TreesHeader header)
    : header_(std::move(header)), outputs_(outputs_of(config)) {
  require_valid(config);
  PENSTOCK_CHECK(header_.task == config.task);
  be_quiet();
  require_done(xgboost().XGBoosterCreate(nullptr, 0, &handle_), "making a booster");
  try {
    configure(config);
  } catch (...) {
    xgboost().XGBoosterFree(handle_);
    throw;
  }
}

Booster::~Booster() {
  if (handle_ != nullptr) xgboost().XGBoosterFree(handle_);
}

Booster::Booster(Booster&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      header_(std::move(other.header_)),
      outputs_(other.outputs_),
      rounds_(other.rounds_),
      draws_features_(other.draws_features_) {}

void Booster::configure(const TreesConfig& config) {
  require_valid(config);
  draws_features_ = config.colsample_bytree < 1 || config.colsample_bylevel < 1 || config.colsample_bynode < 1;
  auto parameters = parameters_of(config);
  // Which it otherwise learns from a matrix that it would keep for good.
  parameters.emplace_back("num_feature", std::to_string(header_.features.size()));
  for (const auto& [name, value] : parameters)
    require_done(xgboost().XGBoosterSetParam(handle_, name.c_str(), value.c_str()), "setting " + name + " = " + value);
}

/// XGBoost draws features from a stream of numbers that its updater begins once and goes on with from round to round, so that a booster that was loaded
/// would draw others. An updater is made anew where another was asked for in between; its first draw is then keyed by (seed, round), as those of rows are.
void Booster::forget_draws() {
  int rounds = 0;
  require_done(xgboost().XGBoosterSetParam(handle_, "tree_method", "approx"), "changing the method");
  require_done(xgboost().XGBoosterBoostedRounds(handle_, &rounds),
               "changing the method");  // this is when it is changed
  require_done(xgboost().XGBoosterSetParam(handle_, "tree_method", "hist"), "changing the method");
}

void Booster::grow(const TreeMatrix& train) {
  if (draws_features_ && rounds_ > 0) forget_draws();
  require_done(xgboost().XGBoosterUpdateOneIter(handle_, static_cast<int>(rounds_), train.handle()),
               "growing the trees of round " + std::to_string(rounds_ + 1));
  ++rounds_;
}

std::vector<Measured> Booster::measure(std::span<const std::pair<const TreeMatrix*, std::string>> sets) const {
  std::vector<XgHandle> matrices;
  std::vector<const char*> names;
  for (const auto& [matrix, name] : sets) {
    matrices.push_back(matrix->handle());
    names.push_back(name.c_str());
  }
  const char* text = nullptr;
  require_done(xgboost().XGBoosterEvalOneIter(handle_, static_cast<int>(rounds_) - 1, matrices.data(), names.data(),
                                              sets.size(), &text),
               "measuring round " + std::to_string(rounds_));
  // "[7]\ttrain-rmse:1.25\tval-rmse:1.5": sets are named by us, without '-'.
  std::vector<Measured> all;
  const std::string_view line = text;
  for (size_t at = line.find('\t'); at != std::string_view::npos;) {
    const size_t end = line.find('\t', at + 1);
    const std::string_view item = line.substr(at + 1, end - at - 1);
    const size_t dash = item.find('-'), colon = item.rfind(':');
    PENSTOCK_CHECK(dash < colon && colon != std::string_view::npos);
    all.push_back({std::string(item.substr(0, dash)), std::string(item.substr(dash + 1, colon - dash - 1)),
                   std::strtod(std::string(item.substr(colon + 1)).c_str(), nullptr)});
    at = end;
  }
  return all;
}

std::vector<float> Booster::predict(std::span<const float> rows, uint64_t rounds) const {
  const size_t features = header_.features.size();
  PENSTOCK_CHECK(features > 0 && rows.size() % features == 0);
  const size_t count = rows.size() / features;
  if (count == 0) return {};
  be_quiet();
  const std::string settings = R"({"type":0,"training":false,"iteration_begin":0,"iteration_end":)" +
                               std::to_string(rounds) + R"(,"strict_shape":true,"cache_id":0,"missing":NaN})";
  const uint64_t* shape = nullptr;
  uint64_t dimensions = 0;
  const float* values = nullptr;
  require_done(xgboost().XGBoosterPredictFromDense(handle_, array_text(rows.data(), count, features, "<f4").c_str(),
                                                   settings.c_str(), nullptr, &shape, &dimensions, &values),
               "predicting");
  PENSTOCK_CHECK(dimensions == 2 && shape[0] == count && shape[1] == outputs_);
  std::vector<float> out(values, values + count * outputs_);
  // A forest's chances are sums of small parts, whose rounding may leave them a hair outside.
  if (header_.task != TreesTask::kRegression)
    for (float& chance : out) chance = std::clamp(chance, 0.0F, 1.0F);
  return out;
}

std::map<std::string, double> Booster::scores(const char* kind) const {
  const std::string settings = std::string(R"({"importance_type":")") + kind + R"(","feature_map":""})";
  uint64_t count = 0, dimensions = 0;
  const char** features = nullptr;
  const uint64_t* shape = nullptr;
  const float* values = nullptr;
  require_done(
      xgboost().XGBoosterFeatureScore(handle_, settings.c_str(), &count, &features, &dimensions, &shape, &values),
      "weighing features");
  std::map<std::string, double> all;
  for (uint64_t i = 0; i < count; ++i) all[features[i]] = static_cast<double>(values[i]);
  return all;
}

void Booster::name_features() const {
  std::vector<const char*> names, types;
  const std::vector<std::string> written = xgboost_names(header_.features);
  for (size_t i = 0; i < written.size(); ++i) {
    names.push_back(written[i].c_str());
    types.push_back(header_.features.categorical[i] ? "c" : "float");
  }
  require_done(xgboost().XGBoosterSetStrFeatureInfo(handle_, "feature_name", names.data(), names.size()),
               "naming features");
  require_done(xgboost().XGBoosterSetStrFeatureInfo(handle_, "feature_type", types.data(), types.size()),
               "naming features");
}

std::vector<Importance> Booster::importances() const {
  name_features();
  const auto gain = scores("total_gain"), weight = scores("weight"), cover = scores("total_cover");
  const auto of = [](const std::map<std::string, double>& all, const std::string& name) {
    const auto it = all.find(name);
    return it == all.end() ? 0.0 : it->second;
  };
  const std::vector<std::string> written = xgboost_names(header_.features);
  std::vector<Importance> all;
  for (size_t i = 0; i < written.size(); ++i)
    all.push_back({.feature = header_.features.names[i],
                   .gain = of(gain, written[i]),
                   .weight = of(weight, written[i]),
                   .cover = of(cover, written[i])});
  return all;
}

Booster Booster::first(uint64_t rounds) const {
  XgHandle out = nullptr;
  require_done(xgboost().XGBoosterSlice(handle_, 0, static_cast<int>(rounds), 1, &out), "taking its first rounds");
  return Booster(out, header_, outputs_, rounds);
}

std::vector<std::byte> Booster::save() const {
  name_features();
  for (const auto& [name, value] : to_attributes(header_, outputs_))
    require_done(xgboost().XGBoosterSetAttr(handle_, name.c_str(), value.c_str()), "writing its header");
  uint64_t length = 0;
  const char* bytes = nullptr;
  require_done(xgboost().XGBoosterSaveModelToBuffer(handle_, R"({"format":"ubj"})", &length, &bytes), "writing it");
  const auto* first = reinterpret_cast<const std::byte*>(bytes);
  return {first, first + length};
}

Booster Booster::load(std::span<const std::byte> bytes, std::string_view origin, unsigned threads) {
  be_quiet();
  XgHandle handle = nullptr;
  require_done(xgboost().XGBoosterCreate(nullptr, 0, &handle), "making a booster");
  Booster booster(handle, {}, 1, 0);  // frees it, whatever comes
  // XGBoost's reader looks for no end and takes what does not begin as UBJSON for JSON.
  const bool whole = bytes.size() > 2 && bytes.front() == std::byte{'{'} && bytes.back() == std::byte{'}'};
  if (!whole || xgboost().XGBoosterLoadModelFromBuffer(handle, bytes.data(), bytes.size()) != 0)
    throw Error(Code::kData, "'" + std::string(origin) + "' holds no trees, or damaged ones" +
                                 (whole ? ": " + xgboost_words() : ""));
  const auto attribute = [&](const std::string& name) -> std::optional<std::string> {
    const char* text = nullptr;
    int found = 0;
    require_done(xgboost().XGBoosterGetAttr(handle, name.c_str(), &text, &found), "reading its header");
    return found != 0 ? std::optional<std::string>(text) : std::nullopt;
  };
  std::tie(booster.header_, booster.outputs_) = from_attributes(attribute, origin);
  int rounds = 0;
  require_done(xgboost().XGBoosterBoostedRounds(handle, &rounds), "counting its rounds");
  booster.rounds_ = static_cast<uint64_t>(rounds);
  require_done(xgboost().XGBoosterSetParam(handle, "nthread", std::to_string(threads).c_str()), "setting its threads");
  return booster;
}

}  // namespace penstock::classic
