#include "models/classic/cpu_rows.h"

#include <tuple>
#include <utility>

#include "models/classic/kernels.h"

namespace penstock::classic {

const float* CpuRows::tile(size_t first, size_t count, float* room) const {
  if (plain()) return raw(first);
  for (size_t i = 0; i < count; ++i)
    shift_row(raw(first + i), shift_, scale(first + i), view_.width, room + i * view_.width);
  return room;
}

Scratch::Lent::Lent(Scratch& owner, size_t floats, size_t words) : owner_(owner) {
  {
    const std::lock_guard lock(owner_.mutex_);
    if (!owner_.free_.empty()) {
      std::tie(floats_, words_) = std::move(owner_.free_.back());
      owner_.free_.pop_back();
    }
  }
  if (floats_.size() < floats) floats_.resize(floats);
  if (words_.size() < words) words_.resize(words);
}

Scratch::Lent::~Lent() {
  const std::lock_guard lock(owner_.mutex_);
  owner_.free_.emplace_back(std::move(floats_), std::move(words_));
}

}  // namespace penstock::classic
