// Rows of embeddings that lanes bring ahead of their steps, and the memory for them.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "pipelines/train/lanes.h"

namespace penstock::train {

void Lanes::afford_rows_ahead(const LanesOptions& options) {
  const auto shares = static_cast<int64_t>(lanes_.size() * together_.size());
  for (const auto& lane : lanes_)
    bytes_ahead_ += lane->learner().bytes_ahead((options.most_records + shares - 1) / shares);
  if (bytes_ahead_ == 0) return;
  budgets_ = options.budgets;
  const Tier tier = tier_of_rows();
  const uint64_t limit = budgets_ ? budgets_->limit(tier) : 0;
  for (rows_ahead_ = options.rows_ahead; rows_ahead_ > 0; --rows_ahead_)
    if ((limit == 0 || need_ahead() <= limit / 4) && hold_rows_ahead()) break;
  if (rows_ahead_ < options.rows_ahead)
    note_ = "rows of embeddings are brought " + std::to_string(rows_ahead_) + " batches ahead, not " +
            std::to_string(options.rows_ahead) + " (train.sparse_ahead): a batch's take up to " +
            bytes_text(bytes_ahead_) + ", and they may take a quarter of the budget of " + std::string(name_of(tier)) +
            " and nothing that is in use";
}

Tier Lanes::tier_of_rows() const {
  return lanes_.front()->learner().config().device != nullptr ? Tier::kPinned : Tier::kRam;
}

/// The batch in work holds as much as one on its way.
uint64_t Lanes::need_ahead() const { return bytes_ahead_ * (rows_ahead_ + 1); }

bool Lanes::hold_rows_ahead() {
  std::optional<Credit> credit =
      budgets_ ? budgets_->try_take(Need::of(tier_of_rows(), need_ahead())) : std::optional(Credit());
  if (credit) rows_credit_ = std::move(*credit);
  return credit.has_value();
}

bool Lanes::bring_fewer_rows_ahead() {
  if (rows_ahead_ == 0) return false;
  rows_credit_.give_back();
  for (rows_ahead_ /= 2; rows_ahead_ > 0 && !hold_rows_ahead();) rows_ahead_ /= 2;
  return true;
}

Run Lanes::start(const Graph& graph, const Source& source, const RunOptions& options) {
  for (;;) {
    try {
      return Run::start(graph, source, options);
    } catch (const Error& error) {
      if (error.code() != Code::kMemory || !bring_fewer_rows_ahead()) throw;
    }
  }
}

void Lanes::bring_rows_ahead(size_t batches) {
  for (const auto& lane : lanes_) lane->bring_rows_ahead(batches);
}

learn::RowsBrought Lanes::rows_brought() const {
  learn::RowsBrought sum;
  for (const auto& lane : lanes_) sum += lane->learner().rows_brought();
  return sum;
}

}  // namespace penstock::train
