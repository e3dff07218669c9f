#include "engine/base/clock.h"

#include <chrono>
#include <thread>

namespace penstock {
namespace {

class SystemClock final : public Clock {
 public:
  int64_t now_ns() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  void sleep_until_ns(int64_t deadline_ns) override {
    std::this_thread::sleep_until(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns)));
  }
};

}  // namespace

Clock& Clock::system() {
  static SystemClock clock;  // stateless
  return clock;
}

}  // namespace penstock
