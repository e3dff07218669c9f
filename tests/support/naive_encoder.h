// The oracle of encoding: a row at a time, by the words of the header comments, with maps and libm-free arithmetic in f64.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "io/file/checksum.h"
#include "io/table/table.h"
#include "stages/table/fitted.h"
#include "stages/table/fixed_log.h"
#include "stages/table/group_sums.h"
#include "stages/table/number_map.h"
#include "stages/table/target.h"

namespace penstock::test {

struct NaiveRow {
  std::vector<int32_t> cat;
  std::vector<float> cont;
  double target = 0;
  std::string reason;
};

class NaiveEncoder {
 public:
  NaiveEncoder(const table::Fitted& fitted, const io::TableSchema& schema, bool training)
      : fitted_(fitted), training_(training), found_(table::match_columns(fitted, schema, "naive")) {
    for (const table::CategoryFit& category : fitted.categories) {
      codes_.emplace_back();
      for (size_t i = 0; i < category.values.size(); ++i)
        codes_.back()[category.values[i].text] = static_cast<int32_t>(i + 1);
    }
  }

  const std::vector<size_t>& columns() const { return found_; }

  /// `block` has the columns columns(), in that order.
  NaiveRow encode(const io::TableBlock& block, size_t i, uint64_t row) const {
    NaiveRow out;
    for (const io::BadRow& bad : block.bad)
      if (bad.row == i) out.reason = bad.reason;
    const table::TargetRule rule(fitted_.target, fitted_.source[fitted_.target.source].name, training_);
    std::string reason;
    out.target = rule.value(block.columns[fitted_.target.source], i, reason);
    if (out.reason.empty() && std::isnan(out.target)) out.reason = reason;
    std::vector<float> indicators, frequencies, means;
    for (size_t c = 0; c < fitted_.categories.size(); ++c)
      if (fitted_.categories[c].coded) out.cat.push_back(code(c, block, i));
    for (const table::NumberFit& number : fitted_.numbers) {
      const io::ColumnBlock& cell = block.columns[number.source];
      double x = cell.type == io::ColumnType::kReal ? cell.reals[i] : static_cast<double>(cell.ints[i]);
      const bool none = cell.is_missing(i) || !std::isfinite(x);
      if (number.indicator) indicators.push_back(none ? 1 : 0);
      if (none) {
        x = number.filler;
      } else {
        if (!number.clip.empty()) x = std::min(std::max(x, number.clip[0]), number.clip[1]);
        if (number.log) x = table::signed_log1p(x);
      }
      out.cont.push_back(none && number.fill == table::Fill::kNone ? std::nanf("")
                                                                   : static_cast<float>(scaled(number.scale, x)));
    }
    for (const table::FrequencyFit& frequency : fitted_.frequencies) {
      const int32_t at = code(frequency.category, block, i);
      const auto& values = fitted_.categories[frequency.category].values;
      const double share =
          at == 0 ? 0
                  : static_cast<double>(values[static_cast<size_t>(at - 1)].count) / static_cast<double>(fitted_.rows);
      frequencies.push_back(static_cast<float>(scaled(frequency.scale, share)));
    }
    for (const table::MeanFit& mean : fitted_.means) means.push_back(mean_of(mean, block, i, row));
    for (const auto* more : {&indicators, &frequencies, &means})
      out.cont.insert(out.cont.end(), more->begin(), more->end());
    return out;
  }

 private:
  int32_t code(size_t c, const io::TableBlock& block, size_t i) const {
    const table::CategoryFit& category = fitted_.categories[c];
    const io::ColumnBlock& cell = block.columns[category.source];
    if (cell.is_missing(i)) return 0;
    const std::string text = table::cell_text(cell, i);
    if (category.buckets > 0) return static_cast<int32_t>(1 + io::checksum(text, category.seed) % category.buckets);
    const auto it = codes_[c].find(text);
    return it == codes_[c].end() ? 0 : it->second;
  }
  float mean_of(const table::MeanFit& mean, const io::TableBlock& block, size_t i, uint64_t row) const {
    const size_t out_fold = training_ && mean.how == table::How::kOutOfFold ? table::fold_of(row) : table::kFolds;
    const auto sums = [&](const table::GroupSums& group) {
      std::pair<double, double> sum;
      uint64_t count = 0;
      for (size_t f = 0; f < table::kFolds; ++f)
        if (f != out_fold) {
          count += group.count[f];
          sum.second += group.sum[f];
        }
      sum.first = static_cast<double>(count);
      return sum;
    };
    const auto [n, all] = sums(mean.all);
    double value = n > 0 ? all / n : 0;
    uint64_t key = 0;
    for (size_t k = 0; k < mean.by.size(); ++k) {
      key = table::join_hash(key, table::group_value(block.columns[mean.by[k]], i));
      for (const table::GroupSums& group : mean.levels[mean.by.size() - 1 - k])
        if (group.key == key) {
          const auto [count, sum] = sums(group);
          if (count + mean.smoothing > 0) value = (sum + mean.smoothing * value) / (count + mean.smoothing);
        }
    }
    return static_cast<float>(scaled(mean.scale, value));
  }

  const table::Fitted& fitted_;
  bool training_;
  std::vector<size_t> found_;
  std::vector<std::map<std::string, int32_t>> codes_;
};

}  // namespace penstock::test
