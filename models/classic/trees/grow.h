// Round after round, until there are enough or nothing gets better.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "models/classic/trees/booster.h"
#include "models/classic/trees/tree_matrix.h"
#include "models/classic/trees/trees_config.h"

namespace penstock::classic {

/// Where growing stands. With the booster's bytes it is all that going on takes.
struct GrowState {
  uint64_t rounds = 0;
  uint64_t best_round = 0;             ///< from 1; 0: none was measured
  double best = 0;                     ///< the first metric of "val" (of "train" without one) after that round
  std::vector<Measured> last = {};     ///< after round `rounds`
  std::vector<Measured> at_best = {};  ///< after round `best_round`
};

enum class GrowEnd {
  kRounds,   ///< all that were asked for
  kEarly,    ///< early_stopping_rounds without a better one
  kStopped,  ///< after_round said so
};

/// Grows `booster` from where `state` stands on, and measures "train" and, where there is one, "val" after each round. `after_round` is called
/// with the state of each round, when it may save both; false: no more. Throws Error kUsage where early stopping is asked for without `val`, and what
/// `after_round` throws. A growth that goes on from a saved state and booster grows the trees of one that was not stopped, bit for bit, on the same number of threads.
GrowEnd grow(Booster& booster, const TreeMatrix& train, const TreeMatrix* val, const TreesConfig& config,
             GrowState& state, const std::function<bool(const GrowState&)>& after_round);

/// Whether early stopping says so.
bool is_over(const GrowState& state, const TreesConfig& config);

}  // namespace penstock::classic
