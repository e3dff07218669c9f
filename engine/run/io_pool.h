// Threads that may wait for disks, so that compute threads need not (law 4).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace penstock {

/// Runs jobs first come, first served on `threads` threads. Jobs must not throw. stop() drops what has not begun.
class IoPool {
 public:
  explicit IoPool(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this](std::stop_token stop) { serve(stop); });
  }
  ~IoPool() { stop(); }

  void submit(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

  void stop() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();  // joins
    const std::lock_guard lock(mutex_);
    jobs_.clear();
  }

 private:
  void serve(std::stop_token stop) {
    for (;;) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex_);
        if (!wake_.wait(lock, stop, [&] { return !jobs_.empty(); }) || stop.stop_requested()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::jthread> threads_;
};

}  // namespace penstock
