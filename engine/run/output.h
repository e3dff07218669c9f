// Batches that are done and in order, waiting for their consumers; and what ended the run.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/data/batch.h"

namespace penstock {

/// One queue a consumer. Unbounded: the budget bounds the batches in it. Thread-safe.
class Output {
 public:
  explicit Output(size_t consumers) : queues_(consumers) {}

  /// Keeps no reference of its own: from here on a batch is alive as long as its consumers want.
  void push(Batch batch) {
    {
      const std::lock_guard lock(mutex_);
      for (size_t i = 1; i < queues_.size(); ++i) queues_[i].push_back(batch);
      queues_[0].push_back(std::move(batch));
    }
    wake_.notify_all();
  }

  /// After the last batch.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    wake_.notify_all();
  }

  /// The first failure counts; batches made before it are still handed out.
  void fail(std::exception_ptr error) {
    {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::move(error);
    }
    wake_.notify_all();
  }

  void wake() {
    { const std::lock_guard lock(mutex_); }
    wake_.notify_all();
  }

  /// The next batch; an empty one at the end. `stuck` (called under the lock) says that none can ever come.
  template <class Stuck>
  Batch pop(size_t consumer, Stuck stuck) {
    std::unique_lock lock(mutex_);
    std::deque<Batch>& queue = queues_.at(consumer);
    wake_.wait(lock, [&] { return !queue.empty() || error_ || closed_ || stuck(); });
    if (!queue.empty()) {
      Batch batch = std::move(queue.front());
      queue.pop_front();
      return batch;
    }
    if (error_) std::rethrow_exception(error_);
    if (closed_) return Batch();
    throw Error(Code::kMemory, "no batch can follow: the consumer holds all that the budget allows")
        .hint("give a batch back before asking for the next, or raise the budget or batches_in_flight");
  }

  /// Throws what is waiting: batches that nobody will take.
  void clear() {
    std::vector<std::deque<Batch>> old(queues_.size());
    const std::lock_guard lock(mutex_);
    old.swap(queues_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::deque<Batch>> queues_;
  std::exception_ptr error_;
  bool closed_ = false;
};

}  // namespace penstock
