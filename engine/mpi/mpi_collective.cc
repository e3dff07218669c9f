#include "engine/mpi/mpi_collective.h"

#include <algorithm>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace penstock::mpi {
namespace {

// What is on its way at once: the bound of the memory that a Collective has of its own (rows included, twice this).
constexpr size_t kLongestBytes = size_t{1} << 25;
// Sums of no more values than this go to everybody as they are: one exchange in place of two.
constexpr size_t kShort = 1024;

MPI_Datatype type_of(float) { return MPI_FLOAT; }
MPI_Datatype type_of(double) { return MPI_DOUBLE; }

/// `rows` (ranks, n) -> `out` (n), rank 0's first.
template <class T>
void add_rows(const std::vector<T>& rows, size_t ranks, std::span<T> out) {
  std::copy_n(rows.begin(), out.size(), out.begin());
  for (size_t r = 1; r < ranks; ++r) {
    const T* row = rows.data() + r * out.size();
    for (size_t i = 0; i < out.size(); ++i) out[i] += row[i];
  }
}

}  // namespace

MpiCollective::MpiCollective(std::shared_ptr<Waits> waits) : waits_(std::move(waits)), line_(waits_->next_line()) {
  waits_->require_whole({.what = "new collective"});
  require(MPI_Comm_dup(MPI_COMM_WORLD, &comm_), "MPI_Comm_dup");
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
}

// Calls that were given up may be under way in a broken group.
MpiCollective::~MpiCollective() {
  if (!waits_->is_broken()) MPI_Comm_free(&comm_);
}

Call MpiCollective::next(std::string what) {
  Call call{.line = line_, .number = ++calls_, .what = std::move(what)};
  waits_->require_whole(call);
  return call;
}

void MpiCollective::broadcast(std::span<std::byte> bytes, uint32_t root) {
  PENSTOCK_CHECK(root < size());
  for (size_t at = 0; at < bytes.size(); at += kLongestBytes) {
    const std::span<std::byte> part = bytes.subspan(at, std::min(kLongestBytes, bytes.size() - at));
    const Call call = next("broadcast of " + bytes_text(bytes.size()));
    std::vector<std::byte>& own = bytes_->values;
    own.resize(part.size());
    if (rank() == root) std::ranges::copy(part, own.begin());
    MPI_Request request;
    require(MPI_Ibcast(own.data(), static_cast<int>(own.size()), MPI_BYTE, static_cast<int>(root), comm_, &request),
            call.what);
    waits_->finish(request, call, bytes_);
    if (rank() != root) std::ranges::copy(own, part.begin());
  }
}

void MpiCollective::barrier() {
  const Call call = next("barrier");
  MPI_Request request;
  require(MPI_Ibarrier(comm_, &request), call.what);
  waits_->finish(request, call, nullptr);
}

template <class T>
void MpiCollective::sum(std::span<T> values, const Staged<T>& stage) {
  for (size_t at = 0; at < values.size(); at += kLongestBytes / sizeof(T)) {
    const std::span<T> part = values.subspan(at, std::min(kLongestBytes / sizeof(T), values.size() - at));
    part.size() <= kShort ? sum_short(part, stage) : sum_long(part, stage);
  }
}

/// Everybody gets all values and adds them up.
template <class T>
void MpiCollective::sum_short(std::span<T> values, const Staged<T>& stage) {
  const Call call = next("all-reduce");
  const int count = static_cast<int>(values.size());
  stage->values.assign(values.begin(), values.end());
  stage->rows.resize(values.size() * size());
  MPI_Request request;
  require(MPI_Iallgather(stage->values.data(), count, type_of(T{}), stage->rows.data(), count, type_of(T{}), comm_,
                         &request),
          call.what);
  waits_->finish(request, call, stage);
  add_rows(stage->rows, size(), values);
}

/// Each rank adds up its part for all.
template <class T>
void MpiCollective::sum_long(std::span<T> values, const Staged<T>& stage) {
  const Call call = next("all-reduce of " + bytes_text(values.size_bytes()));
  Stage<T>& s = *stage;
  s.counts.clear(), s.begins.clear(), s.row_begins.clear();
  for (size_t r = 0; r < size(); ++r) {
    s.begins.push_back(static_cast<int>(values.size() * r / size()));
    s.counts.push_back(static_cast<int>(values.size() * (r + 1) / size()) - s.begins.back());
  }
  const int mine = s.counts[rank()];
  s.row_counts.assign(size(), mine);
  for (int r = 0; r < size_; ++r) s.row_begins.push_back(mine * r);
  s.values.resize(values.size());
  s.rows.resize(static_cast<size_t>(mine) * size());
  // Read where they lie: in a broken group nobody lets MPI go on.
  MPI_Request request;
  require(MPI_Ialltoallv(values.data(), s.counts.data(), s.begins.data(), type_of(T{}), s.rows.data(),
                         s.row_counts.data(), s.row_begins.data(), type_of(T{}), comm_, &request),
          call.what);
  waits_->finish(request, call, stage);
  add_rows(s.rows, size(),
           std::span(s.values).subspan(static_cast<size_t>(s.begins[rank()]), static_cast<size_t>(mine)));
  require(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, s.values.data(), s.counts.data(), s.begins.data(),
                          type_of(T{}), comm_, &request),
          call.what);
  waits_->finish(request, call, stage);
  std::ranges::copy(s.values, values.begin());
}

template void MpiCollective::sum(std::span<float>, const Staged<float>&);
template void MpiCollective::sum(std::span<double>, const Staged<double>&);

}  // namespace penstock::mpi
