#include "models/classic/trees/tree_matrix.h"

#include <cmath>
#include <exception>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "models/classic/trees/feature_names.h"
#include "models/classic/trees/xgboost_calls.h"

namespace penstock::classic {
namespace {

/// The stream as XGBoost asks for it. Exceptions wait until XGBoost is done: they may not pass through C.
class Passage {
 public:
  Passage(RowStream& stream, const TreeFeatures& features, const TreesConfig& config)
      : stream_(stream), features_(features), config_(config), names_(xgboost_names(features)) {
    require_done(xgboost().XGProxyDMatrixCreate(&proxy_), "making a proxy of rows");
  }
  ~Passage() { xgboost().XGDMatrixFree(proxy_); }
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;

  static void reset(void* self) { static_cast<Passage*>(self)->begin(); }
  static int next(void* self) { return static_cast<Passage*>(self)->lend() ? 1 : 0; }

  XgHandle proxy() const { return proxy_; }
  uint64_t passes() const { return passes_; }
  bool met_rows() const { return met_rows_; }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void begin() {
    if (failure_) return;
    try {
      stream_.reset();
      begun_ = true;
      rows_ = 0;
    } catch (...) { failure_ = std::current_exception(); }
  }

  bool lend() {
    if (failure_) return false;
    try {
      const RowBlock block = stream_.next();
      if (begun_) ++passes_;
      begun_ = false;
      if (block.rows == 0) return false;
      PENSTOCK_CHECK(block.values.size() == block.rows * features_.size());
      require_targets(block);
      show(block);
      rows_ += block.rows;
      met_rows_ = true;
      return true;
    } catch (...) { failure_ = std::current_exception(); }
    return false;
  }

  void require_targets(const RowBlock& block) const {
    if (block.targets.size() != block.rows)
      throw Error(Code::kUsage, "the rows that trees are to learn from have no target")
          .hint("name the target's column in the recipe");
    PENSTOCK_CHECK(block.weights.empty() || block.weights.size() == block.rows);
    for (size_t i = 0; i < block.rows; ++i) {
      const float t = block.targets[i];
      const bool is_class = t >= 0 && t < static_cast<float>(config_.classes) && t == std::floor(t);
      const bool good = config_.task == TreesTask::kRegression ? std::isfinite(t)
                        : config_.task == TreesTask::kBinary   ? t == 0 || t == 1
                                                               : is_class;
      if (good) continue;
      const char* meant = config_.task == TreesTask::kRegression ? "a number"
                          : config_.task == TreesTask::kBinary   ? "0 or 1"
                                                                 : "a class";
      throw Error(Code::kData, "the target of row " + std::to_string(rows_ + i) + " is " + std::to_string(t) +
                                   " and should be " + meant);
    }
  }

  void show(const RowBlock& block) {
    const auto vector_text = [&](std::span<const float> values) {
      return array_text(values.data(), block.rows, 0, "<f4");
    };
    const char* const doing = "taking rows";
    require_done(xgboost().XGProxyDMatrixSetDataDense(
                     proxy_, array_text(block.values.data(), block.rows, features_.size(), "<f4").c_str()),
                 doing);
    const std::string label = learns_shares(config_) ? shares_text(block.targets) : vector_text(block.targets);
    require_done(xgboost().XGDMatrixSetInfoFromInterface(proxy_, "label", label.c_str()), doing);
    if (!block.weights.empty())
      require_done(xgboost().XGDMatrixSetInfoFromInterface(proxy_, "weight", vector_text(block.weights).c_str()),
                   doing);
    std::vector<const char*> names, types;
    for (size_t i = 0; i < features_.size(); ++i) {
      names.push_back(names_[i].c_str());
      types.push_back(features_.categorical[i] ? "c" : "float");
    }
    require_done(xgboost().XGDMatrixSetStrFeatureInfo(proxy_, "feature_name", names.data(), names.size()), doing);
    require_done(xgboost().XGDMatrixSetStrFeatureInfo(proxy_, "feature_type", types.data(), types.size()), doing);
  }

  /// (N, classes): 1 in the place of a row's class, else 0.
  std::string shares_text(std::span<const float> targets) {
    const auto classes = static_cast<size_t>(config_.classes);
    shares_.assign(targets.size() * classes, 0);
    for (size_t i = 0; i < targets.size(); ++i) shares_[i * classes + static_cast<size_t>(targets[i])] = 1;
    return array_text(shares_.data(), targets.size(), classes, "<f4");
  }

  RowStream& stream_;
  const TreeFeatures& features_;
  const TreesConfig& config_;
  std::vector<std::string> names_;
  std::vector<float> shares_;
  XgHandle proxy_ = nullptr;
  std::exception_ptr failure_;
  bool begun_ = false;
  uint64_t passes_ = 0;
  uint64_t rows_ = 0;  ///< of this pass so far
  bool met_rows_ = false;
};

}  // namespace

uint64_t matrix_ram_bytes(uint64_t rows, size_t features, const TreesConfig& config) {
  // hist.cc keeps the index by row and by column, each in the least type that holds a bin of all features or of one.
  const uint64_t bin = config.max_bin <= 256 ? 1 : config.max_bin <= 65536 ? 2 : 4;
  const uint64_t outputs = config.task == TreesTask::kClasses ? static_cast<uint64_t>(config.classes) : 1;
  // Gradient pairs and predictions for each output; a row's place in the tree, its target and weight.
  const uint64_t a_row = outputs * (8 + 4) + 8 + 8;
  return rows * (features * 2 * bin + a_row);
}

TreeMatrix::TreeMatrix(RowStream& stream, const TreeFeatures& features, const TreesConfig& config,
                       const MatrixPlace& place, const TreeMatrix* reference)
    : on_disk_(!place.cache_prefix.empty()) {
  PENSTOCK_CHECK(features.size() > 0 && features.categorical.size() == features.size());
  require_done(xgboost().XGBSetGlobalConfig(R"({"verbosity":0})"), "being told to be quiet");
  Passage passage(stream, features, config);
  nlohmann::json settings = {{"nthread", config.threads}, {"max_bin", config.max_bin}};
  if (on_disk_) {
    settings["cache_prefix"] = place.cache_prefix;
    settings["on_host"] = false;
  }
  std::string text = settings.dump();
  text.insert(text.size() - 1, R"(,"missing":NaN)");  // which JSON has no word for, and XGBoost reads
  XgHandle const like = reference != nullptr ? reference->handle_ : nullptr;
  const auto make =
      on_disk_ ? xgboost().XGExtMemQuantileDMatrixCreateFromCallback : xgboost().XGQuantileDMatrixCreateFromCallback;
  const int status = make(&passage, passage.proxy(), like, &Passage::reset, &Passage::next, text.c_str(), &handle_);
  const auto give_back = [&] {
    if (status == 0) xgboost().XGDMatrixFree(handle_);
  };
  passes_ = passage.passes();
  try {
    passage.rethrow();
  } catch (...) {
    give_back();
    throw;
  }
  if (!passage.met_rows()) {
    give_back();
    throw Error(Code::kUsage, "there are no rows to grow trees on");
  }
  require_done(status, "cutting the rows into bins");
  require_done(xgboost().XGDMatrixNumRow(handle_, &rows_), "counting rows");
}

TreeMatrix::~TreeMatrix() { xgboost().XGDMatrixFree(handle_); }

}  // namespace penstock::classic
