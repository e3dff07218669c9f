// What comes into a learner, looked at before torch reads it.
#include <algorithm>
#include <cmath>
#include <string>

#include "engine/base/error.h"
#include "stages/learn/learner_state.h"

namespace penstock::learn {
namespace {

void require_count(int64_t records, size_t targets, const char* what) {
  if (records >= 1 && static_cast<int64_t>(targets) == records) return;
  throw Error(Code::kUsage,
              "a batch of " + std::to_string(records) + " records came with " + std::to_string(targets) + " " + what);
}

/// The first code of a column that its table has no row for; -1: none. Plain loops, so that they are vectorised.
int64_t row_of_wrong_code(const TableRows& rows, int64_t column, int64_t cardinality) {
  const auto limit = static_cast<uint32_t>(std::min<int64_t>(cardinality, INT32_MAX));
  for (int64_t i = 0; i < rows.count; ++i)
    if (static_cast<uint32_t>(rows.cat[i * rows.categories + column]) >= limit) return i;
  return -1;
}

void check_rows(const TableRows& rows, const nets::TableNetSpec& table) {
  const auto columns = static_cast<int64_t>(table.cardinalities.size());
  if (rows.categories != columns || rows.numbers != table.numbers)
    throw Error(Code::kUsage, "the network takes " + std::to_string(columns) + " columns of codes and " +
                                  std::to_string(table.numbers) + " of numbers, the batch has " +
                                  std::to_string(rows.categories) + " and " + std::to_string(rows.numbers))
        .hint("is it the table that it was made for?");
  for (int64_t c = 0; c < columns; ++c) {
    const int64_t cardinality = table.cardinalities[static_cast<size_t>(c)];
    const int64_t i = row_of_wrong_code(rows, c, cardinality);
    if (i < 0) continue;
    throw Error(Code::kUsage, "row " + std::to_string(i) + " of the batch has the code " +
                                  std::to_string(rows.cat[i * columns + c]) + " in column " + std::to_string(c) +
                                  " of codes, where there are 0 to " + std::to_string(cardinality - 1));
  }
  bool all_numbers = true;
  for (int64_t i = 0; i < rows.count * rows.numbers; ++i) all_numbers &= rows.cont[i] == rows.cont[i];
  if (all_numbers) return;
  const float* const end = rows.cont + rows.count * rows.numbers;
  const int64_t at = std::find_if(rows.cont, end, [](float x) { return std::isnan(x); }) - rows.cont;
  throw Error(Code::kUsage, "row " + std::to_string(at / rows.numbers) + " of the batch has no number in column " +
                                std::to_string(at % rows.numbers) +
                                " of numbers (NaN), and a network cannot do without")
      .hint("table.fill says what stands for a missing number; \"none\" is for trees");
}

}  // namespace

void Learner::State::check_inputs(const Inputs& inputs) const {
  const bool takes_rows = nets::is_table_net(config.net.arch);
  if (takes_rows != (inputs.rows.count > 0) || (takes_rows && inputs.images.count > 0))
    throw Error(Code::kUsage, "the network '" + config.net.arch + "' takes " +
                                  (takes_rows ? "rows of a table" : "pictures") + ", which this batch has none of");
  if (takes_rows) check_rows(inputs.rows, config.net.table);
}

void Learner::State::check_labels(int64_t records, Labels labels) const {
  require_count(records, labels.size(), "labels");
  for (const int64_t label : labels) {
    if (label >= 0 && label < config.net.classes) continue;
    throw Error(Code::kUsage, "label " + std::to_string(label) + " is outside the " +
                                  std::to_string(config.net.classes) + " classes of the network")
        .hint("is net.classes the number of classes of the data?");
  }
}

void Learner::State::check_targets(int64_t records, const Targets& targets) const {
  if (config.task == Task::kClasses) {
    check_labels(records, targets.labels);
    return;
  }
  require_count(records, targets.values.size(), "targets");
  const bool yes_or_no = config.task == Task::kBinary;
  const auto fits = [&](float x) { return yes_or_no ? x == 0 || x == 1 : std::isfinite(x); };
  const auto wrong = std::ranges::find_if_not(targets.values, fits);
  if (wrong == targets.values.end()) return;
  throw Error(Code::kUsage, "record " + std::to_string(wrong - targets.values.begin()) +
                                " of the batch has the target " + std::to_string(*wrong) +
                                (yes_or_no ? ", where 0 and 1 are meant" : ", which nothing can be learnt from"))
      .hint("leave such rows out of the training data, or mend them");
}

void Learner::State::check_mixing(int64_t records, const Mixing& mixing) const {
  check_labels(records, mixing.second);
  const bool fits = mixing.shares.size() == mixing.second.size() &&
                    std::all_of(mixing.shares.begin(), mixing.shares.end(), [](float x) { return x >= 0 && x <= 1; });
  if (!fits) throw Error(Code::kUsage, "mixed pictures need a share from 0 to 1 each");
}

}  // namespace penstock::learn
