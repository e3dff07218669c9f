// The thread of a lane.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace penstock::train {

/// Does one piece of work after the other. Torch keeps a pool for each thread that calls it, so it is always the same one. Used by one thread.
class LaneThread {
 public:
  LaneThread();

  /// Not before wait() after the one before. It must not throw.
  void start(std::function<void()> work);
  void wait();

 private:
  void serve(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::function<void()> work_;
  std::jthread thread_;  ///< last: it uses the others
};

}  // namespace penstock::train
