#include "engine/device/sim_device.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "engine/base/error.h"

namespace penstock {
namespace {

class SimEvent final : public EventState {
 public:
  bool done() override {
    const std::lock_guard lock(mutex_);
    if (failure_) throw *failure_;
    return done_;
  }
  void wait() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_; });
    if (failure_) throw *failure_;
  }
  void finish(int64_t end_ns, const std::optional<Error>& failure) {
    const std::lock_guard lock(mutex_);
    done_ = true;
    end_ns_ = end_ns;
    failure_ = failure;
    changed_.notify_all();
  }
  /// When it was done, on the timeline; after wait().
  int64_t end_ns() const { return end_ns_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  int64_t end_ns_ = 0;
  std::optional<Error> failure_;
};

struct Work {
  std::function<void()> run = {};  ///< set: a copy or a launch
  int64_t cost_ns = 0;
  std::shared_ptr<SimEvent> record = {};
  std::shared_ptr<EventState> wait = {};
  int64_t queued_ns = 0;
};

class SimStream final : public TimedStream {
 public:
  SimStream(const SimOptions& options, std::string device, Clock& clock)
      : options_(options), device_(std::move(device)), clock_(clock), thread_([this] { serve(); }) {}
  ~SimStream() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void copy(void* to, const void* from, uint64_t bytes) override {
    const double rate = options_.copy_bytes_per_second;
    const auto cost_ns = rate > 0 ? static_cast<int64_t>(static_cast<double>(bytes) / rate * 1e9) : 0;
    queue({.run = [=] { std::memcpy(to, from, bytes); }, .cost_ns = cost_ns});
  }
  void launch(std::function<void()> work) override { launch_for(options_.launch_ns, std::move(work)); }
  void launch_for(int64_t ns, std::function<void()> work) override { queue({.run = std::move(work), .cost_ns = ns}); }
  void record(Event& event) override {
    auto state = std::make_shared<SimEvent>();
    event.set(state);
    queue({.record = std::move(state)});
  }
  void wait(const Event& event) override {
    if (event.state()) queue({.wait = event.state()});
  }
  void synchronize() override {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return queue_.empty() && !working_; });
    if (failure_) throw *failure_;
  }
  int64_t busy_ns() const override { return busy_ns_.load(); }

 private:
  void queue(Work work) {
    work.queued_ns = clock_.now_ns();
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
    }
    changed_.notify_all();
  }

  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      Work work = std::move(queue_.front());
      queue_.pop_front();
      working_ = true;
      lock.unlock();
      serve(work);
      work = {};  // what it holds dies before synchronize() returns
      lock.lock();
      working_ = false;
      if (queue_.empty()) idle_.notify_all();
    }
  }

  void serve(const Work& work) {
    end_ns_ = std::max(end_ns_, work.queued_ns);
    if (work.record) {
      work.record->finish(end_ns_, failed());
    } else if (work.wait) {
      attempt([&] { work.wait->wait(); });
      const auto* sim = dynamic_cast<const SimEvent*>(work.wait.get());
      end_ns_ = std::max(end_ns_, sim ? sim->end_ns() : clock_.now_ns());
    } else if (!failed()) {
      const int64_t begin = clock_.now_ns();
      attempt(work.run);
      const int64_t real_ns = options_.count_real_work ? clock_.now_ns() - begin : 0;
      const int64_t cost_ns = std::max(work.cost_ns, real_ns);
      end_ns_ += cost_ns;
      busy_ns_ += cost_ns;
      clock_.sleep_until_ns(end_ns_);
    }
  }

  template <typename Call>
  void attempt(const Call& call) {
    if (failed()) return;
    try {
      call();
    } catch (const Error& e) {
      fail(e.code() == Code::kDevice ? e : Error(Code::kDevice, "work on " + device_ + " failed: " + e.what()));
    } catch (const std::exception& e) { fail(Error(Code::kDevice, "work on " + device_ + " failed: " + e.what())); }
  }
  void fail(Error failure) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }
  std::optional<Error> failed() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

  const SimOptions options_;
  const std::string device_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;  ///< there is work, or none will come
  std::condition_variable idle_;
  std::deque<Work> queue_;
  bool working_ = false;
  bool closing_ = false;
  std::optional<Error> failure_;
  std::atomic<int64_t> busy_ns_{0};
  int64_t end_ns_ = 0;  ///< of the timeline; the thread's own
  std::thread thread_;  ///< last: everything else is there when it starts
};

class SimDevice final : public Device {
 public:
  SimDevice(const SimOptions& options, Clock& clock)
      : options_(options),
        name_("sim:" + std::to_string(options.index)),
        clock_(clock),
        budgets_(Need::of(Tier::kGpu, options.memory_bytes)) {}

  std::string_view name() const override { return name_; }
  Tier tier() const override { return Tier::kGpu; }
  uint64_t memory_limit() const override { return options_.memory_bytes; }
  Budgets& budgets() override { return budgets_; }
  using Device::allocate;
  DeviceBuffer allocate(uint64_t bytes, Credit credit) override { return {std::move(credit), Buffer(bytes)}; }
  std::unique_ptr<Stream> make_stream() override { return std::make_unique<SimStream>(options_, name_, clock_); }

 private:
  const SimOptions options_;
  const std::string name_;
  Clock& clock_;
  Budgets budgets_;
};

}  // namespace

std::unique_ptr<TimedStream> make_timed_stream(const SimOptions& options, std::string device, Clock& clock) {
  return std::make_unique<SimStream>(options, std::move(device), clock);
}

std::unique_ptr<Device> make_sim_device(const SimOptions& options, Clock& clock) {
  return std::make_unique<SimDevice>(options, clock);
}

}  // namespace penstock
