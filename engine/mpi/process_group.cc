#include "engine/mpi/process_group.h"

#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <thread>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"

namespace penstock {
namespace {

// Counts of MPI are ints.
constexpr size_t kLongestMessage = size_t{1} << 28;
// Sums of no more values than this go to everybody as they are: one exchange in place of two.
constexpr size_t kShort = 1024;
// A wait polls that often before it sleeps between polls: short ones are over by then.
constexpr int kPolls = 500;
constexpr std::chrono::microseconds kSleep{50};

void require(int code, const std::string& what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error(Code::kIo, "MPI: " + what + " failed: " + std::string(text, static_cast<size_t>(length)))
      .hint("mpirun says more above; a training goes on from its checkpoint with --resume auto");
}

/// Lets the core to others meanwhile.
void finish(MPI_Request& request, double timeout_seconds, const std::string& what) {
  const double began = Clock::system().now_seconds();
  for (int polls = 0;; ++polls) {
    int done = 0;
    require(MPI_Test(&request, &done, MPI_STATUS_IGNORE), what);
    if (done != 0) return;
    if (polls < kPolls) {
      std::this_thread::yield();
      continue;
    }
    std::this_thread::sleep_for(kSleep);
    if (Clock::system().now_seconds() - began > timeout_seconds)
      throw Error(Code::kIo, "MPI: " + what + " waited " + duration_text(timeout_seconds) + " for the other processes")
          .hint(
              "does one of them hang, or is the network between the machines cut? lanes.timeout says how long to wait");
  }
}

MPI_Datatype type_of(float) { return MPI_FLOAT; }
MPI_Datatype type_of(double) { return MPI_DOUBLE; }

class MpiCollective final : public Collective {
 public:
  MpiCollective(MPI_Comm from, double timeout_seconds) : timeout_seconds_(timeout_seconds) {
    require(MPI_Comm_dup(from, &comm_), "MPI_Comm_dup");
    MPI_Comm_rank(comm_, &rank_);
    MPI_Comm_size(comm_, &size_);
  }
  ~MpiCollective() override { MPI_Comm_free(&comm_); }

  void set_timeout(double seconds) { timeout_seconds_ = seconds; }
  uint32_t rank() const override { return static_cast<uint32_t>(rank_); }
  uint32_t size() const override { return static_cast<uint32_t>(size_); }
  void all_reduce_sum(std::span<float> values) override { sum(values, f32_); }
  void all_reduce_sum(std::span<double> values) override { sum(values, f64_); }

  void broadcast(std::span<std::byte> bytes, uint32_t root) override {
    PENSTOCK_CHECK(root < size());
    for (size_t at = 0; at < bytes.size(); at += kLongestMessage) {
      const size_t count = std::min(kLongestMessage, bytes.size() - at);
      MPI_Request request;
      const std::string what = "broadcast of " + bytes_text(bytes.size());
      require(MPI_Ibcast(bytes.data() + at, static_cast<int>(count), MPI_BYTE, static_cast<int>(root), comm_, &request),
              what);
      finish(request, timeout_seconds_, what);
    }
  }

  void barrier() override {
    MPI_Request request;
    require(MPI_Ibarrier(comm_, &request), "barrier");
    finish(request, timeout_seconds_, "barrier");
  }

 private:
  template <class T>
  void sum(std::span<T> values, std::vector<T>& scratch) {
    for (size_t at = 0; at < values.size(); at += kLongestMessage / sizeof(T)) {
      const std::span<T> part = values.subspan(at, std::min(kLongestMessage / sizeof(T), values.size() - at));
      part.size() <= kShort ? sum_short(part, scratch) : sum_long(part, scratch);
    }
  }

  /// Everybody gets all values and adds them up.
  template <class T>
  void sum_short(std::span<T> values, std::vector<T>& scratch) {
    const int count = static_cast<int>(values.size());
    scratch.resize(values.size() * size());
    MPI_Request request;
    require(MPI_Iallgather(values.data(), count, type_of(T{}), scratch.data(), count, type_of(T{}), comm_, &request),
            "all-reduce");
    finish(request, timeout_seconds_, "all-reduce");
    add_rows(scratch, values);
  }

  /// Each rank adds up its part for all.
  template <class T>
  void sum_long(std::span<T> values, std::vector<T>& scratch) {
    const std::string what = "all-reduce of " + bytes_text(values.size_bytes());
    std::vector<int> counts, begins, mine, rows;
    for (size_t r = 0; r < size(); ++r) {
      begins.push_back(static_cast<int>(values.size() * r / size()));
      counts.push_back(static_cast<int>(values.size() * (r + 1) / size()) - begins.back());
    }
    const auto part = values.subspan(static_cast<size_t>(begins[rank()]), static_cast<size_t>(counts[rank()]));
    for (size_t r = 0; r < size(); ++r) {
      mine.push_back(counts[rank()]);
      rows.push_back(counts[rank()] * static_cast<int>(r));
    }
    scratch.resize(part.size() * size());
    MPI_Request request;
    require(MPI_Ialltoallv(values.data(), counts.data(), begins.data(), type_of(T{}), scratch.data(), mine.data(),
                           rows.data(), type_of(T{}), comm_, &request),
            what);
    finish(request, timeout_seconds_, what);
    add_rows(scratch, part);
    require(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values.data(), counts.data(), begins.data(),
                            type_of(T{}), comm_, &request),
            what);
    finish(request, timeout_seconds_, what);
  }

  /// `rows` (size, n) -> `out` (n), rank 0's first.
  template <class T>
  void add_rows(const std::vector<T>& rows, std::span<T> out) const {
    std::copy_n(rows.begin(), out.size(), out.begin());
    for (size_t r = 1; r < size(); ++r) {
      const T* row = rows.data() + r * out.size();
      for (size_t i = 0; i < out.size(); ++i) out[i] += row[i];
    }
  }

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  double timeout_seconds_;
  std::vector<float> f32_;
  std::vector<double> f64_;
};

class MpiGroup final : public ProcessGroup {
 public:
  explicit MpiGroup(double timeout_seconds) : timeout_seconds_(timeout_seconds) {
    // Large messages over TCP: sent (1), in place (8), and not "put" into the other's memory, which makes Open MPI 4.1 send and
    // receive in turn in place of at once. What the user set counts.
    setenv("OMPI_MCA_btl_tcp_flags", "9", 0);
    int provided = 0;
    if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS ||
        provided < MPI_THREAD_MULTIPLE)
      throw Error(Code::kIo, "this MPI serves one thread at a time (MPI_Init_thread), Penstock needs several")
          .hint("use Open MPI as Debian has it");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    world_ = std::make_unique<MpiCollective>(MPI_COMM_WORLD, timeout_seconds_);
  }
  ~MpiGroup() override {
    world_.reset();
    MPI_Finalize();
  }

  uint32_t rank() const override { return world_->rank(); }
  uint32_t size() const override { return world_->size(); }
  std::unique_ptr<Collective> make_collective() override {
    return std::make_unique<MpiCollective>(MPI_COMM_WORLD, timeout_seconds_);
  }

  void set_timeout(double seconds) override {
    timeout_seconds_ = seconds;
    world_->set_timeout(seconds);
  }

  std::vector<std::string> gather(std::string_view bytes) override {
    std::vector<double> lengths(size());
    lengths[rank()] = static_cast<double>(bytes.size());
    world_->all_reduce_sum(std::span<double>(lengths));
    std::vector<std::string> all;
    if (rank() != 0) {
      for_messages(bytes.size(), [&](size_t at, int count, MPI_Request& request) {
        return MPI_Isend(bytes.data() + at, count, MPI_BYTE, 0, kGatherTag, MPI_COMM_WORLD, &request);
      });
      return all;
    }
    all.emplace_back(bytes);
    for (uint32_t r = 1; r < size(); ++r) {
      all.emplace_back(static_cast<size_t>(lengths[r]), '\0');
      for_messages(all.back().size(), [&](size_t at, int count, MPI_Request& request) {
        return MPI_Irecv(all.back().data() + at, count, MPI_BYTE, static_cast<int>(r), kGatherTag, MPI_COMM_WORLD,
                         &request);
      });
    }
    return all;
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
  void for_messages(size_t bytes, Start&& start) {
    for (size_t at = 0; at < bytes; at += kLongestMessage) {
      MPI_Request request;
      require(start(at, static_cast<int>(std::min(kLongestMessage, bytes - at)), request), "gather");
      finish(request, timeout_seconds_, "gather");
    }
  }

  double timeout_seconds_;
  std::unique_ptr<MpiCollective> world_;
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
  if (!verdict.empty()) throw Error(Code::kUsage, verdict).hint(std::string(hint));
}

}  // namespace penstock
