// NCCL over plain memory: the ranks are threads of one process, and each call waits for all of them.
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>

#include "tests/support/cuda/fake_cuda.h"

namespace penstock::test {
namespace {

struct Group {
  explicit Group(int n) : parts(static_cast<size_t>(n)) {}
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<void*> parts;
  size_t arrived = 0, left = 0;
  uint64_t round = 0, done = 0;

  /// The last to arrive does `work` for all.
  template <class Work>
  void meet(int rank, void* part, const Work& work) {
    std::unique_lock lock(mutex);
    parts[static_cast<size_t>(rank)] = part;
    const uint64_t mine = round;
    if (++arrived == parts.size()) {
      work(parts);
      arrived = 0;
      ++round;
      changed.notify_all();
    }
    changed.wait(lock, [&] { return round != mine; });
  }
};

std::mutex groups_mutex;
std::map<std::string, std::weak_ptr<Group>> groups;
int ids = 0;

}  // namespace
}  // namespace penstock::test

struct ncclComm {
  std::shared_ptr<penstock::test::Group> group;
  int rank;
};

using namespace penstock::test;

extern "C" {

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  const std::lock_guard lock(groups_mutex);
  std::memset(id, 0, sizeof *id);
  std::snprintf(id->internal, sizeof id->internal, "group %d", ++ids);
  return ncclSuccess;
}
const char* ncclGetErrorString(ncclResult_t result) {
  return result == ncclRemoteError ? "remote process exited or there was a network error" : "a fake error";
}
const char* ncclGetLastError(ncclComm_t) { return "peer 1 is gone"; }
ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int count, ncclUniqueId id, int rank, ncclConfig_t* config) {
  if (config->blocking != 0) return ncclInvalidArgument;  // a rank that never comes would hang
  const std::lock_guard lock(groups_mutex);
  auto group = groups[id.internal].lock();
  if (!group) groups[id.internal] = group = std::make_shared<Group>(count);
  *comm = new ncclComm{group, rank};
  const std::lock_guard count_lock(fake_cuda().mutex);
  ++fake_cuda().groups;
  return ncclInProgress;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t, ncclResult_t* state) {
  const std::lock_guard lock(fake_cuda().mutex);
  *state = fake_cuda().nccl_state;
  return ncclSuccess;
}
ncclResult_t ncclCommFinalize(ncclComm_t) { return ncclSuccess; }
ncclResult_t ncclCommAbort(ncclComm_t comm) {
  delete comm;
  const std::lock_guard lock(fake_cuda().mutex);
  --fake_cuda().groups;
  return ncclSuccess;
}
ncclResult_t ncclCommDestroy(ncclComm_t comm) { return ncclCommAbort(comm); }
ncclResult_t ncclAllReduce(const void* from, void* to, size_t count, ncclDataType_t type, ncclRedOp_t op,
                           ncclComm_t comm, cudaStream_t) {
  if (from != to || type != ncclFloat || op != ncclSum) return ncclInvalidArgument;
  comm->group->meet(comm->rank, to, [&](const std::vector<void*>& parts) {
    for (size_t i = 0; i < count; ++i) {
      float sum = 0;
      for (void* part : parts) sum += static_cast<float*>(part)[i];
      for (void* part : parts) static_cast<float*>(part)[i] = sum;
    }
  });
  return ncclSuccess;
}
ncclResult_t ncclBroadcast(const void*, void* to, size_t count, ncclDataType_t, int root, ncclComm_t comm,
                           cudaStream_t) {
  comm->group->meet(comm->rank, to, [&](const std::vector<void*>& parts) {
    for (void* part : parts)
      if (part != parts[static_cast<size_t>(root)]) std::memcpy(part, parts[static_cast<size_t>(root)], count);
  });
  return ncclSuccess;
}
ncclResult_t ncclAllGather(const void* from, void* to, size_t count, ncclDataType_t, ncclComm_t comm, cudaStream_t) {
  if (from != static_cast<char*>(to) + count * static_cast<size_t>(comm->rank)) return ncclInvalidArgument;
  comm->group->meet(comm->rank, to, [&](const std::vector<void*>& parts) {
    for (size_t r = 0; r < parts.size(); ++r)
      for (void* part : parts)
        if (part != parts[r])
          std::memcpy(static_cast<char*>(part) + r * count, static_cast<char*>(parts[r]) + r * count, count);
  });
  return ncclSuccess;
}

}  // extern "C"
