// do = "text" and do = "in-list".
#include <charconv>
#include <utility>

#include "engine/base/error.h"
#include "stages/table/prepare/row_steps.h"

namespace penstock::table {
namespace {

// Piece `part` of a text cut at `split`; of negative ones, from the end. Nothing where there is none.
std::optional<std::string_view> piece_of(std::string_view text, std::string_view split, int64_t part) {
  std::vector<std::string_view> pieces;
  for (size_t from = 0;;) {
    const size_t at = text.find(split, from);
    pieces.push_back(text.substr(from, at == std::string_view::npos ? at : at - from));
    if (at == std::string_view::npos) break;
    from = at + split.size();
  }
  const int64_t place = part < 0 ? part + static_cast<int64_t>(pieces.size()) : part;
  if (place < 0 || place >= static_cast<int64_t>(pieces.size())) return {};
  return pieces[static_cast<size_t>(place)];
}

template <class T>
bool reads_as(std::string_view text, T& value) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size();
}

size_t read_text(const std::string& name, const Columns& columns, const std::string& title) {
  const size_t at = columns.require(name, title);
  if (columns[at].spec.type == io::ColumnType::kText) return at;
  throw Error(Code::kUsage,
              title + " wants a text, and column '" + name + "' is " + std::string(io::name_of(columns[at].spec.type)))
      .hint("say that it is text in the table's schema file");
}

class TextStep final : public RowStep {
 public:
  TextStep(const TextParams& params, std::string title, Columns& columns) : RowStep(std::move(title)), params_(params) {
    reads_.push_back(read_text(params.column, columns, title_));
    make(columns, params.name, params.as);
  }

  void run(Frame& frame, StepCounts& counts) const override {
    const io::ColumnBlock& from = frame.columns[reads_[0]];
    io::ColumnBlock& out = frame.columns[makes_[0]];
    out = made_column(out.type, frame.rows);
    for (size_t row = 0; row < frame.rows; ++row) {
      if (frame.dropped[row]) continue;
      if (from.is_missing(row)) {
        set_missing(out, row);
        continue;
      }
      const std::string_view whole = from.text(row);
      std::optional<std::string_view> text = whole;
      if (!params_.split.empty()) text = piece_of(whole, params_.split, params_.part);
      if (text && params_.first) text = text->substr(0, *params_.first);
      if (text && put(*text, out, row, frame)) continue;
      ++counts.unreadable;
      if (params_.unreadable == OnMiss::kFail)
        throw Error(Code::kData, title_ + ": '" + std::string(whole.substr(0, 60)) + "' in column '" + params_.column +
                                     "', row " + std::to_string(frame.first + row + 1) +
                                     " (the first is 1), does not give " + std::string(io::name_of(params_.as)))
            .hint("unreadable = \"missing\" counts such texts and goes on");
      set_missing(out, row);
    }
  }

 private:
  bool put(std::string_view text, io::ColumnBlock& out, size_t row, Frame& frame) const {
    switch (params_.as) {
      case io::ColumnType::kText:
        if (params_.lower) {
          std::string& word = frame.words.emplace_back(text);
          for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
          text = word;
        }
        out.texts[row] = text;
        return true;
      case io::ColumnType::kReal: return reads_as(text, out.reals[row]);
      case io::ColumnType::kDate: return keep(parse_days(text), out.ints[row]);
      case io::ColumnType::kTime: return keep(parse_seconds(text), out.ints[row]);
      default: return reads_as(text, out.ints[row]);
    }
  }
  static bool keep(std::optional<int64_t> value, int64_t& out) {
    out = value.value_or(0);
    return value.has_value();
  }

  TextParams params_;
};

class InListStep final : public RowStep {
 public:
  InListStep(const InListParams& params, std::string title, Columns& columns)
      : RowStep(std::move(title)), params_(params) {
    reads_.push_back(read_text(params.list, columns, title_));
    const size_t at = read(columns, params.column);
    is_text_ = columns[at].spec.type == io::ColumnType::kText;
    if (!is_text_ && (columns[at].spec.type != io::ColumnType::kInt || params.words.empty()))
      throw Error(Code::kUsage,
                  title_ + " wants a text in column '" + params.column + "', or an int and `words` for it");
    make(columns, params.name, io::ColumnType::kBool);
  }

  void run(Frame& frame, StepCounts& counts) const override {
    const io::ColumnBlock& lists = frame.columns[reads_[0]];
    const io::ColumnBlock& from = frame.columns[reads_[1]];
    io::ColumnBlock& out = frame.columns[makes_[0]];
    out = made_column(out.type, frame.rows);
    for (size_t row = 0; row < frame.rows; ++row) {
      if (frame.dropped[row] || lists.is_missing(row)) continue;
      if (from.is_missing(row)) {
        set_missing(out, row);
        continue;
      }
      std::string_view word;
      if (is_text_) {
        word = from.text(row);
      } else {
        const int64_t place = from.ints[row];
        if (place < 1 || place > static_cast<int64_t>(params_.words.size())) {
          ++counts.outside;
          set_missing(out, row);
          continue;
        }
        word = params_.words[static_cast<size_t>(place - 1)];
      }
      out.ints[row] = has(lists.text(row), word);
    }
  }

 private:
  bool has(std::string_view list, std::string_view word) const {
    for (int64_t part = 0;; ++part) {
      const auto piece = piece_of(list, params_.split, part);
      if (!piece) return false;
      if (*piece == word) return true;
    }
  }

  InListParams params_;
  bool is_text_ = false;
};

}  // namespace

void TextParams::describe(ParamTable<TextParams>& t) {
  using io::ColumnType;
  t.add("column", &TextParams::column, "the text", required(), not_empty());
  t.add("name", &TextParams::name, "of the new column", required(), not_empty());
  t.add("split", &TextParams::split, "cut at this");
  t.add("part", &TextParams::part, "which piece, from 0; -1: the last");
  t.add("first", &TextParams::first, "so many bytes of it", at_least(1));
  t.add("lower", &TextParams::lower, "A to Z in small letters");
  t.add("as", &TextParams::as, "what it is read as; dates as 2015-07-31",
        one_of<ColumnType>({{"text", ColumnType::kText},
                            {"int", ColumnType::kInt},
                            {"real", ColumnType::kReal},
                            {"date", ColumnType::kDate},
                            {"time", ColumnType::kTime}}));
  t.add("unreadable", &TextParams::unreadable, "a text that is none",
        one_of<OnMiss>({{"missing", OnMiss::kMissing}, {"fail", OnMiss::kFail}}));
}

void InListParams::describe(ParamTable<InListParams>& t) {
  t.add("name", &InListParams::name, "of the new column", required(), not_empty());
  t.add("column", &InListParams::column, "what is looked for", required(), not_empty());
  t.add("list", &InListParams::list, "the text that lists words", required(), not_empty());
  t.add("words", &InListParams::words, "what an int stands for: 1 for the first");
  t.add("split", &InListParams::split, "between the words of the list", not_empty());
}

BoundStep bind(const TextParams& params, std::string title, Columns& columns, StepWorld&) {
  return {.row = std::make_unique<TextStep>(params, std::move(title), columns)};
}
BoundStep bind(const InListParams& params, std::string title, Columns& columns, StepWorld&) {
  return {.row = std::make_unique<InListStep>(params, std::move(title), columns)};
}

}  // namespace penstock::table
