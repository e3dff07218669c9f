#include "engine/mpi/process_group.h"

#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "engine/base/error.h"
#include "engine/mpi/mpi_collective.h"

namespace penstock {
namespace {

using mpi::Call;
using mpi::MpiCollective;
using mpi::require;
using mpi::Waits;

// Counts of MPI are ints.
constexpr size_t kLongestMessage = size_t{1} << 28;

class MpiGroup final : public ProcessGroup {
 public:
  explicit MpiGroup(double timeout_seconds) {
    // Large messages over TCP: sent (1), in place (8), and not "put" into the other's memory, which makes Open MPI 4.1 send and
    // receive in turn in place of at once. What the user set counts.
    setenv("OMPI_MCA_btl_tcp_flags", "9", 0);
    int provided = 0;
    if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS ||
        provided < MPI_THREAD_MULTIPLE)
      throw Error(Code::kIo, "this MPI serves one thread at a time (MPI_Init_thread), Penstock needs several")
          .hint("use Open MPI as Debian has it");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    waits_ = std::make_shared<Waits>(timeout_seconds);
    world_ = std::make_unique<MpiCollective>(waits_);
    line_ = waits_->next_line();
  }
  ~MpiGroup() override {
    if (waits_->is_broken()) {
      new std::shared_ptr<Waits>(waits_);  // MPI works on what it keeps until the process ends
      return;
    }
    world_.reset();
    MPI_Finalize();
  }

  uint32_t rank() const override { return world_->rank(); }
  uint32_t size() const override { return world_->size(); }
  std::unique_ptr<Collective> make_collective() override { return std::make_unique<MpiCollective>(waits_); }

  void set_timeout(double seconds) override { waits_->set_timeout(seconds); }
  bool is_broken() const override { return waits_->is_broken(); }
  void expect_ends() override { waits_->expect_ends(); }
  bool expects_ends() const override { return waits_->expects_ends(); }

  std::vector<std::string> gather(std::string_view bytes) override {
    std::vector<double> lengths(size());
    lengths[rank()] = static_cast<double>(bytes.size());
    world_->all_reduce_sum(std::span<double>(lengths));
    // MPI may use these after an Error, so they are shared with what waits.
    const auto all = std::make_shared<std::vector<std::string>>();
    const auto mine = std::make_shared<std::string>(bytes);
    if (rank() != 0) {
      for_messages(bytes.size(), mine, 0, [&](size_t at, int count, MPI_Request& request) {
        return MPI_Isend(mine->data() + at, count, MPI_BYTE, 0, kGatherTag, MPI_COMM_WORLD, &request);
      });
      return {};
    }
    all->push_back(*mine);
    for (uint32_t r = 1; r < size(); ++r) all->emplace_back(static_cast<size_t>(lengths[r]), '\0');
    for (uint32_t r = 1; r < size(); ++r) {
      std::string& theirs = (*all)[r];
      for_messages(theirs.size(), all, static_cast<int>(r), [&](size_t at, int count, MPI_Request& request) {
        return MPI_Irecv(theirs.data() + at, count, MPI_BYTE, static_cast<int>(r), kGatherTag, MPI_COMM_WORLD,
                         &request);
      });
    }
    return std::move(*all);
  }

  std::string broadcast(std::string bytes) override {
    double length = static_cast<double>(bytes.size());
    world_->broadcast(std::as_writable_bytes(std::span(&length, 1)), 0);
    bytes.resize(static_cast<size_t>(length));
    world_->broadcast(std::as_writable_bytes(std::span(bytes)), 0);
    return bytes;
  }

  void abort(int exit_code) override {
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::_Exit(exit_code);
  }

 private:
  static constexpr int kGatherTag = 1;

  template <class Start>
  void for_messages(size_t bytes, const std::shared_ptr<const void>& buffers, int peer, Start&& start) {
    for (size_t at = 0; at < bytes; at += kLongestMessage) {
      const Call call{.line = line_, .number = ++messages_[peer], .what = "gather"};
      waits_->require_whole(call);
      MPI_Request request;
      require(start(at, static_cast<int>(std::min(kLongestMessage, bytes - at)), request), call.what);
      waits_->finish(request, call, buffers, peer);
    }
  }

  std::shared_ptr<Waits> waits_;
  std::unique_ptr<MpiCollective> world_;
  uint32_t line_ = 0;                 ///< of messages between two processes
  std::map<int, uint64_t> messages_;  ///< with each
};

/// How many processes the environment says there are, and where; 0 where it says nothing.
std::pair<const char*, int> said_size() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const char* value = std::getenv(name)) return {name, std::atoi(value)};
  return {"", 0};
}

/// Open MPI's mpirun, srun with PMIx, and launchers that speak PMI.
bool was_launched() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE"})
    if (std::getenv(name) != nullptr) return true;
  return false;
}

}  // namespace

std::unique_ptr<ProcessGroup> join_processes(const ProcessOptions& options) {
  if (!was_launched()) return nullptr;
  auto group = std::make_unique<MpiGroup>(options.timeout_seconds);
  if (group->size() == 1) {
    if (const auto [name, said] = said_size(); said > 1)
      throw Error(Code::kUsage, std::string(name) + " says that " + std::to_string(said) +
                                    " processes started together, and Open MPI finds this one alone")
          .hint(std::string("start them with Open MPI's mpirun, or with srun --mpi=pmix; to work alone, unset ") +
                name);
    return nullptr;
  }
  return group;
}

void require_same(ProcessGroup& group, std::string_view what, std::string_view text, std::string_view hint) {
  std::string verdict;
  const std::vector<std::string> all = group.gather(text);
  for (size_t r = 1; r < all.size() && verdict.empty(); ++r) {
    if (all[r] != all[0])
      verdict = "process " + std::to_string(r) + " has another " + std::string(what) + " than process 0: '" + all[r] +
                "' and '" + all[0] + "'";
  }
  verdict = group.broadcast(std::move(verdict));
  if (verdict.empty()) return;
  group.expect_ends();
  throw Error(Code::kUsage, verdict).hint(std::string(hint));
}

}  // namespace penstock
