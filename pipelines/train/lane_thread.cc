#include "pipelines/train/lane_thread.h"

#include <utility>

namespace penstock::train {

LaneThread::LaneThread() : thread_([this](const std::stop_token& stop) { serve(stop); }) {}

void LaneThread::start(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  work_ = std::move(work);
  changed_.notify_all();
}

void LaneThread::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !work_; });
}

void LaneThread::serve(const std::stop_token& stop) {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return static_cast<bool>(work_); })) return;
    lock.unlock();
    work_();
    lock.lock();
    work_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace penstock::train
