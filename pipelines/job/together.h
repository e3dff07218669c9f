// The processes of a job as its loops see them: what one of them meets, all of them act on.
#pragma once

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/mpi/process_group.h"
#include "engine/run/report.h"
#include "engine/run/run.h"

namespace penstock {

/// Over a ProcessGroup, or alone (null): then every call is that of the one process, and costs nothing. All processes make the same calls
/// in the same order. One thread.
///
/// So what fails in one process alone must not take it out of the order of calls, but for the end of the program, which ends the others
/// (ProcessGroup::abort). What is to be kept or said before that is agreed upon: the failure is brought to the next require_none(). A process
/// whose group is broken is alone in any() and require_none(); other calls throw.
class Together {
 public:
  /// A call of all processes. Copies share what it makes.
  explicit Together(ProcessGroup* group = nullptr)
      : group_(group), sums_(group != nullptr ? group->make_collective() : nullptr) {}

  uint32_t rank() const { return group_ ? group_->rank() : 0; }
  uint32_t size() const { return group_ ? group_->size() : 1; }
  /// The one that writes files and speaks.
  bool is_root() const { return rank() == 0; }
  ProcessGroup* group() const { return group_; }

  /// Sums over the processes, of all values.
  void sum(std::vector<double>& values);
  /// Whether any process says so, for each of `signs`.
  std::vector<bool> any(std::vector<bool> signs);
  /// `failure` is this process's, if any. Where any process has one, all throw: this one its own, the others one that names each process that
  /// failed and what it said, with the code and the hint of the first.
  void require_none(const std::optional<Error>& failure);
  /// Does `work` at the root; the others wait for it. What fails there fails in all.
  template <class Work>
  void at_root(Work&& work);
  /// Error kUsage in all where `text` differs between them.
  void require_same(const std::string& what, const std::string& text, const std::string& hint);

  /// Whether the Error that is thrown now is thrown in all processes: those of require_none(), at_root() and require_same(), before the next
  /// call. Also where there is nobody else (any more).
  bool fails_in_all() const { return group_ == nullptr || group_->is_broken() || group_->expects_ends(); }
  /// All processes throw an Error now, also if there were calls since they agreed to.
  void fail_in_all() {
    if (group_ != nullptr) group_->expect_ends();
  }

  /// At the root each process's bytes, elsewhere nothing; alone the one's own.
  std::vector<std::string> gather(std::string bytes);
  std::string broadcast(std::string bytes);
  /// The root's.
  uint64_t number(uint64_t value);

  /// Counts of records and bytes become those of all processes; times and stages stay this one's.
  void add_up(Report& report);

  /// This process's share of a run.
  RunOptions share(RunOptions options) const;

 private:
  ProcessGroup* group_;
  std::shared_ptr<Collective> sums_;
};

/// What `work` throws, as an Error.
template <class Work>
std::optional<Error> failure_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) { return error; } catch (const std::bad_alloc&) {
    return Error(Code::kMemory, "memory ran out").hint("lower budget.ram, the batch or --threads");
  }
  return std::nullopt;
}

template <class Work>
void Together::at_root(Work&& work) {
  std::optional<Error> failure;
  if (is_root()) failure = failure_of(work);
  require_none(failure);
}

}  // namespace penstock
