#include "engine/device/cpu_device.h"

#include <atomic>
#include <cstring>
#include <utility>

#include "engine/base/error.h"

namespace penstock {
namespace {

class FailedState final : public EventState {
 public:
  explicit FailedState(Error failure) : failure_(std::move(failure)) {}
  bool done() override { throw failure_; }
  void wait() override { throw failure_; }

 private:
  Error failure_;
};

class CpuStream final : public Stream {
 public:
  explicit CpuStream(Clock& clock) : clock_(clock) {}

  void copy(void* to, const void* from, uint64_t bytes) override {
    run([&] { std::memcpy(to, from, bytes); });
  }
  void launch(std::function<void()> work) override { run(work); }
  void record(Event& event) override { event.set(failure_); }
  void wait(const Event& event) override {
    attempt([&] { event.synchronize(); });
  }
  void synchronize() override {
    if (failure_) failure_->wait();
  }
  int64_t busy_ns() const override { return busy_ns_.load(); }

 private:
  template <typename Work>
  void run(const Work& work) {
    const int64_t begin = clock_.now_ns();
    attempt(work);
    busy_ns_ += clock_.now_ns() - begin;
  }
  template <typename Work>
  void attempt(const Work& work) {
    if (failure_) return;
    try {
      work();
    } catch (const Error& e) {
      fail(e.code() == Code::kDevice ? e : Error(Code::kDevice, std::string("work on cpu failed: ") + e.what()));
    } catch (const std::exception& e) { fail(Error(Code::kDevice, std::string("work on cpu failed: ") + e.what())); }
  }
  void fail(Error failure) { failure_ = std::make_shared<FailedState>(std::move(failure)); }

  Clock& clock_;
  std::atomic<int64_t> busy_ns_{0};
  std::shared_ptr<FailedState> failure_;
};

class CpuDevice final : public Device {
 public:
  CpuDevice(uint64_t memory_bytes, Clock& clock) : clock_(clock), budgets_(Need::ram(memory_bytes)) {}

  std::string_view name() const override { return "cpu"; }
  Tier tier() const override { return Tier::kRam; }
  uint64_t memory_limit() const override { return budgets_.limit(Tier::kRam); }
  Budgets& budgets() override { return budgets_; }
  using Device::allocate;
  DeviceBuffer allocate(uint64_t bytes, Credit credit) override { return {std::move(credit), Buffer(bytes)}; }
  std::unique_ptr<Stream> make_stream() override { return std::make_unique<CpuStream>(clock_); }

 private:
  Clock& clock_;
  Budgets budgets_;
};

}  // namespace

std::unique_ptr<Device> make_cpu_device(uint64_t memory_bytes, Clock& clock) {
  return std::make_unique<CpuDevice>(memory_bytes, clock);
}

}  // namespace penstock
