#include "stages/table/fit_state.h"

#include <algorithm>
#include <cmath>

#include "stages/table/fixed_log.h"

namespace penstock::table {
namespace {

using io::ColumnBlock;
using io::ColumnType;

// Eight bytes that stand for a cell that is no text.
int64_t cell_bits(const ColumnBlock& column, size_t row) {
  return column.type == ColumnType::kReal ? std::bit_cast<int64_t>(column.reals[row] + 0.0) : column.ints[row];
}

void add_to(GroupSums& group, size_t fold, double y) {
  ++group.count[fold];
  group.sum[fold] += y;
}

}  // namespace

double shaped(double x, bool log, std::span<const double> clip) {
  if (!std::isfinite(x)) return x;
  if (!clip.empty()) x = std::clamp(x, clip[0], clip[1]);
  return log ? signed_log1p(x) : x;
}

FitState::FitState(const ColumnPlan& plan, const io::TableSchema& schema, const TargetRule& rule, Task task,
                   uint64_t most_open)
    : categories(plan.categories.size() + plan.open.size()),
      numbers(plan.numbers.size() + plan.open.size()),
      plan_(plan),
      rule_(rule),
      task_(task),
      most_open_(most_open),
      place_(schema.size(), 0) {
  for (size_t i = 0; i < plan.columns.size(); ++i) place_[plan.columns[i]] = i;
  for (const MeanPlan& mean : plan.means) means.push_back({std::vector<GroupTable>(mean.by.size()), {}});
}

void FitState::clear() {
  for (CategoryState& state : categories) {
    state.values.clear();
    state.distinct.clear();
    state.too_many = false;
    state.missing = 0;
  }
  for (NumberState& state : numbers) state = {};
  for (MeanState& state : means) {
    for (GroupTable& level : state.levels) level.clear();
    state.all = {};
  }
  targets.clear();
  target = {};
  raw_target = {};
  rows = refused = bad = 0;
  first_refusal.clear();
}

void FitState::add(const io::TableBlock& block, std::span<const uint64_t> rows) {
  good_.assign(block.rows, 1);
  for (const io::BadRow& row : block.bad) good_[row.row] = 0;
  bad += block.bad.size();
  add_target(block);
  for (size_t i = 0; i < plan_.categories.size(); ++i)
    add_category(column(block, plan_.categories[i].column), plan_.categories[i], categories[i], false);
  for (size_t i = 0; i < plan_.numbers.size(); ++i)
    add_number(column(block, plan_.numbers[i].column), plan_.numbers[i], numbers[i]);
  for (size_t i = 0; i < plan_.open.size(); ++i) {
    const OpenPlan& open = plan_.open[i];
    add_category(column(block, open.category.column), open.category, categories[plan_.categories.size() + i], true);
    add_number(column(block, open.number.column), open.number, numbers[plan_.numbers.size() + i]);
  }
  add_means(block, rows);
}

// Rows without a target that can be learnt count nowhere: training does not see them.
void FitState::add_target(const io::TableBlock& block) {
  const ColumnBlock& cells = column(block, plan_.target);
  y_.resize(block.rows);
  raw_y_.resize(block.rows);
  std::string reason;
  for (size_t i = 0; i < block.rows; ++i) {
    if (good_[i] == 0) continue;
    if (task_ == Task::kClasses) {
      const std::string text = cell_text(cells, i);
      if (cells.is_missing(i)) {
        reason = "its target is missing";
        y_[i] = std::nan("");
      } else {
        targets.add(text, 0);
        y_[i] = static_cast<double>(hash_text(text) >> 12);  // tells classes apart, no more
      }
    } else {
      y_[i] = rule_.value(cells, i, reason);
      if (task_ == Task::kBinary && !std::isnan(y_[i])) targets.add(cell_text(cells, i), y_[i]);
    }
    if (std::isnan(y_[i])) {
      good_[i] = 0;
      if (refused++ == 0) first_refusal = reason;
      continue;
    }
    ++rows;
    target.add(y_[i], y_[i]);
    raw_y_[i] = y_[i];
    if (task_ == Task::kRegression) {
      raw_y_[i] = cells.type == ColumnType::kReal ? cells.reals[i] : static_cast<double>(cells.ints[i]);
      raw_target.add(raw_y_[i]);
    }
  }
}

void FitState::add_category(const ColumnBlock& cells, const CategoryPlan& plan, CategoryState& state, bool open) {
  if (state.too_many) return;
  if (!cells.missing.empty())
    for (size_t i = 0; i < good_.size(); ++i) state.missing += good_[i] & (cells.missing[i] != 0 ? 1u : 0u);
  if (plan.buckets > 0 && !open) {
    for (size_t i = 0; i < good_.size(); ++i)
      if (good_[i] != 0 && !cells.is_missing(i)) state.distinct.add(group_value(cells, i));
    return;
  }
  if (cells.type == ColumnType::kText && cells.dictionary)
    add_codes(cells, state);
  else
    add_texts(cells, state);
  if (open && state.values.entries().size() > most_open_) {
    state.too_many = true;
    state.values.clear();
  }
}

void FitState::add_texts(const ColumnBlock& cells, CategoryState& state) {
  for (size_t i = 0; i < good_.size(); ++i) {
    if (good_[i] == 0 || cells.is_missing(i)) continue;
    if (cells.type == ColumnType::kText) {
      state.values.add(cells.texts[i], y_[i]);
    } else {
      const int64_t bits = cell_bits(cells, i);
      state.values.add(bytes_of_int(bits), y_[i]);
    }
  }
}

// Codes are counted first, so that each text is looked up once a block.
void FitState::add_codes(const ColumnBlock& cells, CategoryState& state) {
  if (codes_.size() < cells.dictionary->size()) codes_.resize(cells.dictionary->size());
  touched_.clear();
  for (size_t i = 0; i < good_.size(); ++i) {
    if (good_[i] == 0 || cells.is_missing(i)) continue;
    CodeCount& code = codes_[cells.codes[i]];
    if (code.count++ == 0) {
      code.target = y_[i];
      code.varies = false;
      touched_.push_back(cells.codes[i]);
    }
    code.varies = code.varies || code.target != y_[i];
  }
  for (const uint32_t c : touched_) {
    CodeCount& code = codes_[c];
    state.values.add((*cells.dictionary)[c], code.varies ? std::nan("") : code.target, code.count);
    code.count = 0;
  }
}

void FitState::add_number(const ColumnBlock& cells, const NumberPlan& plan, NumberState& state) {
  const bool quantiles = plan.needs_quantiles();
  for (size_t i = 0; i < good_.size(); ++i) {
    if (good_[i] == 0) continue;
    if (cells.is_missing(i)) {
      ++state.missing;
      continue;
    }
    const double raw = cells.type == ColumnType::kReal ? cells.reals[i] : static_cast<double>(cells.ints[i]);
    if (!std::isfinite(raw)) {
      ++(std::isnan(raw) ? state.missing : state.infinite);
      continue;
    }
    const double x = shaped(raw, plan.log, plan.clip);
    state.moments.add(x, y_[i]);
    if (quantiles) state.quantiles.add(x);
    state.differs += raw != raw_y_[i] ? 1 : 0;
  }
}

void FitState::add_means(const io::TableBlock& block, std::span<const uint64_t> rows) {
  std::vector<uint64_t> keys;
  for (size_t m = 0; m < means.size(); ++m) {
    const MeanPlan& plan = plan_.means[m];
    for (size_t i = 0; i < good_.size(); ++i) {
      if (good_[i] == 0) continue;
      const size_t fold = plan.spec.how == How::kOutOfFold ? fold_of(rows[i]) : 0;
      uint64_t key = 0;
      for (size_t k = 0; k < plan.by.size(); ++k) {
        key = join_hash(key, group_value(column(block, plan.by[k]), i));
        add_to(means[m].levels[plan.by.size() - 1 - k].at(key), fold, y_[i]);
      }
      add_to(means[m].all, fold, y_[i]);
    }
  }
}

void FitState::merge_part(size_t part, const FitState& next) {
  if (part < categories.size()) {
    CategoryState& mine = categories[part];
    const CategoryState& other = next.categories[part];
    mine.missing += other.missing;
    mine.distinct.merge(other.distinct);
    mine.too_many = mine.too_many || other.too_many;
    if (!mine.too_many) mine.values.merge(other.values);
    const bool open = part >= plan_.categories.size();
    mine.too_many = mine.too_many || (open && mine.values.entries().size() > most_open_);
    if (mine.too_many) mine.values.clear();
    return;
  }
  part -= categories.size();
  if (part < numbers.size()) {
    numbers[part].moments.merge(next.numbers[part].moments);
    numbers[part].quantiles.merge(next.numbers[part].quantiles);
    numbers[part].missing += next.numbers[part].missing;
    numbers[part].infinite += next.numbers[part].infinite;
    numbers[part].differs += next.numbers[part].differs;
    return;
  }
  part -= numbers.size();
  if (part < means.size()) {
    for (size_t level = 0; level < means[part].levels.size(); ++level)
      means[part].levels[level].merge(next.means[part].levels[level]);
    for (size_t f = 0; f < kFolds; ++f) {
      means[part].all.count[f] += next.means[part].all.count[f];
      means[part].all.sum[f] += next.means[part].all.sum[f];
    }
    return;
  }
  targets.merge(next.targets);
  target.merge(next.target);
  raw_target.merge(next.raw_target);
  rows += next.rows;
  bad += next.bad;
  if (refused == 0) first_refusal = next.first_refusal;
  refused += next.refused;
}

uint64_t FitState::vocabulary_bytes() const {
  uint64_t sum = 0;
  for (const CategoryState& state : categories) sum += state.values.bytes();
  for (const MeanState& mean : means)
    for (const GroupTable& level : mean.levels) sum += level.bytes();
  return sum;
}

}  // namespace penstock::table
