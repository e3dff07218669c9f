#include "stages/learn/brought_rows.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>

#include "engine/base/error.h"
#include "stages/learn/distinct_codes.h"

namespace penstock::learn {

BroughtRows::BroughtRows(RowStore& store, const Compute& compute, const TableRows& rows, uint64_t step)
    : store_(store),
      compute_(compute),
      step_(step),
      count_(rows.count),
      columns_(rows.categories),
      cat_(rows.cat, rows.cat + rows.count * rows.categories) {}

BroughtRows::BroughtRows(const BroughtRows& same, uint64_t step)
    : store_(same.store_),
      compute_(same.compute_),
      step_(step),
      count_(same.count_),
      columns_(same.columns_),
      cat_(same.cat_) {}

BroughtRows::~BroughtRows() { leave(); }

bool BroughtRows::is_of(const TableRows& rows) const {
  return rows.count == count_ && rows.categories == columns_ && std::equal(cat_.begin(), cat_.end(), rows.cat);
}

/// The distinct codes of each column, and room for their rows.
bool BroughtRows::find() {
  const bool pinned = compute_.device() != at::kCPU;
  places_ = at::empty({count_, columns_}, at::TensorOptions().dtype(at::kInt).pinned_memory(pinned));
  auto* const places = places_.data_ptr<int32_t>();
  std::ranges::copy(cat_, places);
  codes_.resize(static_cast<size_t>(columns_));
  std::vector<uint64_t> scratch;
  for (size_t table = 0; table < store_.size(); ++table) {
    const nets::EmbeddingTable& embedding = store_.embedding(table);
    std::vector<int32_t>& codes = codes_[static_cast<size_t>(embedding.column)];
    if (codes.empty())  // a network may have several tables for a column
      distinct_codes(cat_.data() + embedding.column, count_, columns_, places + embedding.column, codes, scratch);
    if (codes.back() < 0 || codes.back() >= embedding.weight.size(0)) return false;
    staged_.push_back(store_.stage(table, codes, step_, pinned));
  }
  return true;
}

void BroughtRows::read_now() {
  const at::NoGradGuard no_grad;
  PENSTOCK_CHECK(find());
  for (size_t table = 0; table < staged_.size(); ++table) {
    StagedRows& staged = staged_[table];
    const auto count = static_cast<int64_t>(staged.codes.size());
    at::parallel_for(0, count, kRowsOfAPart, [&](int64_t begin, int64_t end) {
      store_.read(table, staged, static_cast<size_t>(begin), static_cast<size_t>(end));
    });
    staged.read = staged.codes.size();
    there_.push_back(staged.weight.to(compute_.device(), /*non_blocking=*/true));
  }
  places_there_ = places_.to(compute_.device(), /*non_blocking=*/true);
}

bool BroughtRows::read_ahead() {
  const at::NoGradGuard no_grad;
  if (!find()) return false;
  const auto up = [this](const at::Tensor& here) {
    Aside copy = compute_.copy_aside(here);
    if (copy.wait) waits_.push_back(std::move(copy.wait));
    return std::move(copy.there);
  };
  follows_ = true;
  for (size_t table = 0; table < staged_.size(); ++table) {
    store_.follow(table, staged_[table]);
    there_.push_back(up(staged_[table].weight));
  }
  places_there_ = up(places_);
  return true;
}

int64_t BroughtRows::catch_up() {
  const at::NoGradGuard no_grad;
  for (const auto& wait : waits_) wait();
  waits_.clear();
  int64_t changed = 0;
  for (size_t table = 0; table < staged_.size(); ++table) {
    StagedRows& staged = staged_[table];
    store_.leave(table, staged);
    std::vector<int64_t> places = store_.patch(table, staged);
    changed += static_cast<int64_t>(places.size());
    if (places.empty() || compute_.device() == at::kCPU) continue;  // on the CPU they are where the learner reads them
    const auto pinned = at::TensorOptions().pinned_memory(true);
    const int64_t count = static_cast<int64_t>(places.size()), width = staged.weight.size(1);
    const at::Tensor at = at::empty({count}, pinned.dtype(at::kLong));
    const at::Tensor rows = at::empty({count, width}, pinned.dtype(at::kFloat));
    std::ranges::copy(places, at.data_ptr<int64_t>());
    for (int64_t i = 0; i < count; ++i)
      std::copy_n(staged.weight.const_data_ptr<float>() + places[static_cast<size_t>(i)] * width, width,
                  rows.data_ptr<float>() + i * width);
    const at::Device device = compute_.device();
    there_[table].index_copy_(0, at.to(device, /*non_blocking=*/true), rows.to(device, /*non_blocking=*/true));
  }
  follows_ = false;
  return changed;
}

void BroughtRows::leave() {
  if (!follows_) return;
  for (size_t table = 0; table < staged_.size(); ++table) store_.leave(table, staged_[table]);
  follows_ = false;
}

int64_t BroughtRows::row_count() const {
  int64_t count = 0;
  for (const StagedRows& staged : staged_) count += static_cast<int64_t>(staged.codes.size());
  return count;
}

uint64_t BroughtRows::bytes(const RowStore& store, int64_t records, int64_t columns) {
  const auto n = static_cast<uint64_t>(records);
  uint64_t bytes = n * static_cast<uint64_t>(columns) * 3 * sizeof(int32_t) + n * 2 * sizeof(uint64_t);
  for (size_t table = 0; table < store.size(); ++table) {
    const at::Tensor& weight = store.embedding(table).weight;
    const uint64_t rows = std::min(n, static_cast<uint64_t>(weight.size(0)));
    const auto width = static_cast<uint64_t>(weight.size(1));
    bytes += rows * (width * sizeof(float) * (store.has_second() ? 3 : 2) + sizeof(int64_t));
  }
  return bytes;
}

}  // namespace penstock::learn
