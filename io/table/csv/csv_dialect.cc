#include "io/table/csv/csv_dialect.h"

#include <array>
#include <utility>

namespace penstock::io {
namespace {

constexpr std::array<std::pair<std::string_view, char>, 4> kDelimiters = {
    {{"comma", ','}, {"tab", '\t'}, {"semicolon", ';'}, {"pipe", '|'}}};
constexpr std::array<std::pair<std::string_view, char>, 3> kQuotes = {{{"double", '"'}, {"single", '\''}, {"none", 0}}};

// A character that may part or quote: one byte of ASCII that is no letter, digit or line end, nor of a number.
bool is_mark(std::string_view text) {
  if (text.size() != 1) return false;
  const auto c = static_cast<unsigned char>(text[0]);
  const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return c < 128 && !word && std::string_view("\r\n\0-+.", 6).find(text[0]) == std::string_view::npos;
}

}  // namespace

std::vector<std::string> CsvDialect::default_missing() {
  return {"", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "NaN", "nan", "?"};
}

std::string delimiter_text(const CsvDialect& dialect) {
  std::string out(1, dialect.delimiter);
  for (const auto& [name, c] : kDelimiters)
    if (c == dialect.delimiter) out = name;
  return out + (dialect.space ? " space" : "");
}

bool set_delimiter(std::string_view text, CsvDialect& dialect) {
  constexpr std::string_view kSpace = " space";
  const bool space = text.size() > kSpace.size() && text.ends_with(kSpace);
  if (space) text.remove_suffix(kSpace.size());
  char found = is_mark(text) ? text[0] : '\0';
  for (const auto& [name, c] : kDelimiters)
    if (name == text) found = c;
  if (found == 0) return false;
  dialect.delimiter = found;
  dialect.space = space;
  return true;
}

std::string quote_text(const CsvDialect& dialect) {
  for (const auto& [name, c] : kQuotes)
    if (c == dialect.quote) return std::string(name);
  return std::string(1, dialect.quote);
}

bool set_quote(std::string_view text, CsvDialect& dialect) {
  for (const auto& [name, c] : kQuotes) {
    if (name != text) continue;
    dialect.quote = c;
    return true;
  }
  if (!is_mark(text)) return false;
  dialect.quote = text[0];
  return true;
}

}  // namespace penstock::io
