#include "stages/learn/sparse_tables.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "engine/base/error.h"

namespace penstock::learn {
namespace {

std::vector<int32_t> distinct_codes(const TableRows& rows, int64_t column) {
  std::vector<int32_t> codes(static_cast<size_t>(rows.count));
  for (int64_t i = 0; i < rows.count; ++i) codes[static_cast<size_t>(i)] = rows.cat[i * rows.categories + column];
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  return codes;
}

/// By way of pinned memory, so that nobody waits for the stream.
at::Tensor there(const at::Tensor& here, at::Device device) {
  return device == at::kCPU ? here : here.pin_memory(device).to(device, /*non_blocking=*/true);
}

}  // namespace

SparseTables::SparseTables(const nets::Net& net, const OptimiserConfig& optimiser, const Schedule& schedule)
    : rows_(optimiser, schedule) {
  const std::vector<nets::EmbeddingTable> all = net.tables();
  all_ = all.size();
  for (size_t place = 0; place < all.size(); ++place) {
    const at::Tensor& weight = all[place].weight;
    if (weight.requires_grad()) continue;
    Table table{.place = place, .embedding = all[place], .first = at::zeros_like(weight)};
    if (optimiser.kind == OptimiserKind::kAdamW) table.second = at::zeros_like(weight);
    table.taken = at::zeros({weight.size(0)}, at::TensorOptions().dtype(at::kLong));
    tables_.push_back(std::move(table));
  }
}

RowState SparseTables::row(Table& table, int64_t code) const {
  const auto width = static_cast<size_t>(table.embedding.weight.size(1));
  const auto of = [&](const at::Tensor& tensor) {
    if (!tensor.defined()) return std::span<float>();
    return std::span<float>(tensor.data_ptr<float>() + static_cast<size_t>(code) * width, width);
  };
  return {of(table.embedding.weight), of(table.first), of(table.second)};
}

void SparseTables::bring(const TableRows& rows, uint64_t step, at::Device device, bool trains, StepInputs& into) {
  const at::NoGradGuard no_grad;
  rows_.reach(step);
  into.rows.assign(all_, {});
  at::Tensor places = at::empty({rows.count, rows.categories}, at::TensorOptions().dtype(at::kInt));
  int32_t* const cat = places.data_ptr<int32_t>();
  std::copy_n(rows.cat, rows.count * rows.categories, cat);
  std::map<int64_t, std::vector<int32_t>> codes_of;  // of a column; a network may have several tables for it
  for (Table& table : tables_) {
    const int64_t column = table.embedding.column;
    const auto [codes, is_new] = codes_of.try_emplace(column);
    if (is_new) {
      codes->second = distinct_codes(rows, column);
      for (int64_t i = 0; i < rows.count; ++i) {
        int32_t& code = cat[i * rows.categories + column];
        code = static_cast<int32_t>(std::ranges::lower_bound(codes->second, code) - codes->second.begin());
      }
    }
    const auto count = static_cast<int64_t>(codes->second.size()), width = table.embedding.weight.size(1);
    at::Tensor brought = at::empty({count, width});
    std::vector<float> first(static_cast<size_t>(width)), second(table.second.defined() ? first.size() : 0);
    int64_t* const taken = table.taken.data_ptr<int64_t>();
    for (int64_t i = 0; i < count; ++i) {
      const int64_t code = codes->second[static_cast<size_t>(i)];
      const std::span<float> to(brought.data_ptr<float>() + i * width, static_cast<size_t>(width));
      const RowState kept = row(table, code);
      if (trains) {
        rows_.catch_up(kept, static_cast<uint64_t>(taken[code]), step);
        taken[code] = static_cast<int64_t>(step);
        std::ranges::copy(kept.weight, to.begin());
        continue;
      }
      std::ranges::copy(kept.weight, to.begin());
      std::ranges::copy(kept.first, first.begin());
      std::ranges::copy(kept.second, second.begin());
      rows_.catch_up({to, first, second}, static_cast<uint64_t>(taken[code]), step);
    }
    brought = there(brought, device);
    if (trains) {
      table.codes = codes->second;
      table.brought = brought.requires_grad_();
    }
    into.rows[table.place] = brought;
  }
  into.cat = there(places, device);
}

void SparseTables::update(uint64_t step) {
  const at::NoGradGuard no_grad;
  for (Table& table : tables_) {
    const at::Tensor gradient = table.brought.grad();
    if (!gradient.defined()) continue;
    const at::Tensor here = gradient.to(at::kFloat).cpu().contiguous();
    const auto width = static_cast<size_t>(here.size(1));
    for (size_t i = 0; i < table.codes.size(); ++i) {
      const int32_t code = table.codes[i];
      rows_.step(row(table, code), {here.const_data_ptr<float>() + i * width, width}, step);
      table.taken.data_ptr<int64_t>()[code] = static_cast<int64_t>(step + 1);
    }
    table.brought.reset();
    table.codes.clear();
  }
}

bool SparseTables::has(const std::string& name) const {
  return std::ranges::any_of(tables_, [&](const Table& table) { return table.embedding.name == name; });
}

std::vector<nets::NamedTensor> SparseTables::state() const {
  std::vector<nets::NamedTensor> out;
  for (const Table& table : tables_) {
    const std::string& name = table.embedding.name;
    out.emplace_back("sparse/" + name, table.embedding.weight);
    out.emplace_back("optimizer/rows/" + name, table.taken);
    out.emplace_back("optimizer/momentum/" + name, table.first);
    if (table.second.defined()) out.emplace_back("optimizer/squares/" + name, table.second);
  }
  return out;
}

std::vector<nets::NamedTensor> SparseTables::settled(uint64_t step) {
  rows_.reach(step);
  std::vector<nets::NamedTensor> out;
  for (Table& table : tables_) {
    Table copy = table;
    copy.embedding.weight = table.embedding.weight.detach().clone();
    const auto width = static_cast<size_t>(copy.embedding.weight.size(1));
    std::vector<float> first(width), second(table.second.defined() ? width : 0);
    for (int64_t code = 0; code < copy.embedding.weight.size(0); ++code) {
      const RowState kept = row(table, code);
      std::ranges::copy(kept.first, first.begin());
      std::ranges::copy(kept.second, second.begin());
      rows_.catch_up({row(copy, code).weight, first, second},
                     static_cast<uint64_t>(table.taken.const_data_ptr<int64_t>()[code]), step);
    }
    out.emplace_back(table.embedding.name, copy.embedding.weight);
  }
  return out;
}

void SparseTables::restart(uint64_t step) {
  for (Table& table : tables_) {
    table.taken.fill_(static_cast<int64_t>(step));
    table.first.zero_();
    if (table.second.defined()) table.second.zero_();
  }
}

}  // namespace penstock::learn
