#include "engine/device/in_process_collective.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/error.h"

namespace penstock {
namespace {

/// What one rank called, for the others to see between the two meetings of a call.
struct Call {
  std::string name;
  void* data = nullptr;
  size_t bytes = 0;
  uint32_t root = 0;

  bool matches(const Call& o) const { return name == o.name && bytes == o.bytes && root == o.root; }
  std::string text() const { return name + "(" + std::to_string(bytes) + " bytes, root " + std::to_string(root) + ")"; }
};

}  // namespace

struct InProcessGroup::Core {
  explicit Core(uint32_t size) : calls(size) {}

  /// All ranks are in the same call; from here to depart() the memory of each stays good.
  void arrive(uint32_t rank, Call call) {
    std::unique_lock lock(mutex);
    if (failure) throw *failure;
    calls[rank] = std::move(call);
    const uint64_t round = arrivals_round;
    if (++arrived == calls.size()) {
      arrived = 0;
      ++arrivals_round;
      for (size_t i = 1; i < calls.size() && !failure; ++i) {
        if (calls[i].matches(calls[0])) continue;
        failure = Error(Code::kInternal, "ranks disagree: rank 0 called " + calls[0].text() + ", rank " +
                                             std::to_string(i) + " " + calls[i].text());
        mismatched = true;
      }
      changed.notify_all();
    } else {
      changed.wait(lock, [&] { return arrivals_round != round || failure; });
    }
    // An abort after the last arrival comes too late for this call: its ranks depart together.
    if (arrivals_round == round || mismatched) throw *failure;
  }

  /// Never aborted: all who arrived are on their way here, and still touch each other's memory.
  void depart() {
    std::unique_lock lock(mutex);
    const uint64_t round = departures_round;
    if (++departed == calls.size()) {
      departed = 0;
      ++departures_round;
      changed.notify_all();
    } else {
      changed.wait(lock, [&] { return departures_round != round; });
    }
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Call> calls;
  size_t arrived = 0, departed = 0;
  uint64_t arrivals_round = 0, departures_round = 0;
  bool mismatched = false;
  std::optional<Error> failure;
};

class InProcessGroup::Rank final : public Collective {
 public:
  Rank(std::shared_ptr<Core> core, uint32_t rank) : core_(std::move(core)), rank_(rank) {}

  uint32_t rank() const override { return rank_; }
  uint32_t size() const override { return static_cast<uint32_t>(core_->calls.size()); }

  void all_reduce_sum(std::span<float> values) override { sum(values); }
  void all_reduce_sum(std::span<double> values) override { sum(values); }

  void broadcast(std::span<std::byte> bytes, uint32_t root) override {
    PENSTOCK_CHECK(root < size());
    core_->arrive(rank_, {"broadcast", bytes.data(), bytes.size(), root});
    if (rank_ != root && !bytes.empty()) std::memcpy(bytes.data(), core_->calls[root].data, bytes.size());
    core_->depart();
  }

  void barrier() override {
    core_->arrive(rank_, {"barrier"});
    core_->depart();
  }

 private:
  template <class T>
  void sum(std::span<T> values) {
    core_->arrive(rank_, {"all_reduce_sum", values.data(), values.size_bytes()});
    const auto of = [this](uint32_t rank) { return static_cast<T*>(core_->calls[rank].data); };
    const size_t begin = values.size() * rank_ / size();
    const size_t end = values.size() * (rank_ + 1) / size();
    for (size_t i = begin; i < end; ++i) {
      T sum = of(0)[i];
      for (uint32_t r = 1; r < size(); ++r) sum += of(r)[i];
      for (uint32_t r = 0; r < size(); ++r) of(r)[i] = sum;
    }
    core_->depart();
  }

  std::shared_ptr<Core> core_;
  uint32_t rank_;
};

InProcessGroup::InProcessGroup(uint32_t size) : core_(std::make_shared<Core>(size)) { PENSTOCK_CHECK(size > 0); }

std::unique_ptr<Collective> InProcessGroup::rank(uint32_t rank) {
  PENSTOCK_CHECK(rank < core_->calls.size());
  return std::make_unique<Rank>(core_, rank);
}

void InProcessGroup::abort(std::string why) {
  const std::lock_guard lock(core_->mutex);
  if (!core_->failure) core_->failure = Error(Code::kCancelled, "the lanes were stopped: " + std::move(why));
  core_->changed.notify_all();
}

}  // namespace penstock
