#include "io/table/csv/column_guess.h"

#include <algorithm>
#include <array>
#include <utility>

#include "io/table/csv/cell_values.h"
#include "io/table/csv/date_text.h"

namespace penstock::io {
namespace {

// ISO 8601 first. Where two of a list fit all cells, nobody knows which was meant.
constexpr std::array<const char*, 10> kDates = {"",         "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y",
                                                "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%b %d %Y", "%d-%b-%Y"};
constexpr std::array<const char*, 9> kTimes = {"",
                                               "%Y/%m/%d %H:%M:%S",
                                               "%d.%m.%Y %H:%M:%S",
                                               "%d/%m/%Y %H:%M:%S",
                                               "%m/%d/%Y %H:%M:%S",
                                               "%d-%m-%Y %H:%M:%S",
                                               "%m-%d-%Y %H:%M:%S",
                                               "%d/%m/%Y %H:%M",
                                               "%m/%d/%Y %H:%M"};

template <size_t N>
const std::vector<DateFormat>& made(const std::array<const char*, N>& texts) {
  static const std::vector<DateFormat> out(texts.begin(), texts.end());
  return out;
}

bool has_zeros_in_front(std::string_view digits) {
  if (digits.starts_with('-')) digits.remove_prefix(1);
  return digits.size() > 1 && digits[0] == '0';
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const size_t more = c < 0x80                ? 0
                        : c >= 0xC2 && c < 0xE0 ? 1
                        : c >= 0xE0 && c < 0xF0 ? 2
                        : c >= 0xF0 && c < 0xF5 ? 3
                                                : 4;
    if (more == 4 || i + more >= text.size()) return false;
    for (size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    i += more + 1;
  }
  return true;
}

// What notes begin with.
std::string noted(const std::string& name) { return "column '" + name + "'"; }

}  // namespace

void ColumnGuess::Kind::add(bool is, std::string_view cell) {
  constexpr size_t kShown = 40;
  cells += is;
  std::string& first = is ? example : other;
  if (first.empty()) first = cell.substr(0, kShown);
}

void ColumnGuess::add(std::string_view cell) {
  ++seen_;
  if (!not_utf8_ && !is_utf8(cell)) not_utf8_ = true;
  cell = trimmed(cell);
  int64_t whole = 0;
  double real = 0;
  if (int_ && parse_long_int(cell, whole)) {
    zeros_ |= has_zeros_in_front(cell);
  } else {
    long_ |= real_ && cell.size() > 18 && cell.find_first_not_of("-0123456789") == std::string_view::npos;
    int_ = false;
  }
  real_ = real_ && parse_real(cell, real);
  if (comma_) add_comma(cell);
  bool_ = bool_ && cell.size() >= 4 && parse_bool(cell, whole);
  if (dates_ != 0 || times_ != 0) add_date(cell);
  add_kind(cell);
}

// Columns that began otherwise, and go on so, are not looked at cell by cell.
void ColumnGuess::add_kind(std::string_view cell) {
  const auto may_be = [this](const Kind& kind) { return seen_ < 100 || kind.cells * 2 >= seen_; };
  const auto is_any = [cell](const std::vector<DateFormat>& formats, auto parse) {
    return cell.size() >= 8 && cell.size() <= 40 &&
           std::ranges::any_of(formats, [&](const DateFormat& format) { return parse(format); });
  };
  int64_t value = 0;
  double real = 0;
  if (may_be(numbers_)) numbers_.add(parse_real(cell, real), cell);
  if (may_be(dates_of_any_))
    dates_of_any_.add(is_any(made(kDates), [&](const DateFormat& format) { return format.date(cell, value); }), cell);
  if (may_be(times_of_any_))
    times_of_any_.add(is_any(made(kTimes), [&](const DateFormat& format) { return format.time(cell, value); }), cell);
}

// Why a column of numbers, dates or times with a few other cells, or of dates in several forms, is text.
std::string ColumnGuess::mixture() const {
  const auto few_are_not = [this](const Kind& kind, const std::string& what) {
    return std::to_string(kind.cells) + " of " + std::to_string(seen_) + " cells looked at are " + what + ", '" +
           kind.other + "' is not: taken as text, which is right for codes; else mend such cells, or state the " +
           "column's type or the spelling of a missing value in the schema file";
  };
  if (numbers_.cells < seen_ && numbers_.is_most_of(seen_)) return few_are_not(numbers_, "numbers");
  for (const auto& [kind, what] : {std::pair{&dates_of_any_, "dates"}, std::pair{&times_of_any_, "times"}}) {
    if (kind->cells == seen_)
      return std::string(what) + " are written in more than one way ('" + kind->example +
             "' and others): taken as text; write them in one way, as 2015-07-31";
    if (kind->is_most_of(seen_)) return few_are_not(*kind, what);
  }
  return "";
}

void ColumnGuess::add_comma(std::string_view cell) {
  double value = 0;
  comma_ = parse_comma_real(cell, value);
  const size_t comma = cell.find(',');
  const bool point = cell.find('.') != std::string_view::npos;
  if (!comma_) return;
  if (comma == std::string_view::npos) {
    points_ |= point;
    return;
  }
  commas_ = true;
  both_ |= point;
  // "1,234" is two numbers; "1,5", "0,125", "1234,500" and "1.234,500" are one.
  const std::string_view whole = cell.substr(cell.starts_with('-') ? 1 : 0, comma - (cell.starts_with('-') ? 1 : 0));
  decimals_ |= cell.size() - comma - 1 != 3 || whole.size() > 3 || whole == "0" || whole.empty();
}

void ColumnGuess::add_date(std::string_view cell) {
  int64_t value = 0;
  const bool may = cell.size() >= 8 && cell.size() <= 40;
  const auto keep = [&](uint32_t& fits, const auto& texts, bool times) {
    if (fits == UINT32_MAX) fits = (1U << texts.size()) - 1;
    for (size_t i = 0; i < texts.size(); ++i) {
      if ((fits & (1U << i)) == 0) continue;
      const DateFormat& format = made(texts)[i];
      if (!may || !(times ? format.time(cell, value) : format.date(cell, value))) fits &= ~(1U << i);
    }
  };
  keep(dates_, kDates, false);
  keep(times_, kTimes, true);
}

std::vector<std::string> ColumnGuess::formats(bool times) const {
  std::vector<std::string> out;
  if (seen_ == 0) return out;
  for (size_t i = 0; i < (times ? kTimes.size() : kDates.size()); ++i)
    if (((times ? times_ : dates_) & (1U << i)) != 0) out.emplace_back(times ? kTimes[i] : kDates[i]);
  return out;
}

ColumnSpec ColumnGuess::spec(const std::string& name) const {
  if (seen_ == 0) return {.name = name, .type = ColumnType::kText};
  if (int_ && !zeros_) return {.name = name, .type = ColumnType::kInt};
  if (real_ && !int_ && !zeros_ && !long_) return {.name = name, .type = ColumnType::kReal};
  if (comma_ && decimals_ && !mixes_points()) return {.name = name, .type = ColumnType::kReal, .format = "comma"};
  if (bool_) return {.name = name, .type = ColumnType::kBool};
  for (const bool times : {false, true})
    if (const auto fit = formats(times); fit.size() == 1)
      return {.name = name, .type = times ? ColumnType::kTime : ColumnType::kDate, .format = fit[0]};
  return {.name = name, .type = ColumnType::kText};
}

bool ColumnGuess::is_note_of(const std::string& name, std::string_view note) {
  const std::string column = noted(name);
  return note.starts_with(column + " ") || note.starts_with(column + ":");
}

std::string ColumnGuess::note(const std::string& name) const {
  const std::string column = noted(name);
  if (seen_ == 0) return column + " has no value in the sample: taken as text";
  if (real_ && zeros_) return column + " has whole numbers with zeros in front: taken as text";
  if (real_ && long_) return column + " has whole numbers of more than 64 bits: taken as text";
  if (comma_ && commas_ && !decimals_)
    return column +
           " has numbers such as 1,234, whose comma may part thousands or decimals: taken as text; if decimals, "
           "write real,comma into the schema file";
  if (comma_ && decimals_ && mixes_points())
    return column +
           " has numbers such as 3,5 and others such as 3.142, whose point may part thousands or decimals: taken as "
           "text; "
           "if thousands, write real,comma into the schema file";
  for (const bool times : {false, true})
    if (const auto fit = formats(times); fit.size() > 1)
      return column + " has dates that may be " + fit[0] + " or " + fit[1] +
             ": taken as text; write the right one into the schema file";
  if (is_text()) {
    if (const std::string why = mixture(); !why.empty()) return column + ": " + why;
  }
  if (not_utf8_) return column + " holds text that is not UTF-8: its bytes are kept as they are";
  return "";
}

}  // namespace penstock::io
