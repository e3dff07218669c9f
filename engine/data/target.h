// What is learnt of a record, and how its number was changed before it came into a batch.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock {

enum class Task : uint8_t {
  kClasses,     ///< label i64 (N), one of K classes
  kBinary,      ///< target f32 (N), 0 or 1
  kRegression,  ///< target f32 (N), transformed
};

constexpr std::string_view name_of(Task task) {
  return task == Task::kClasses ? "classes" : task == Task::kBinary ? "binary" : "regression";
}

enum class TargetLog : uint8_t {
  kNone,
  kLog,    ///< log(x), of numbers above 0
  kLog1p,  ///< log(1 + x), of numbers above -1
};

/// From a target in its own units to the number that a model learns, and back: clipped, then the logarithm, then (x - mean) / deviation. What
/// was clipped away does not come back. A plain value.
struct TargetTransform {
  TargetLog log = TargetLog::kNone;
  std::optional<double> lowest;   ///< in the target's own units
  std::optional<double> highest;  ///< likewise
  double mean = 0;                ///< after the logarithm
  double deviation = 1;           ///< likewise; above 0

  double apply(double value) const {
    if (lowest && value < *lowest) value = *lowest;
    if (highest && value > *highest) value = *highest;
    if (log != TargetLog::kNone) value = log == TargetLog::kLog ? std::log(value) : std::log1p(value);
    return (value - mean) / deviation;
  }
  double invert(double value) const {
    value = value * deviation + mean;
    if (log == TargetLog::kNone) return value;
    return log == TargetLog::kLog ? std::exp(value) : std::expm1(value);
  }
  bool operator==(const TargetTransform&) const = default;
};

}  // namespace penstock
