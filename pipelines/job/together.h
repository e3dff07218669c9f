// The processes of a job as its loops see them: what one of them meets, all of them act on.
#pragma once

#include <memory>
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
  /// `failure` is this process's, if any. Where any process has one, all throw: this one its own, the others one that names the process and
  /// what it said.
  void require_none(const std::optional<Error>& failure);
  /// Does `work` at the root; the others wait for it. What fails there fails in all.
  template <class Work>
  void at_root(Work&& work);
  /// Error kUsage in all where `text` differs between them.
  void require_same(const std::string& what, const std::string& text, const std::string& hint);

  /// At the root each process's bytes, elsewhere nothing; alone the one's own.
  std::vector<std::string> gather(std::string bytes);
  std::string broadcast(std::string bytes);
  /// The root's.
  uint64_t number(uint64_t value);
  void barrier();

  /// Counts of records and bytes become those of all processes; times and stages stay this one's.
  void add_up(Report& report);

  /// This process's share of a run.
  RunOptions share(RunOptions options) const;

 private:
  ProcessGroup* group_;
  std::shared_ptr<Collective> sums_;
};

template <class Work>
void Together::at_root(Work&& work) {
  std::optional<Error> failure;
  if (is_root()) {
    try {
      work();
    } catch (const Error& error) { failure = error; }
  }
  require_none(failure);
}

}  // namespace penstock
