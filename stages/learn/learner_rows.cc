// Tables that are trained row by row, as a learner and its lanes see them.
#include <algorithm>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "stages/learn/learner_state.h"
#include "stages/learn/torch_scope.h"

namespace penstock::learn {
namespace {

// Of a table that lanes pass on: as much as others need not keep twice.
constexpr size_t kPieceBytes = size_t{16} << 20;

}  // namespace

void Learner::State::update_rows(const Begun& begun) {
  if (!sparse) return;
  if (begun.records == 0)
    sparse->drop();
  else if (buckets)
    sparse->update(begun.step, *replicas.counts,
                   static_cast<float>(static_cast<double>(replicas.global_batch) / begun.counts[0]));
  else
    sparse->update(begun.step);
}

// Lanes of one process have one table: those that do not own it take what comes and forget it.
void Learner::State::share_rows_of(const at::Tensor& weight) {
  const std::span<std::byte> all(static_cast<std::byte*>(weight.data_ptr()), weight.nbytes());
  std::vector<std::byte> aside(sparse->owns() ? 0 : std::min(kPieceBytes, all.size()));
  for (size_t at = 0; at < all.size(); at += kPieceBytes) {
    const size_t bytes = std::min(kPieceBytes, all.size() - at);
    replicas.counts->broadcast(sparse->owns() ? all.subspan(at, bytes) : std::span(aside).first(bytes), 0);
  }
}

void Learner::bring_ahead(const Inputs& inputs) {
  State& s = *state_;
  if (!s.sparse || inputs.rows.count == 0 ||
      inputs.rows.categories != static_cast<int64_t>(s.config.net.table.cardinalities.size()))
    return;  // the step says what is wrong
  const auto scope = s.enter();
  // A learner alone has counted the step already whose second half is to come.
  const bool one_more = s.begun && s.buckets;
  guarded("bringing rows ahead", [&] { s.sparse->bring_ahead(inputs.rows, s.done + (one_more ? 1 : 0)); });
}

void Learner::forget_ahead() {
  if (state_->sparse) state_->sparse->forget_ahead();
}

uint64_t Learner::bytes_ahead(int64_t records) const {
  return state_->sparse ? state_->sparse->bytes_ahead(records) : 0;
}

RowsBrought Learner::rows_brought() const { return state_->sparse ? state_->sparse->brought() : RowsBrought{}; }

}  // namespace penstock::learn
