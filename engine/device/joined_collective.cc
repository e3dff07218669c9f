#include "engine/device/joined_collective.h"

#include <utility>

#include "engine/base/error.h"

namespace penstock {
namespace {

class Joined final : public Collective {
 public:
  Joined(std::unique_ptr<Collective> here, std::unique_ptr<Collective> beyond, uint32_t process, uint32_t processes)
      : here_(std::move(here)), beyond_(std::move(beyond)), process_(process), processes_(processes) {
    PENSTOCK_CHECK((beyond_ != nullptr) == (here_->rank() == 0 && processes > 1));
  }

  uint32_t rank() const override { return process_ * here_->size() + here_->rank(); }
  uint32_t size() const override { return processes_ * here_->size(); }
  void all_reduce_sum(std::span<float> values) override { sum(values); }
  void all_reduce_sum(std::span<double> values) override { sum(values); }

  void broadcast(std::span<std::byte> bytes, uint32_t root) override {
    PENSTOCK_CHECK(root < size());
    const uint32_t lanes = here_->size();
    if (process_ == root / lanes) here_->broadcast(bytes, root % lanes);
    if (beyond_) beyond_->broadcast(bytes, root / lanes);
    if (process_ != root / lanes) here_->broadcast(bytes, 0);
  }

  void barrier() override {
    here_->barrier();
    if (beyond_) beyond_->barrier();
    here_->barrier();
  }

 private:
  template <class T>
  void sum(std::span<T> values) {
    here_->all_reduce_sum(values);
    if (processes_ == 1) return;
    if (beyond_) beyond_->all_reduce_sum(values);
    here_->broadcast(std::as_writable_bytes(values), 0);
  }

  std::unique_ptr<Collective> here_, beyond_;
  uint32_t process_, processes_;
};

}  // namespace

std::unique_ptr<Collective> join_collectives(std::unique_ptr<Collective> here, std::unique_ptr<Collective> beyond,
                                             uint32_t process, uint32_t processes) {
  return std::make_unique<Joined>(std::move(here), std::move(beyond), process, processes);
}

}  // namespace penstock
