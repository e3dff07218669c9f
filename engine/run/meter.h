// Where a run's time goes: thread-time of the compute threads split into busy, starved and blocked.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>

#include "engine/base/clock.h"
#include "engine/run/report.h"

namespace penstock {

/// Integrates over time how many compute threads have nothing to do, and why: while bytes are on their way (or nothing
/// else is the reason) they are starved; while the admission of work waits for room and no bytes are on their way, they
/// are blocked. Thread-safe; a few updates a slice.
class Meter {
 public:
  Meter(Clock& clock, unsigned threads)
      : clock_(clock), threads_(threads), start_ns_(clock.now_ns()), last_ns_(start_ns_) {}

  void task_started() {
    change([&] { ++tasks_; });
  }
  void task_ended() {
    change([&] { --tasks_; });
  }
  void reads_started(int64_t n = 1) {
    change([&] { reads_ += n; });
  }
  void read_ended(int64_t busy_ns) {
    change([&] { --reads_; });
    const std::lock_guard lock(mutex_);
    read_busy_ns_ += busy_ns;
  }
  void room_wait_began() {
    change([&] {
      waits_for_room_ = true;
      room_since_ns_ = last_ns_;
    });
  }
  void room_wait_ended() {
    change([&] {
      waits_for_room_ = false;
      room_ns_ += last_ns_ - room_since_ns_;
    });
  }
  /// All is admitted: from now on idle threads are neither starved nor blocked.
  void admission_ended() {
    change([&] { drained_ = true; });
  }
  void batch_ready() {
    change([&] { ++ready_; });
  }
  void batch_taken() {
    change([&] { --ready_; });
  }

  struct Sums {
    double elapsed = 0, starved = 0, blocked = 0, read_busy = 0, room = 0, ready_mean = 0;
  };
  Sums sums() const {
    const std::lock_guard lock(mutex_);
    const double elapsed = static_cast<double>(last_ns_ - start_ns_) * 1e-9;
    return {elapsed,
            starved_ns_ * 1e-9,
            blocked_ns_ * 1e-9,
            static_cast<double>(read_busy_ns_) * 1e-9,
            static_cast<double>(room_ns_) * 1e-9,
            elapsed > 0 ? ready_ns_ * 1e-9 / elapsed : 0};
  }
  int64_t start_ns() const { return start_ns_; }

 private:
  template <class F>
  void change(F what) {
    const std::lock_guard lock(mutex_);
    const int64_t now = std::max(clock_.now_ns(), last_ns_);
    const auto span = static_cast<double>(now - last_ns_);
    const auto idle = static_cast<double>(std::max<int64_t>(0, int64_t{threads_} - tasks_));
    if (!drained_ || reads_ > 0) (waits_for_room_ && reads_ == 0 ? blocked_ns_ : starved_ns_) += idle * span;
    ready_ns_ += static_cast<double>(ready_) * span;
    last_ns_ = now;
    what();
  }

  Clock& clock_;
  const unsigned threads_;
  const int64_t start_ns_;
  mutable std::mutex mutex_;
  int64_t last_ns_;
  int64_t tasks_ = 0, reads_ = 0, ready_ = 0;
  bool waits_for_room_ = false, drained_ = false;
  int64_t read_busy_ns_ = 0, room_ns_ = 0, room_since_ns_ = 0;
  double starved_ns_ = 0, blocked_ns_ = 0, ready_ns_ = 0;
};

}  // namespace penstock
