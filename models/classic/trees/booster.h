// Trees that were grown, and how to grow more of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/classic/trees/row_stream.h"
#include "models/classic/trees/tree_matrix.h"
#include "models/classic/trees/trees_config.h"

namespace penstock::classic {

/// What a model says of itself; stored with it.
struct TreesHeader {
  TreesTask task = TreesTask::kRegression;
  TreeFeatures features;
  std::vector<std::string> classes = {};  ///< names; may be empty
  std::string fitted = {};                ///< digest of what the features were encoded by; "": not known
  bool operator==(const TreesHeader&) const = default;
};

/// How much a feature matters, summed over all trees.
struct Importance {
  std::string feature;
  double gain = 0;    ///< loss that its splits took away
  double weight = 0;  ///< its splits
  double cover = 0;   ///< hessian of the rows that its splits parted; for squared error their number
};

/// A metric of a set of rows: "rmse" of "val".
struct Measured {
  std::string set;
  std::string metric;
  double value = 0;
};

/// XGBoost's booster. Growing and loading are for one thread; predict() may be called by several at once while nobody grows.
/// The threads that it computes on are those of the config, in a pool of OpenMP's that belongs to the calling thread.
class Booster {
 public:
  /// Without trees. Throws as require_valid().
  Booster(const TreesConfig& config, TreesHeader header);
  /// The trees of save(), to predict or to grow more under the same config. Throws Error kData for bytes that are damaged, kUsage for a model that Penstock did not make
  /// or of a later version. `origin` names the bytes in messages. Only the ends and the header are looked at: a checksum is the business of the frame that the bytes lie in.
  static Booster load(std::span<const std::byte> bytes, std::string_view origin, unsigned threads);
  ~Booster();
  Booster(Booster&& other) noexcept;
  Booster& operator=(Booster&&) = delete;

  const TreesHeader& header() const { return header_; }
  uint64_t rounds() const { return rounds_; }
  /// Values of a prediction: 1, or one for each class.
  size_t outputs() const { return outputs_; }

  /// As at the making: for one that was loaded and is to grow.
  void configure(const TreesConfig& config);
  /// Round number rounds(): one tree for each output, or a forest.
  void grow(const TreeMatrix& train);
  /// The config's metrics of each set, in the order given.
  std::vector<Measured> measure(std::span<const std::pair<const TreeMatrix*, std::string>> sets) const;

  /// (N, outputs) of `rows` (N, F) by the trees of the first `rounds` rounds, 0: all. Regression: the number; binary: the probability of 1;
  /// classes: their probabilities; of a forest they are means of shares, which lambda may bring a little beyond 0 and 1.
  std::vector<float> predict(std::span<const float> rows, uint64_t rounds = 0) const;

  /// In the order of the features, those without a split with zeros.
  std::vector<Importance> importances() const;

  /// The first `rounds` rounds alone.
  Booster first(uint64_t rounds) const;

  /// UBJSON, as XGBoost reads it in any language; the header stands in its attributes ("penstock.features", ...). The same trees give the same bytes.
  std::vector<std::byte> save() const;

 private:
  Booster(void* handle, TreesHeader header, size_t outputs, uint64_t rounds)
      : handle_(handle), header_(std::move(header)), outputs_(outputs), rounds_(rounds) {}
  void name_features() const;
  void forget_draws();
  std::map<std::string, double> scores(const char* kind) const;

  void* handle_ = nullptr;
  TreesHeader header_;
  size_t outputs_ = 1;
  uint64_t rounds_ = 0;
  bool draws_features_ = false;
};

}  // namespace penstock::classic
