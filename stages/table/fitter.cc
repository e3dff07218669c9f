#include "stages/table/fitter.h"

#include <algorithm>
#include <functional>
#include <future>
#include <optional>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "stages/table/fit_result.h"
#include "stages/table/row_walk.h"

namespace penstock::table {
namespace {

/// The parts of one stretch each.
using Wave = std::vector<std::vector<RowPart>>;

class Fit {
 public:
  Fit(const io::Table& table, const RowSet& rows, const TableSpec& spec, Cores& cores, const FitOptions& options)
      : table_(table),
        rows_(rows),
        spec_(spec),
        cores_(cores),
        options_(options),
        plan_(plan_columns(spec, table.schema(), table.path())),
        target_(target_of()),
        rule_(target_, spec.target, true),
        sum_(plan_, table.schema(), rule_, spec.task, spec.auto_values) {
    for (unsigned i = 0; i < std::max(1u, 2 * cores.count()); ++i)
      states_.push_back(std::make_unique<FitState>(plan_, table.schema(), rule_, spec.task, spec.auto_values));
    blocks_.resize(states_.size());
  }

  FitResult run(Budgets& budgets) {
    const uint64_t piece = table_.max_piece_bytes(plan_.columns);
    uint64_t window = options_.window_bytes;
    // Vocabularies have to find room beside it.
    if (const uint64_t limit = budgets.limit(Tier::kRam); limit > 0)
      window = std::min(window, (limit - std::min(limit, budgets.used(Tier::kRam))) / 3);
    const uint64_t most = std::max(window / 2, piece);
    std::optional<Credit> credit = budgets.try_take(Need::ram(2 * most + piece));
    if (!credit) {
      // As little as goes: a stretch at a time.
      credit = budgets.try_take(Need::ram(3 * piece));
      if (!credit)
        throw Error(Code::kMemory, "fitting '" + table_.path() + "' takes " + bytes_text(3 * piece) +
                                       " of memory for the rows it looks at, and budget.ram has less left")
            .hint("raise budget.ram, or pack the table in smaller pieces");
      wave_bytes_ = piece;
    } else {
      wave_bytes_ = most;
    }
    Wave wave = fetch();
    while (!wave.empty()) {
      auto next = std::async(std::launch::async, [this] { return fetch(); });
      count(wave);
      charge_vocabularies(budgets);
      wave = next.get();
    }
    return finish_fit(spec_, plan_, table_, target_, sum_);
  }

 private:
  TargetFit target_of() const {
    TargetFit target{
        .task = spec_.task, .log = spec_.target_log, .clip = spec_.target_clip, .positive = spec_.positive};
    const io::ColumnType type = table_.schema().columns()[plan_.target].type;
    const bool text = type == io::ColumnType::kText;
    if (text && spec_.task == Task::kRegression)
      throw Error(Code::kUsage, "the target '" + spec_.target + "' of '" + table_.path() +
                                    "' is text, and task = \"regression\" wants a number")
          .hint("task = \"classes\", or \"binary\" with positive = the value that counts as 1");
    if (text && spec_.task == Task::kBinary && spec_.positive.empty())
      throw Error(Code::kUsage, "the target '" + spec_.target + "' of '" + table_.path() + "' is text")
          .hint("positive = \"...\": say in [table] which value counts as 1");
    return target;
  }

  // Stretches until there is one for each state or the window is full.
  Wave fetch() {
    Wave wave;
    uint64_t bytes = 0;
    while (next_ < rows_.size() && wave.size() < states_.size() && (wave.empty() || bytes < wave_bytes_)) {
      const uint64_t last = std::min(rows_.size(), next_ + kStretch);
      wave.push_back(fetch_rows(table_, plan_.columns, rows_, next_, last, last_piece_));
      for (const RowPart& part : wave.back()) bytes += part.raw->bytes();
      next_ = last;
    }
    return wave;
  }

  void count(Wave& wave) {
    parallel_for(cores_, wave.size(), 1, [&](size_t begin, size_t end) {
      for (size_t s = begin; s < end; ++s) {
        for (const RowPart& part : wave[s])
          each_block(part, blocks_[s], [&](const io::TableBlock& block, std::span<const uint64_t> rows) {
            states_[s]->add(block, rows);
          });
        wave[s].clear();
      }
    });
    parallel_for(cores_, sum_.parts(), 1, [&](size_t begin, size_t end) {
      for (size_t part = begin; part < end; ++part)
        for (size_t s = 0; s < wave.size(); ++s) sum_.merge_part(part, *states_[s]);
    });
    for (size_t s = 0; s < wave.size(); ++s) states_[s]->clear();
    refuse_large();
    done_ += wave.size() * kStretch;
    if (options_.progress) options_.progress(std::min(done_, rows_.size()), rows_.size());
  }

  void refuse_large() const {
    if (sum_.vocabulary_bytes() > options_.vocabulary_bytes) throw too_large(bytes_text(options_.vocabulary_bytes));
  }

  // What was counted so far. A stretch's own counts come on top until they are merged: of 32768 rows for each of the states.
  void charge_vocabularies(Budgets& budgets) {
    const uint64_t bytes = sum_.vocabulary_bytes();
    if (bytes <= charged_) return;
    std::optional<Credit> credit = budgets.try_take(Need::ram(bytes - charged_));
    if (!credit) {
      const uint64_t limit = budgets.limit(Tier::kRam), left = limit - std::min(limit, budgets.used(Tier::kRam));
      throw too_large("budget.ram has left for them, " + bytes_text(charged_ + left));
    }
    vocabularies_.push_back(std::move(*credit));
    charged_ = bytes;
  }

  /// Names the columns that take most of it.
  Error too_large(const std::string& bound) const {
    std::vector<std::pair<uint64_t, std::string>> sizes;
    uint64_t groups = sum_.vocabulary_bytes();
    for (size_t i = 0; i < sum_.categories.size(); ++i) {
      const uint64_t bytes = sum_.categories[i].values.bytes();
      groups -= bytes;
      const size_t column = i < plan_.categories.size() ? plan_.categories[i].column
                                                        : plan_.open[i - plan_.categories.size()].category.column;
      sizes.emplace_back(bytes, "column '" + table_.schema().columns()[column].name + "' with " +
                                    std::to_string(sum_.categories[i].values.entries().size()) + " values so far (" +
                                    bytes_text(bytes) + ")");
    }
    sizes.emplace_back(groups, "the groups of [[table.means]] (" + bytes_text(groups) + ")");
    std::ranges::sort(sizes, std::greater<>());
    std::string largest = sizes[0].second;
    for (size_t i = 1; i < std::min<size_t>(3, sizes.size()); ++i)
      if (sizes[i].first > sizes[0].first / 4) largest += ", " + sizes[i].second;
    return Error(Code::kMemory,
                 "the vocabularies of '" + table_.path() + "' take more than " + bound + ", most of it " + largest)
        .hint(
            "hash what has so many values: buckets = 1048576 in its [[table.column]]; or leave it out, or raise "
            "budget.ram");
  }

  const io::Table& table_;
  const RowSet& rows_;
  const TableSpec& spec_;
  Cores& cores_;
  const FitOptions& options_;
  const ColumnPlan plan_;
  const TargetFit target_;
  const TargetRule rule_;
  FitState sum_;
  std::vector<std::unique_ptr<FitState>> states_;
  std::vector<io::TableBlock> blocks_;
  uint64_t wave_bytes_ = 0;
  uint64_t next_ = 0, done_ = 0;
  std::vector<Credit> vocabularies_;  ///< of charged_ bytes together
  uint64_t charged_ = 0;
  std::shared_ptr<const io::RawRows> last_piece_;
};

}  // namespace

FitResult fit(const io::Table& table, const RowSet& rows, const TableSpec& spec, Cores& cores, Budgets& budgets,
              const FitOptions& options) {
  if (rows.size() == 0)
    throw Error(Code::kData, "'" + table.path() + "' has no training row").hint("check the file and the split");
  return Fit(table, rows, spec, cores, options).run(budgets);
}

}  // namespace penstock::table
