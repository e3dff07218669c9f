// The tests' time: it moves only when nothing can run.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "engine/base/clock.h"

namespace penstock::test {

/// A clock that jumps. Threads that the test cares about register with a `Running`; as soon as all of them sleep on the
/// clock, stand in an `Idle` scope, or have ended, time jumps to the earliest deadline that anyone sleeps for. Threads
/// that do not register may sleep too: they neither hold time back while they run nor are waited for after waking.
/// Thread-safe.
class FakeClock final : public Clock {
 public:
  enum class Jumps {
    kWhenIdle,  ///< as said above
    kNever,     ///< only advance() moves it
  };
  explicit FakeClock(Jumps jumps = Jumps::kWhenIdle, int64_t start_ns = 0) : jumps_(jumps), now_ns_(start_ns) {}

  int64_t now_ns() const override;
  void sleep_until_ns(int64_t deadline_ns) override;
  /// Moves time by hand and wakes who is due.
  void advance(int64_t by_ns);
  /// Blocks (really) until that many threads sleep on the clock.
  void wait_for_sleepers(size_t count);

  /// The calling thread can run: time stands still, until it sleeps on the clock. On its own thread's stack.
  class Running {
   public:
    explicit Running(FakeClock& clock);
    ~Running();
    Running(const Running&) = delete;

   private:
    FakeClock& clock_;
  };
  /// The calling thread, which is Running, blocks on something else than the clock in this scope.
  class Idle {
   public:
    explicit Idle(FakeClock& clock);
    ~Idle();
    Idle(const Idle&) = delete;

   private:
    FakeClock& clock_;
  };

 private:
  struct Sleeper {
    int64_t deadline_ns;
    bool registered;
    bool due = false;
  };
  void wake_due();
  void jump_if_idle();

  const Jumps jumps_;
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  std::condition_variable slept_;
  int64_t now_ns_;
  size_t running_ = 0;                            ///< registered threads that can run
  size_t waking_ = 0;                             ///< sleepers that are due but have not returned yet
  std::map<std::thread::id, size_t> registered_;  ///< by thread: 1
  std::list<Sleeper> sleepers_;
};

}  // namespace penstock::test
