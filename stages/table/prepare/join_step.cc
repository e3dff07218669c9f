// do = "join".
#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "stages/table/prepare/small_table.h"

namespace penstock::table {
namespace {

class JoinStep final : public RowStep {
 public:
  JoinStep(const JoinParams& params, std::string title, Columns& columns, StepWorld& world)
      : RowStep(std::move(title) + " of " + params.file), params_(params), small_(params, title_, world) {
    for (const std::string& on : params.on) {
      const KeyPair pair = key_pair(on);
      const size_t left = read(columns, pair.left);
      keys_.push_back(small_.columns().require(pair.right, title_));
      const io::ColumnType a = columns[left].spec.type, b = small_.columns()[keys_.back()].spec.type;
      if (a != b)
        throw Error(Code::kUsage, title_ + " joins on '" + pair.left + "', which is " + std::string(io::name_of(a)) +
                                      " in the table, and '" + pair.right + "', which is " +
                                      std::string(io::name_of(b)) + " in '" + params.file + "'")
            .hint("say the same type in the schema file of either");
    }
    choose_columns(columns);
    index();
  }

  bool drops() const override { return params_.never == OnMiss::kDrop; }
  StepCounts counts() const override { return {.step = title_, .twice = twice_}; }

  void run(Frame& frame, StepCounts& counts) const override {
    std::vector<int64_t> partners(frame.rows, -1);
    std::string key;
    for (size_t row = 0; row < frame.rows; ++row) {
      if (frame.dropped[row]) continue;
      const bool whole =
          std::none_of(reads_.begin(), reads_.end(), [&](size_t c) { return missing_at(frame.columns[c], row); });
      key.clear();
      if (whole)
        for (const size_t c : reads_) add_key(frame.columns[c], row, key);
      const auto found = whole ? index_.find(key) : index_.end();
      if (found != index_.end()) {
        partners[row] = found->second;
        continue;
      }
      ++counts.never;
      if (params_.never == OnMiss::kFail) fail_unmatched(frame, row);
      if (params_.never == OnMiss::kDrop) {
        frame.dropped[row] = 1;
        ++counts.dropped;
      }
    }
    for (size_t i = 0; i < taken_.size(); ++i) take(small_.column(taken_[i]), partners, frame.columns[makes_[i]]);
  }

 private:
  void choose_columns(Columns& columns) {
    const Columns& small = small_.columns();
    for (const std::string& name : params_.columns) taken_.push_back(small.require(name, title_));
    if (params_.columns.empty())
      for (size_t c = 0; c < small.size(); ++c)
        if (std::find(keys_.begin(), keys_.end(), c) == keys_.end()) taken_.push_back(c);
    for (const size_t c : taken_) make(columns, params_.prefix + small[c].spec.name, small[c].spec.type);
  }

  void index() {
    index_.reserve(small_.rows());
    std::string key;
    for (size_t row = 0; row < small_.rows(); ++row) {
      if (small_.dropped(row)) continue;
      key.clear();
      bool whole = true;
      for (const size_t c : keys_) {
        whole = whole && !missing_at(small_.column(c), row);
        if (whole) add_key(small_.column(c), row, key);
      }
      if (!whole) continue;
      const auto [place, is_new] = index_.try_emplace(key, static_cast<int64_t>(row));
      if (is_new) continue;
      ++twice_;
      if (params_.twice == OnTwice::kLast) place->second = static_cast<int64_t>(row);
      if (params_.twice == OnTwice::kFail)
        throw Error(Code::kData, title_ + ": the key " + key_text(small_, row) + " comes twice, in rows " +
                                     std::to_string(place->second + 1) + " and " + std::to_string(row + 1) +
                                     " (the first is 1)")
            .hint("twice = \"first\" or \"last\" takes one of them, and counts the others");
    }
  }

  std::string key_text(const SmallTable& small, size_t row) const {
    std::string text;
    for (size_t i = 0; i < keys_.size(); ++i)
      text +=
          (i > 0 ? ", " : "") + small.columns()[keys_[i]].spec.name + " = " + value_text(small.column(keys_[i]), row);
    return text;
  }
  [[noreturn]] void fail_unmatched(const Frame& frame, size_t row) const {
    std::string text;
    for (size_t i = 0; i < reads_.size(); ++i)
      text += (i > 0 ? ", " : "") + params_.on[i] + ": " +
              (missing_at(frame.columns[reads_[i]], row) ? "missing" : value_text(frame.columns[reads_[i]], row));
    throw Error(Code::kData, title_ + ": row " + std::to_string(frame.first + row + 1) +
                                 " of the table (the first is 1; " + text + ") has no partner")
        .hint("never = \"missing\" goes on without, never = \"drop\" leaves such rows out; both count them");
  }
  static std::string value_text(const io::ColumnBlock& column, size_t row) {
    if (column.type == io::ColumnType::kText) return "'" + std::string(column.text(row)) + "'";
    if (column.type == io::ColumnType::kReal) return std::to_string(column.reals[row]);
    return std::to_string(column.ints[row]) + (column.type == io::ColumnType::kDate ? " days after 1970-01-01" : "");
  }

  static void take(const io::ColumnBlock& from, const std::vector<int64_t>& partners, io::ColumnBlock& out) {
    const bool is_text = from.type == io::ColumnType::kText;
    out = made_column(is_text ? io::ColumnType::kInt : from.type, is_text ? 0 : partners.size());
    out.type = from.type;
    out.dictionary = from.dictionary;
    if (is_text) out.codes.resize(partners.size());
    for (size_t row = 0; row < partners.size(); ++row) {
      const auto at = static_cast<size_t>(partners[row]);
      if (partners[row] < 0 || from.is_missing(at)) {
        set_missing(out, row);
      } else if (is_text) {
        out.codes[row] = from.codes[at];
      } else if (from.type == io::ColumnType::kReal) {
        out.reals[row] = from.reals[at];
      } else {
        out.ints[row] = from.ints[at];
      }
    }
  }

  JoinParams params_;
  SmallTable small_;
  std::vector<size_t> keys_, taken_;  ///< columns of the small table
  std::unordered_map<std::string, int64_t> index_;
  uint64_t twice_ = 0;
};

}  // namespace

void JoinParams::describe(ParamTable<JoinParams>& t) {
  using P = JoinParams;
  t.add("file", &P::file,
        "the small table, beside the data or the recipe; a pattern such as \"weather/*.csv\" for several", required(),
        not_empty());
  t.add("on", &P::on, "columns whose values are equal: \"Store\", or \"State = land\" where the file calls it land",
        required(), not_empty());
  t.add("source", &P::source, "a text column of the file: its name without folder and ending");
  t.add("names", &P::names, "what `source` says in place of a name: { Bayern = \"BY\" }");
  t.add("step", &P::steps, "steps that the small table takes first, each row by itself");
  t.add("columns", &P::columns, "columns taken; default: all but the keys");
  t.add("prefix", &P::prefix, "begins the names of the new columns");
  t.add("twice", &P::twice, "a key that comes twice in the file",
        one_of<OnTwice>({{"first", OnTwice::kFirst}, {"last", OnTwice::kLast}, {"fail", OnTwice::kFail}}));
  t.add("never", &P::never, "a row without partner",
        one_of<OnMiss>({{"missing", OnMiss::kMissing}, {"fail", OnMiss::kFail}, {"drop", OnMiss::kDrop}}));
}

BoundStep bind(const JoinParams& params, std::string title, Columns& columns, StepWorld& world) {
  return {.row = std::make_unique<JoinStep>(params, std::move(title), columns, world)};
}

}  // namespace penstock::table
