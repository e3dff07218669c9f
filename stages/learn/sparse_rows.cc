#include "stages/learn/sparse_rows.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/base/error.h"

namespace penstock::learn {
namespace {

// A move of less than that of a weight leaves it as it is in f32 (whose half unit is 2^-25 at least), and those that follow are smaller.
constexpr float kNoMove = 0x1p-28F;
// In the place of the logarithm of 0: its exponential is 0.
constexpr double kLogOfNone = -1e4;

double log_of(double factor) { return factor > 0 ? std::log(factor) : kLogOfNone; }

}  // namespace

SparseRows::SparseRows(const OptimiserConfig& config, const Schedule& schedule)
    : config_(config), schedule_(schedule), blocks_(kMostBlocks) {
  check(config);
}

void SparseRows::reach(uint64_t step) {
  if (step < reached_.load(std::memory_order_acquire)) return;
  if (step >= kBlock * kMostBlocks)
    throw Error(Code::kUsage, "step " + std::to_string(step) +
                                  " of embeddings that are trained row by row: there are " +
                                  std::to_string(kBlock * kMostBlocks) + " at most");
  const std::lock_guard lock(mutex_);
  for (uint64_t next = reached_; next <= step; ++next) {
    if (next % kBlock == 0) blocks_[next / kBlock] = std::make_unique<Constants[]>(kBlock);
    const auto n = static_cast<double>(next + 1);
    const Rates rates = schedule_.at(next, config_.momentum);
    Constants c{.lr = static_cast<float>(rates.lr), .momentum = static_cast<float>(rates.momentum)};
    c.rate = static_cast<float>(rates.lr / (1 - std::pow(rates.momentum, n)));
    c.root = static_cast<float>(1 / std::sqrt(1 - std::pow(config_.beta2, n)));
    if (next > 0) {
      const Constants& last = at(next - 1);
      c.log_momenta = last.log_momenta + log_of(last.momentum);
      c.log_decays = last.log_decays + log_of(1 - static_cast<double>(last.lr) * config_.weight_decay);
    }
    blocks_[next / kBlock][next % kBlock] = c;
    reached_.store(next + 1, std::memory_order_release);
  }
}

void SparseRows::sgd(RowState row, std::span<const float> gradient, const Constants& c) const {
  const auto decay = static_cast<float>(config_.weight_decay);
  for (size_t i = 0; i < row.weight.size(); ++i) {
    const float g = (gradient.empty() ? 0 : gradient[i]) + decay * row.weight[i];
    float move = g;
    if (c.momentum != 0) {
      row.first[i] = c.momentum * row.first[i] + g;
      move = config_.nesterov ? g + c.momentum * row.first[i] : row.first[i];
    }
    row.weight[i] -= c.lr * move;
  }
}

// Loshchilov and Hutter 2019 (arXiv 1711.05101), algorithm 2, in the order of torch's fused kernel.
void SparseRows::adamw(RowState row, std::span<const float> gradient, const Constants& c) const {
  const auto kept = static_cast<float>(1 - static_cast<double>(c.lr) * config_.weight_decay);
  const auto beta2 = static_cast<float>(config_.beta2), epsilon = static_cast<float>(config_.epsilon);
  for (size_t i = 0; i < row.weight.size(); ++i) {
    const float g = gradient.empty() ? 0 : gradient[i];
    row.first[i] += (1 - c.momentum) * (g - row.first[i]);
    row.second[i] = beta2 * row.second[i] + (1 - beta2) * g * g;
    row.weight[i] = row.weight[i] * kept - c.rate * row.first[i] / (std::sqrt(row.second[i]) * c.root + epsilon);
  }
}

bool SparseRows::is_spent(RowState row, const Constants& c) const {
  const bool adam = config_.kind == OptimiserKind::kAdamW;
  const auto epsilon = static_cast<float>(config_.epsilon);
  for (size_t i = 0; i < row.weight.size(); ++i) {
    const float move =
        adam ? c.rate * row.first[i] / (std::sqrt(row.second[i]) * c.root + epsilon) : 2 * c.lr * row.first[i];
    if (std::abs(move) > kNoMove * std::abs(row.weight[i])) return false;
  }
  return true;
}

void SparseRows::catch_up(RowState row, uint64_t from, uint64_t until) const {
  PENSTOCK_CHECK(until < reached_ || from >= until);
  const bool adam = config_.kind == OptimiserKind::kAdamW;
  const bool walks = !adam && config_.weight_decay > 0;
  for (; from < until && (walks || !is_spent(row, at(from))); ++from)
    adam ? adamw(row, {}, at(from)) : sgd(row, {}, at(from));
  if (from >= until) return;
  const auto momenta = static_cast<float>(std::exp(at(until).log_momenta - at(from).log_momenta));
  for (float& value : row.first) value *= momenta;
  if (!adam) return;
  const auto squares = static_cast<float>(std::pow(config_.beta2, static_cast<double>(until - from)));
  const auto decay = static_cast<float>(std::exp(at(until).log_decays - at(from).log_decays));
  for (float& value : row.second) value *= squares;
  for (float& value : row.weight) value *= decay;
}

void SparseRows::step(RowState row, std::span<const float> gradient, uint64_t step) const {
  PENSTOCK_CHECK(step < reached_ && gradient.size() == row.weight.size());
  config_.kind == OptimiserKind::kAdamW ? adamw(row, gradient, at(step)) : sgd(row, gradient, at(step));
}

}  // namespace penstock::learn
