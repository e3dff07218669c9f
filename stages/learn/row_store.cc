#include "stages/learn/row_store.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "engine/base/error.h"

namespace penstock::learn {
namespace {

// Rows that are read while write() may wait for the table: some hundred microseconds.
constexpr size_t kRowsAtOnce = 1024;
// Rows ahead whose cache lines are asked for: a miss of memory takes about as long as so many rows.
constexpr size_t kPrefetch = 8;

std::span<float> row_of(const at::Tensor& tensor, int64_t row) {
  if (!tensor.defined()) return {};
  const auto width = static_cast<size_t>(tensor.size(1));
  return {tensor.data_ptr<float>() + static_cast<size_t>(row) * width, width};
}

void copy(const RowState& from, const RowState& to) {
  std::ranges::copy(from.weight, to.weight.begin());
  std::ranges::copy(from.first, to.first.begin());
  std::ranges::copy(from.second, to.second.begin());
}

void prefetch(std::span<float> values) {
  for (size_t i = 0; i < values.size(); i += 16) __builtin_prefetch(values.data() + i);  // 64 bytes
}

}  // namespace

RowState StagedRows::row(size_t i) const {
  const auto at = static_cast<int64_t>(i);
  return {row_of(weight, at), row_of(first, at), row_of(second, at)};
}

RowStore::RowStore(const nets::Net& net, const OptimiserConfig& optimiser, const Schedule& schedule)
    : adam_(optimiser.kind == OptimiserKind::kAdamW), rows_(optimiser, schedule) {
  const std::vector<nets::EmbeddingTable> all = net.tables();
  for (size_t place = 0; place < all.size(); ++place) {
    const at::Tensor& weight = all[place].weight;
    if (weight.requires_grad()) continue;
    auto table = std::make_unique<Table>();
    table->place = place;
    table->embedding = all[place];
    table->first = at::zeros_like(weight);
    if (adam_) table->second = at::zeros_like(weight);
    table->taken = at::zeros({weight.size(0)}, at::TensorOptions().dtype(at::kLong));
    tables_.push_back(std::move(table));
  }
}

RowState RowStore::row(const Table& table, int64_t code) const {
  return {row_of(table.embedding.weight, code), row_of(table.first, code), row_of(table.second, code)};
}

StagedRows RowStore::stage(size_t table, std::span<const int32_t> codes, uint64_t step, bool pinned) const {
  const int64_t count = static_cast<int64_t>(codes.size()), width = embedding(table).weight.size(1);
  StagedRows out{.codes = codes, .step = step};
  out.weight = at::empty({count, width}, at::TensorOptions().dtype(at::kFloat).pinned_memory(pinned));
  out.first = at::empty({count, width});
  if (adam_) out.second = at::empty({count, width});
  return out;
}

void RowStore::read(size_t table, StagedRows& into, size_t begin, size_t end) const {
  const Table& t = *tables_[table];
  rows_.reach(into.step);
  const int64_t* const taken = t.taken.const_data_ptr<int64_t>();
  for (size_t i = begin; i < end; ++i) {
    if (i + kPrefetch < into.codes.size()) {
      const int64_t soon = into.codes[i + kPrefetch];
      const RowState coming = row(t, soon);
      prefetch(coming.weight);
      prefetch(coming.first);
      prefetch(coming.second);
      __builtin_prefetch(taken + soon);
    }
    const int64_t code = into.codes[i];
    const RowState to = into.row(i);
    copy(row(t, code), to);
    rows_.catch_up(to, static_cast<uint64_t>(taken[code]), into.step);
  }
}

void RowStore::follow(size_t table, StagedRows& into) {
  Table& t = *tables_[table];
  {
    const std::lock_guard lock(t.mutex);
    t.followers.push_back(&into);
  }
  while (into.read < into.codes.size()) {
    const std::lock_guard lock(t.mutex);
    const size_t end = std::min(into.read + kRowsAtOnce, into.codes.size());
    read(table, into, into.read, end);
    into.read = end;
  }
}

void RowStore::leave(size_t table, StagedRows& staged) {
  Table& t = *tables_[table];
  const std::lock_guard lock(t.mutex);
  std::erase(t.followers, &staged);
}

std::vector<int64_t> RowStore::patch(size_t table, StagedRows& staged) const {
  std::vector<int64_t> places = std::move(staged.stale);
  staged.stale.clear();
  std::ranges::sort(places);  // of several steps, each ascending
  places.erase(std::unique(places.begin(), places.end()), places.end());
  for (const int64_t place : places) read(table, staged, static_cast<size_t>(place), static_cast<size_t>(place) + 1);
  return places;
}

void RowStore::write(size_t table, const RowGradients& gradients, uint64_t step, const StagedRows& mine) {
  Table& t = *tables_[table];
  const std::span<const int32_t> codes = gradients.codes;
  const auto width = static_cast<size_t>(t.embedding.weight.size(1));
  PENSTOCK_CHECK(gradients.values.size() == codes.size() * width);
  rows_.reach(step);
  int64_t* const taken = t.taken.data_ptr<int64_t>();
  const std::lock_guard lock(t.mutex);
  at::parallel_for(0, static_cast<int64_t>(codes.size()), kRowsOfAPart, [&](int64_t begin, int64_t end) {
    auto staged = std::ranges::lower_bound(mine.codes, codes[static_cast<size_t>(begin)]);
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      const int64_t code = codes[i];
      while (staged != mine.codes.end() && *staged < code) ++staged;
      const std::span<const float> gradient = gradients.values.subspan(i * width, width);
      const RowState kept = row(t, code);
      if (staged != mine.codes.end() && *staged == code) {
        const RowState ready = mine.row(static_cast<size_t>(staged - mine.codes.begin()));
        rows_.step(ready, gradient, step);
        copy(ready, kept);
      } else {
        rows_.catch_up(kept, static_cast<uint64_t>(taken[code]), step);
        rows_.step(kept, gradient, step);
      }
      taken[code] = static_cast<int64_t>(step + 1);
    }
  });
  for (StagedRows* follower : t.followers) {
    size_t place = 0;  // both ascend: one walk through them
    for (const int32_t code : codes) {
      while (place < follower->read && follower->codes[place] < code) ++place;
      if (place == follower->read) break;
      if (follower->codes[place] == code) follower->stale.push_back(static_cast<int64_t>(place));
    }
  }
}

std::vector<nets::NamedTensor> RowStore::state() const {
  std::vector<nets::NamedTensor> out;
  for (const auto& table : tables_) {
    const std::string& name = table->embedding.name;
    out.emplace_back("sparse/" + name, table->embedding.weight);
    out.emplace_back("optimizer/rows/" + name, table->taken);
    out.emplace_back("optimizer/momentum/" + name, table->first);
    if (table->second.defined()) out.emplace_back("optimizer/squares/" + name, table->second);
  }
  return out;
}

std::vector<nets::NamedTensor> RowStore::settled(uint64_t step) const {
  rows_.reach(step);
  std::vector<nets::NamedTensor> out;
  for (const auto& table : tables_) {
    const at::Tensor weight = table->embedding.weight.detach().clone();
    const auto width = static_cast<size_t>(weight.size(1));
    const int64_t* const taken = table->taken.const_data_ptr<int64_t>();
    at::parallel_for(0, weight.size(0), kRowsOfAPart, [&](int64_t begin, int64_t end) {
      std::vector<float> first(width), second(adam_ ? width : 0);
      for (int64_t code = begin; code < end; ++code) {
        const RowState kept = row(*table, code);
        std::ranges::copy(kept.first, first.begin());
        std::ranges::copy(kept.second, second.begin());
        rows_.catch_up({row_of(weight, code), first, second}, static_cast<uint64_t>(taken[code]), step);
      }
    });
    out.emplace_back(table->embedding.name, weight);
  }
  return out;
}

void RowStore::restart(uint64_t step) {
  for (const auto& table : tables_) {
    table->taken.fill_(static_cast<int64_t>(step));
    table->first.zero_();
    if (table->second.defined()) table->second.zero_();
  }
}

}  // namespace penstock::learn
