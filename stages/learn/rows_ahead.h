// A thread that brings the rows of coming batches while the learner is at work on the one before.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "stages/learn/brought_rows.h"

namespace penstock::learn {

/// Batches in the order of their steps; one thread brings them one after the other. Called by one thread at a time.
class RowsAhead {
 public:
  /// Both must outlive it. The thread starts with the first batch.
  RowsAhead(RowStore& store, const Compute& compute) : store_(store), compute_(compute) {}
  ~RowsAhead() { forget(); }

  /// The batch behind those that were pushed and not taken; the first of them is that of step `first`.
  void push(const TableRows& rows, uint64_t first);
  /// The rows of the batch of this step, where they were brought for it: waits until they are, and their catch_up() is the caller's. Null where they could not be, where the
  /// batch was not pushed, or where it was counted for another step (one before it was not pushed, or not taken): those behind it are counted from here then and read
  /// again, so that bringing ahead goes on.
  std::unique_ptr<BroughtRows> take(const TableRows& rows, uint64_t step);
  /// Waits for what is being read, and lets everything go.
  void forget();
  /// Time that the thread was at work.
  double busy_seconds() const;

 private:
  enum class Stage : uint8_t { kWaits, kWorks, kDone, kVoid };
  struct Job {
    std::unique_ptr<BroughtRows> rows;
    Stage stage = Stage::kWaits;
  };
  void begin(std::unique_ptr<BroughtRows> rows);
  void begin_again(uint64_t step);
  std::deque<std::shared_ptr<Job>> let_go(size_t count);
  void serve(const std::stop_token& stop);

  RowStore& store_;
  const Compute& compute_;
  mutable std::mutex
      mutex_;  ///< of the jobs' stages and busy_seconds_; jobs_ is changed by the caller's thread alone, which holds it then
  std::condition_variable_any changed_;
  std::deque<std::shared_ptr<Job>> jobs_;
  double busy_seconds_ = 0;
  std::jthread thread_;  ///< last: it uses the others
};

}  // namespace penstock::learn
