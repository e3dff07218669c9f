#include "stages/learn/sparse_tables.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <utility>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "stages/learn/row_exchange.h"

namespace penstock::learn {
namespace {

/// Adds the time of its life to a sum.
class Timed {
 public:
  explicit Timed(double& sum) : sum_(sum), began_(Clock::system().now_seconds()) {}
  ~Timed() { sum_ += Clock::system().now_seconds() - began_; }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  double& sum_;
  double began_;
};

}  // namespace

SparseTables::SparseTables(const nets::Net& net, const OptimiserConfig& optimiser, const Schedule& schedule,
                           const Compute& compute)
    : SparseTables(net, std::make_shared<RowStore>(net, optimiser, schedule), compute) {}

SparseTables::SparseTables(const nets::Net& net, const SparseTables& owner, const Compute& compute)
    : SparseTables(net, owner.store_, compute) {
  lane_ = store_->join();
  const std::vector<nets::EmbeddingTable> mine = net.tables();
  PENSTOCK_CHECK(mine.size() == owner.all_);
  for (size_t table = 0; table < store_->size(); ++table) {
    const at::Tensor& weight = store_->embedding(table).weight;
    at::Tensor lent = mine[store_->place(table)].weight;
    PENSTOCK_CHECK(lent.sizes() == weight.sizes() && !lent.requires_grad());
    lent.set_data(weight);
  }
}

SparseTables::SparseTables(const nets::Net& net, std::shared_ptr<RowStore> store, const Compute& compute)
    : compute_(compute), store_(std::move(store)), ahead_(std::make_unique<RowsAhead>(*store_, compute_)) {
  for (const nets::EmbeddingTable& table : net.tables()) columns_ = std::max(columns_, table.column + 1);
  all_ = net.tables().size();
}

void SparseTables::bring_ahead(const TableRows& rows, uint64_t first) { ahead_->push(rows, first); }

void SparseTables::bring(const TableRows& rows, uint64_t step, bool trains, StepInputs& into) {
  into.rows.assign(all_, {});
  now_.reset();  // what a step before left that threw
  double evaluation = 0;
  const Timed timed(trains ? brought_.step_seconds : evaluation);
  std::unique_ptr<BroughtRows> brought = trains ? ahead_->take(rows, step) : nullptr;
  const bool is_ahead = brought != nullptr;
  if (is_ahead) {
    brought_.rows_again += static_cast<uint64_t>(brought->catch_up());
  } else {
    brought = std::make_unique<BroughtRows>(*store_, compute_, rows, step);
    brought->read_now();
  }
  for (size_t table = 0; table < store_->size(); ++table)
    into.rows[store_->place(table)] = trains ? brought->rows(table).requires_grad_() : brought->rows(table);
  into.cat = brought->places();
  if (!trains) return;
  ++brought_.batches;
  brought_.batches_ahead += is_ahead ? 1 : 0;
  brought_.rows += static_cast<uint64_t>(brought->row_count());
  now_ = std::move(brought);
}

at::Tensor SparseTables::gradient(size_t table) {
  const at::Tensor gradient = now_ ? now_->rows(table).grad() : at::Tensor();
  return gradient.defined() ? gradient.to(at::kFloat).cpu().contiguous() : gradient;
}

void SparseTables::update(uint64_t step) {
  const at::NoGradGuard no_grad;
  const Timed timed(brought_.update_seconds);
  for (size_t table = 0; now_ && table < store_->size(); ++table) {
    const at::Tensor values = gradient(table);
    if (!values.defined()) continue;
    const StagedRows& staged = now_->staged(table);
    store_->write(table, {staged.codes, {values.const_data_ptr<float>(), static_cast<size_t>(values.numel())}}, step,
                  staged);
  }
  now_.reset();
}

void SparseTables::update(uint64_t step, Collective& group, float scale) {
  const at::NoGradGuard no_grad;
  const Timed timed(brought_.update_seconds);
  const size_t tables = store_->size();
  LaneGradients mine{.codes = std::vector<std::vector<int32_t>>(tables),
                     .values = std::vector<std::vector<float>>(tables)};
  std::vector<int64_t> widths;
  for (size_t table = 0; table < tables; ++table) {
    widths.push_back(store_->embedding(table).weight.size(1));
    const at::Tensor values = gradient(table);
    if (!values.defined()) continue;
    const std::span<const int32_t> codes = now_->staged(table).codes;
    mine.codes[table].assign(codes.begin(), codes.end());
    mine.values[table].assign(values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel());
  }
  const std::vector<LaneGradients> lanes = gather_gradients(group, std::move(mine), widths);
  std::vector<int32_t> codes;
  std::vector<float> values;
  for (size_t table = lane_; table < tables; table += store_->lanes()) {  // the others write the rest
    sum_gradients(lanes, table, widths[table], scale, codes, values);
    if (!codes.empty()) store_->write(table, {codes, values}, step, now_ ? now_->staged(table) : StagedRows{});
  }
  now_.reset();
}

bool SparseTables::has(const std::string& name) const {
  for (size_t table = 0; table < store_->size(); ++table)
    if (store_->embedding(table).name == name) return true;
  return false;
}

RowsBrought SparseTables::brought() const {
  RowsBrought out = brought_;
  out.ahead_seconds = ahead_->busy_seconds();
  return out;
}

}  // namespace penstock::learn
