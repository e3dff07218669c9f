#include "stages/learn/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "engine/base/error.h"

namespace penstock::learn {
namespace {

constexpr std::pair<ScheduleKind, std::string_view> kNames[] = {{ScheduleKind::kConstant, "constant"},
                                                                {ScheduleKind::kOneCycle, "one-cycle"},
                                                                {ScheduleKind::kCosine, "cosine"},
                                                                {ScheduleKind::kStep, "step"}};

/// `from` at share 0, `to` at share 1, half a cosine between.
double anneal(double from, double to, double share) {
  return to + (from - to) / 2.0 * (std::cos(std::numbers::pi * share) + 1.0);
}

Rates one_cycle(const ScheduleConfig& c, uint64_t step, double momentum) {
  // PyTorch's phases end at step pct_start * total - 1 and total - 1. With very few steps the first has no length.
  const double at = static_cast<double>(step);
  const double top = std::max(0.0, c.rise * static_cast<double>(c.total_steps) - 1.0);
  const double last = static_cast<double>(c.total_steps) - 1.0;
  const double first_lr = c.lr / c.start_divisor;
  const double last_lr = first_lr / c.final_divisor;
  Rates out;
  if (at <= top) {
    const double share = top > 0 ? at / top : 1.0;
    out.lr = anneal(first_lr, c.lr, share);
    out.momentum = anneal(c.momentum_high, c.momentum_low, share);
  } else {
    const double share = last > top ? (at - top) / (last - top) : 1.0;
    out.lr = anneal(c.lr, last_lr, share);
    out.momentum = anneal(c.momentum_low, c.momentum_high, share);
  }
  if (!c.cycle_momentum) out.momentum = momentum;
  return out;
}

void require(bool condition, const std::string& what) {
  if (!condition) throw Error(Code::kUsage, "training schedule: " + what);
}

}  // namespace

ScheduleKind schedule_named(std::string_view name) {
  for (const auto& [kind, known] : kNames) {
    if (known == name) return kind;
  }
  throw Error(Code::kUsage, "train.schedule '" + std::string(name) + "' is not known")
      .hint("there are constant, one-cycle, cosine, step");
}

std::string_view name_of(ScheduleKind kind) {
  for (const auto& [known, name] : kNames) {
    if (known == kind) return name;
  }
  return "";
}

Schedule::Schedule(ScheduleConfig config) : config_(config) {
  const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
  const auto share = [](double value) { return value >= 0 && value <= 1; };
  require(positive(config.lr), "lr must be above 0, it is " + std::to_string(config.lr));
  require(config.total_steps > 0, "there are no steps to take");
  require(config.kind != ScheduleKind::kOneCycle || config.warmup_steps == 0,
          "one-cycle warms up itself; warmup must be 0");
  require(config.warmup_steps < config.total_steps || config.warmup_steps == 0, "warm-up takes all of the steps");
  require(share(config.warmup_start), "warmup_start must lie in 0..1");
  require(share(config.rise), "the rising share must lie in 0..1");
  require(positive(config.start_divisor) && positive(config.final_divisor), "divisors must be above 0");
  require(share(config.momentum_low) && share(config.momentum_high), "cycled momentum must lie in 0..1");
  require(config.min_lr >= 0 && config.min_lr <= config.lr, "min_lr must lie between 0 and lr");
  require(config.step_every > 0, "step_every must be above 0");
  require(positive(config.gamma), "gamma must be above 0");
}

Rates Schedule::at(uint64_t step, double momentum) const {
  const ScheduleConfig& c = config_;
  step = std::min(step, c.total_steps - 1);
  if (c.kind == ScheduleKind::kOneCycle) return one_cycle(c, step, momentum);
  if (step < c.warmup_steps) {
    const double share = static_cast<double>(step) / static_cast<double>(c.warmup_steps);
    return {c.lr * (c.warmup_start + (1.0 - c.warmup_start) * share), momentum};
  }
  switch (c.kind) {
    case ScheduleKind::kCosine: {
      const double share =
          static_cast<double>(step - c.warmup_steps) / static_cast<double>(c.total_steps - c.warmup_steps);
      return {anneal(c.lr, c.min_lr, share), momentum};
    }
    case ScheduleKind::kStep: return {c.lr * std::pow(c.gamma, static_cast<double>(step / c.step_every)), momentum};
    default: return {c.lr, momentum};
  }
}

}  // namespace penstock::learn
