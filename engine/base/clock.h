// Time, injected: nothing in Penstock that a test looks at reads the machine's clock directly.
#pragma once

#include <cstdint>

namespace penstock {

/// A monotonic clock in nanoseconds. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t now_ns() const = 0;
  /// Returns when now_ns() >= deadline_ns. May block: never called on a compute thread.
  virtual void sleep_until_ns(int64_t deadline_ns) = 0;

  double now_seconds() const { return static_cast<double>(now_ns()) * 1e-9; }
  /// The machine's monotonic clock.
  static Clock& system();
};

}  // namespace penstock
