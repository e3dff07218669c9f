#include "engine/mpi/mpi_waits.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"

namespace penstock::mpi {
namespace {

// A wait polls that often before it sleeps between polls: short ones are over by then.
constexpr int kPolls = 500;
constexpr std::chrono::microseconds kSleep{50};
// The others are told of a wait that is longer than this, or than a quarter of the timeout.
constexpr double kTellSeconds = 1;
constexpr int kNoticeTag = 1;

}  // namespace

void require(int code, const std::string& what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error(Code::kIo, "MPI: " + what + " failed: " + std::string(text, static_cast<size_t>(length)))
      .hint("mpirun says more above; a training goes on from its checkpoint with --resume auto");
}

Waits::Waits(double timeout_seconds) : timeout_seconds_(timeout_seconds) {
  require(MPI_Comm_dup(MPI_COMM_WORLD, &comm_), "MPI_Comm_dup");
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
  last_.resize(static_cast<size_t>(size_));
}

void Waits::require_whole(const Call& call) const {
  if (!broken_) return;
  const std::lock_guard lock(mutex_);
  throw Error(Code::kIo, "MPI: no " + call.what + " any more: " + why_broken_);
}

void Waits::finish(MPI_Request& request, const Call& call, std::shared_ptr<const void> buffers, int peer) {
  expects_ends_ = false;
  const double began = Clock::system().now_seconds();
  bool told = false;
  for (int polls = 0;; ++polls) {
    if (broken_) give_up(call, std::move(buffers), peer);  // nobody lets MPI go on any more
    int done = 0;
    if (const int code = MPI_Test(&request, &done, MPI_STATUS_IGNORE); code != MPI_SUCCESS) {
      break_off(std::move(buffers), call.what + " failed");
      require(code, call.what);
    }
    if (done != 0) return;
    if (polls < kPolls) {
      std::this_thread::yield();
      continue;
    }
    std::this_thread::sleep_for(kSleep);
    const double waited = Clock::system().now_seconds() - began, timeout = timeout_seconds_;
    if (!told && waited > std::min(kTellSeconds, timeout / 4)) {
      tell(call);
      told = true;
    }
    if (waited > timeout) give_up(call, std::move(buffers), peer);
  }
}

void Waits::tell(const Call& call) {
  const std::lock_guard lock(mutex_);
  listen();
  std::erase_if(sent_, [](Sent& sent) {
    int done = 0;
    return MPI_Test(&sent.request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && done != 0;
  });
  for (int r = 0; r < size_; ++r) {
    if (r == rank_) continue;
    Sent& sent = sent_.emplace_back();
    sent.notice.line = call.line;
    sent.notice.number = call.number;
    call.what.copy(sent.notice.what, sizeof sent.notice.what - 1);
    if (MPI_Isend(&sent.notice, sizeof sent.notice, MPI_BYTE, r, kNoticeTag, comm_, &sent.request) != MPI_SUCCESS)
      sent_.pop_back();
  }
}

/// Under the mutex. What cannot be read was not heard: the Error of the call that waits is what counts.
void Waits::listen() {
  for (;;) {
    int there = 0;
    MPI_Status status;
    if (MPI_Iprobe(MPI_ANY_SOURCE, kNoticeTag, comm_, &there, &status) != MPI_SUCCESS || there == 0) return;
    Notice notice;
    if (MPI_Recv(&notice, sizeof notice, MPI_BYTE, status.MPI_SOURCE, kNoticeTag, comm_, MPI_STATUS_IGNORE) !=
        MPI_SUCCESS)
      return;
    uint64_t& newest = heard_[{status.MPI_SOURCE, notice.line}];
    newest = std::max(newest, notice.number);
    last_[static_cast<size_t>(status.MPI_SOURCE)] = notice;
  }
}

/// Who is not known to have come to this call, and where each was heard of last.
std::string Waits::missing(const Call& call, int peer) {
  const std::lock_guard lock(mutex_);
  listen();
  std::string text;
  for (int r = 0; r < size_; ++r) {
    if (r == rank_ || (peer >= 0 && r != peer)) continue;
    const auto heard = heard_.find({r, call.line});
    if (heard != heard_.end() && heard->second >= call.number) continue;
    const auto& last = last_[static_cast<size_t>(r)];
    text += (text.empty() ? "process " : ", process ") + std::to_string(r) +
            (last ? " (which waited in " + std::string(last->what) + " when it was heard of last)" : "");
  }
  return text.empty() ? "the other processes, which wait in it too" : text;
}

/// False where the group was broken before, for another reason.
bool Waits::break_off(std::shared_ptr<const void> buffers, const std::string& why) {
  const std::lock_guard lock(mutex_);
  kept_.push_back(std::move(buffers));
  if (broken_) return false;
  why_broken_ = why;
  broken_ = true;
  return true;
}

void Waits::give_up(const Call& call, std::shared_ptr<const void> buffers, int peer) {
  const std::string why = call.what + " waited " + duration_text(timeout_seconds_) + " for " + missing(call, peer);
  if (!break_off(std::move(buffers), why))
    throw Error(Code::kIo, "MPI: " + call.what + " was given up: " + why_broken_);
  throw Error(Code::kIo, "MPI: " + why)
      .hint("does a process hang, or is the network between the machines cut? lanes.timeout says how long to wait");
}

}  // namespace penstock::mpi
