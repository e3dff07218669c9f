// The learning rate and the momentum of a step, as functions of the step alone: nothing to save but the step.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::learn {

enum class ScheduleKind : uint8_t {
  kConstant,  ///< lr
  kOneCycle,  ///< Smith and Topin 2017, as PyTorch's OneCycleLR with cosine annealing: up, then down to nothing
  kCosine,    ///< Loshchilov and Hutter 2016, one half wave from lr down to min_lr
  kStep,      ///< lr times `gamma` after every `step_every` steps
};

/// "constant", "one-cycle", "cosine", "step". Throws Error kUsage that lists them for another name.
ScheduleKind schedule_named(std::string_view name);
std::string_view name_of(ScheduleKind kind);

struct ScheduleConfig {
  ScheduleKind kind = ScheduleKind::kOneCycle;
  double lr = 1e-3;          ///< the highest one
  uint64_t total_steps = 1;  ///< of the whole training
  /// Not kOneCycle, which warms up itself: from `warmup_start` times lr linearly up to lr, before the rest begins.
  uint64_t warmup_steps = 0;
  double warmup_start = 0.01;

  double rise = 0.3;            ///< kOneCycle: share of the steps that go up (PyTorch's pct_start)
  double start_divisor = 25;    ///< kOneCycle: begins at lr / start_divisor
  double final_divisor = 1e4;   ///< kOneCycle: ends at lr / start_divisor / final_divisor
  bool cycle_momentum = true;   ///< kOneCycle: momentum (AdamW: beta1) runs opposite to the rate
  double momentum_low = 0.85;   ///< kOneCycle, at the highest rate
  double momentum_high = 0.95;  ///< kOneCycle, at both ends
  double min_lr = 0;            ///< kCosine: where it ends
  uint64_t step_every = 1;      ///< kStep
  double gamma = 0.1;           ///< kStep
};

/// What an optimiser uses for one step.
struct Rates {
  double lr = 0;
  double momentum = 0;
};

/// A checked schedule. Immutable, thread-safe.
class Schedule {
 public:
  /// Throws Error kUsage naming the key (lr, total_steps, warmup, ...) that makes no sense.
  explicit Schedule(ScheduleConfig config);

  /// `step` counts from 0; steps from total_steps on get the rates of the last one. `momentum` is what the optimiser was
  /// configured with: it is given back unless the schedule cycles it.
  Rates at(uint64_t step, double momentum) const;
  const ScheduleConfig& config() const { return config_; }

 private:
  ScheduleConfig config_;
};

}  // namespace penstock::learn
