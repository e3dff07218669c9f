#include "stages/learn/rows_ahead.h"

#include <ATen/Context.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/base/clock.h"

namespace penstock::learn {

void RowsAhead::push(const TableRows& rows, uint64_t step) {
  auto job = std::make_shared<Job>(Job{.rows = std::make_unique<BroughtRows>(store_, compute_, rows, step)});
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_all();
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

std::unique_ptr<BroughtRows> RowsAhead::take(const TableRows& rows, uint64_t step) {
  if (jobs_.empty()) return nullptr;
  if (jobs_.front()->rows->step() != step || !jobs_.front()->rows->is_of(rows)) {
    forget();
    return nullptr;
  }
  std::unique_lock lock(mutex_);
  const std::shared_ptr<Job> job = jobs_.front();
  changed_.wait(lock, [&] { return job->stage == Stage::kDone || job->stage == Stage::kVoid; });
  jobs_.pop_front();
  return job->stage == Stage::kDone ? std::move(job->rows) : nullptr;
}

void RowsAhead::forget() {
  std::unique_lock lock(mutex_);
  const std::deque<std::shared_ptr<Job>> old = std::exchange(jobs_, {});
  for (const auto& job : old) changed_.wait(lock, [&] { return job->stage != Stage::kWorks; });
  lock.unlock();  // then they die
}

double RowsAhead::busy_seconds() const {
  const std::lock_guard lock(mutex_);
  return busy_seconds_;
}

void RowsAhead::serve(const std::stop_token& stop) {
  at::globalContext().setFlushDenormal(true);  // as in the learner's thread: rows are the same bits whoever reads them
  std::unique_lock lock(mutex_);
  for (;;) {
    std::shared_ptr<Job> job;
    const auto next = [&] {
      const auto found = std::ranges::find(jobs_, Stage::kWaits, [](const auto& j) { return j->stage; });
      if (found != jobs_.end()) job = *found;
      return job != nullptr;
    };
    if (!changed_.wait(lock, stop, next)) return;
    job->stage = Stage::kWorks;
    lock.unlock();
    const double began = Clock::system().now_seconds();
    bool is_there = false;
    try {
      is_there = job->rows->read_ahead();
    } catch (const std::exception&) {}  // the step does it itself, and says what is wrong
    const double took = Clock::system().now_seconds() - began;
    lock.lock();
    job->stage = is_there ? Stage::kDone : Stage::kVoid;
    busy_seconds_ += took;
    changed_.notify_all();
  }
}

}  // namespace penstock::learn
