// The processes that mpirun started together, one a machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/device/collective.h"

namespace penstock {

/// All processes make the same calls in the same order. Error kIo where the others do not come in time (says which, as far as it is known) or
/// the network fails; the group is broken then: all calls of it fail, and abort() is the only end.
/// One thread at a time for the group; each Collective of it has one of its own.
class ProcessGroup {
 public:
  /// Waits until all processes have come to their ends: one that fails alone, or whose group is broken, calls abort() instead.
  virtual ~ProcessGroup() = default;

  virtual uint32_t rank() const = 0;
  virtual uint32_t size() const = 0;
  /// A Collective whose calls do not mix with those of others; memory of the host. It must die before the group.
  virtual std::unique_ptr<Collective> make_collective() = 0;
  /// At rank 0 the bytes of each rank, by rank; elsewhere nothing.
  virtual std::vector<std::string> gather(std::string_view bytes) = 0;
  /// What rank 0 gave.
  virtual std::string broadcast(std::string bytes) = 0;
  /// What calls from now on wait for the other processes, those of its collectives too.
  virtual void set_timeout(double seconds) = 0;
  virtual bool is_broken() const = 0;
  /// All processes know that all of them end now, each by itself: nobody need end the others. Holds until the next call.
  virtual void expect_ends() = 0;
  virtual bool expects_ends() const = 0;
  /// Ends all processes at once; mpirun ends with `exit_code`.
  [[noreturn]] virtual void abort(int exit_code) = 0;
};

struct ProcessOptions {
  double timeout_seconds = 1800;  ///< that a call waits for the other processes
};

/// The group of this process; null where it was not started by mpirun or srun, or alone. Once a process.
std::unique_ptr<ProcessGroup> join_processes(const ProcessOptions& options = {});

/// Error kUsage, in all processes, where `text` differs between them: `what` ("the recipe") names it, with rank 0's and the first other
/// rank's text. Texts should be short, such as digests.
void require_same(ProcessGroup& group, std::string_view what, std::string_view text, std::string_view hint);

}  // namespace penstock
