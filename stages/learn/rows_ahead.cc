#include "stages/learn/rows_ahead.h"

#include <ATen/Context.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>

#include "engine/base/clock.h"

namespace penstock::learn {

void RowsAhead::push(const TableRows& rows, uint64_t first) {
  begin(std::make_unique<BroughtRows>(store_, compute_, rows, first + jobs_.size()));
}

void RowsAhead::begin(std::unique_ptr<BroughtRows> rows) {
  auto job = std::make_shared<Job>(Job{.rows = std::move(rows)});
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_all();
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

std::unique_ptr<BroughtRows> RowsAhead::take(const TableRows& rows, uint64_t step) {
  const auto before = [this](auto&& is_mine) {
    return static_cast<size_t>(std::ranges::find_if(jobs_, is_mine) - jobs_.begin());
  };
  const size_t mine = before([&](const auto& job) { return job->rows->is_of(rows); });
  if (mine ==
      jobs_
          .size()) {  // nobody pushed it; what waits may be for later steps than it says, which is seen when it is taken
    let_go(before([&](const auto& job) { return job->rows->step() >= step; }));
    return nullptr;
  }
  let_go(mine);
  const std::shared_ptr<Job> job = jobs_.front();
  if (job->rows->step() != step) {
    begin_again(step);
    return nullptr;
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return job->stage == Stage::kDone || job->stage == Stage::kVoid; });
  jobs_.pop_front();
  return job->stage == Stage::kDone ? std::move(job->rows) : nullptr;
}

/// The first batch is of this step, which reads its rows itself; those behind it are read again, as of the steps that follow.
void RowsAhead::begin_again(uint64_t step) {
  const std::deque<std::shared_ptr<Job>> old = let_go(jobs_.size());
  for (size_t i = 1; i < old.size(); ++i) begin(std::make_unique<BroughtRows>(*old[i]->rows, step + i));
}

/// The first `count`, in nobody's hands any more.
std::deque<std::shared_ptr<RowsAhead::Job>> RowsAhead::let_go(size_t count) {
  const auto end = jobs_.begin() + static_cast<std::ptrdiff_t>(count);
  std::unique_lock lock(mutex_);
  const std::deque<std::shared_ptr<Job>> out(jobs_.begin(), end);
  jobs_.erase(jobs_.begin(), end);
  for (const auto& job : out) changed_.wait(lock, [&] { return job->stage != Stage::kWorks; });
  return out;
}

void RowsAhead::forget() { let_go(jobs_.size()); }

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
