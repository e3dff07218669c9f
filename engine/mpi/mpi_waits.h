// How calls of MPI wait for the other processes, and what is known of those that do not come. Included by the files of this folder alone.
#pragma once

#include <mpi.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace penstock::mpi {

/// Throws Error kIo where MPI says that `what` failed.
void require(int code, const std::string& what);

/// A call that all processes make. They count calls alike: this is the `number`-th of its line.
struct Call {
  uint32_t line = 0;  ///< the group's own, or that of a Collective, in the order of making
  uint64_t number = 0;
  std::string what;
};

/// Shared by a group and its collectives. Who waits for long tells the others in which call, so that who gives up can say who did not come
/// to it. Once a call was given up the group is broken: what other threads wait for is given up too, and later calls fail at once. Thread-safe.
class Waits {
 public:
  /// A call of all processes.
  explicit Waits(double timeout_seconds);

  void set_timeout(double seconds) { timeout_seconds_ = seconds; }
  uint32_t next_line() { return lines_++; }

  /// Before a call is made. Error kIo where the group is broken.
  void require_whole(const Call& call) const;
  /// Waits until `request` is done, and lets the core to others meanwhile. Error kIo past the timeout. MPI may use `buffers` even then, so
  /// they live on here. `peer`: the one process that it waits for; -1: all.
  void finish(MPI_Request& request, const Call& call, std::shared_ptr<const void> buffers, int peer = -1);

  bool is_broken() const { return broken_; }
  void expect_ends() { expects_ends_ = true; }
  bool expects_ends() const { return expects_ends_ && !broken_; }

 private:
  struct Notice {
    uint32_t line = 0;
    uint64_t number = 0;
    char what[48] = {};
  };
  struct Sent {
    Notice notice;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  void tell(const Call& call);
  void listen();
  std::string missing(const Call& call, int peer);
  bool break_off(std::shared_ptr<const void> buffers, const std::string& why);
  [[noreturn]] void give_up(const Call& call, std::shared_ptr<const void> buffers, int peer);

  MPI_Comm comm_ = MPI_COMM_NULL;  ///< of the notices
  int rank_ = 0, size_ = 1;
  std::atomic<double> timeout_seconds_;
  std::atomic<uint32_t> lines_{0};
  std::atomic<bool> broken_{false}, expects_ends_{false};

  mutable std::mutex mutex_;
  std::string why_broken_;  ///< set once
  std::vector<std::shared_ptr<const void>> kept_;
  std::list<Sent> sent_;
  std::map<std::pair<int, uint32_t>, uint64_t> heard_;  ///< the newest number of each process and line
  std::vector<std::optional<Notice>> last_;             ///< of each process
};

}  // namespace penstock::mpi
