#include "tests/support/fake_clock.h"

#include <algorithm>

#include "engine/base/error.h"

namespace penstock::test {

int64_t FakeClock::now_ns() const {
  const std::lock_guard lock(mutex_);
  return now_ns_;
}

void FakeClock::sleep_until_ns(int64_t deadline_ns) {
  std::unique_lock lock(mutex_);
  if (deadline_ns <= now_ns_) return;
  const bool registered = registered_.count(std::this_thread::get_id()) != 0;
  const auto self = sleepers_.insert(sleepers_.end(), Sleeper{deadline_ns, registered});
  if (registered) --running_;
  slept_.notify_all();
  jump_if_idle();
  woken_.wait(lock, [&] { return self->due; });
  sleepers_.erase(self);
  --waking_;
  jump_if_idle();
}

void FakeClock::advance(int64_t by_ns) {
  const std::lock_guard lock(mutex_);
  now_ns_ += by_ns;
  wake_due();
}

void FakeClock::wait_for_sleepers(size_t count) {
  std::unique_lock lock(mutex_);
  slept_.wait(lock, [&] {
    return static_cast<size_t>(
               std::count_if(sleepers_.begin(), sleepers_.end(), [](const Sleeper& s) { return !s.due; })) >= count;
  });
}

void FakeClock::wake_due() {
  for (Sleeper& sleeper : sleepers_) {
    if (sleeper.due || sleeper.deadline_ns > now_ns_) continue;
    sleeper.due = true;
    ++waking_;
    if (sleeper.registered) ++running_;
  }
  woken_.notify_all();
}

void FakeClock::jump_if_idle() {
  if (jumps_ == Jumps::kNever || running_ > 0 || waking_ > 0 || sleepers_.empty()) return;
  now_ns_ = std::min_element(sleepers_.begin(), sleepers_.end(), [](const Sleeper& a, const Sleeper& b) {
              return a.deadline_ns < b.deadline_ns;
            })->deadline_ns;
  wake_due();
}

FakeClock::Running::Running(FakeClock& clock) : clock_(clock) {
  const std::lock_guard lock(clock_.mutex_);
  PENSTOCK_CHECK(++clock_.registered_[std::this_thread::get_id()] == 1);
  ++clock_.running_;
}

FakeClock::Running::~Running() {
  const std::lock_guard lock(clock_.mutex_);
  clock_.registered_.erase(std::this_thread::get_id());
  --clock_.running_;
  clock_.jump_if_idle();
}

FakeClock::Idle::Idle(FakeClock& clock) : clock_(clock) {
  const std::lock_guard lock(clock_.mutex_);
  PENSTOCK_CHECK(clock_.registered_.count(std::this_thread::get_id()) == 1);
  --clock_.running_;
  clock_.jump_if_idle();
}

FakeClock::Idle::~Idle() {
  const std::lock_guard lock(clock_.mutex_);
  ++clock_.running_;
}

}  // namespace penstock::test
