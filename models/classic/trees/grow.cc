#include "models/classic/trees/grow.h"

#include <cmath>
#include <utility>

#include "engine/base/error.h"

namespace penstock::classic {

bool is_over(const GrowState& state, const TreesConfig& config) {
  return config.early_stopping_rounds > 0 && state.rounds - state.best_round >= config.early_stopping_rounds;
}

GrowEnd grow(Booster& booster, const TreeMatrix& train, const TreeMatrix* val, const TreesConfig& config,
             GrowState& state, const std::function<bool(const GrowState&)>& after_round) {
  if (config.early_stopping_rounds > 0 && val == nullptr)
    throw Error(Code::kUsage, "early stopping needs rows to validate on")
        .hint("give --val, or data.val in the recipe, or leave early stopping out");
  PENSTOCK_CHECK(booster.rounds() == state.rounds);
  std::vector<std::pair<const TreeMatrix*, std::string>> sets = {{&train, "train"}};
  if (val != nullptr) sets.emplace_back(val, "val");
  const std::string judge = sets.back().second;
  const bool high = is_better_high(metrics_of(config).front());
  while (state.rounds < rounds_of(config)) {
    if (is_over(state, config)) return GrowEnd::kEarly;
    booster.grow(train);
    ++state.rounds;
    state.last = booster.measure(sets);
    for (const Measured& measured : state.last) {
      if (measured.set != judge) continue;
      const bool better = high ? measured.value > state.best : measured.value < state.best;
      if (state.best_round == 0 || better) {
        state.best = measured.value;
        state.best_round = state.rounds;
        state.at_best = state.last;
      }
      break;
    }
    if (!after_round(std::as_const(state))) return GrowEnd::kStopped;
  }
  return GrowEnd::kRounds;
}

}  // namespace penstock::classic
