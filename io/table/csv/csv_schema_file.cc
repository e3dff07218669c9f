#include "io/table/csv/csv_schema_file.h"

#include <algorithm>
#include <charconv>

#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "io/table/csv/cell_values.h"
#include "io/table/csv/csv_head.h"
#include "io/table/csv/date_text.h"
#include "io/table/csv/row_scan.h"

namespace penstock::io {
namespace {

const std::vector<std::string> kSettings = {"delimiter", "quote", "header", "skip", "missing", "packed", "column"};
const std::vector<std::string> kHeaders = {"no", "yes", "ignored"};  // as CsvDialect::Header counts
const std::vector<std::string> kTypes = {"int", "real", "text", "bool", "date", "time"};

std::string quoted(std::string_view cell) {
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos && !cell.starts_with(' ')) return std::string(cell);
  std::string out = "\"";
  for (const char c : cell) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string line_of(const std::vector<std::string>& cells) {
  std::string out;
  for (size_t i = 0; i < cells.size(); ++i) out += (i > 0 ? "," : "") + quoted(cells[i]);
  return out + "\n";
}

/// Reads a schema file line by line.
class FormReader {
 public:
  explicit FormReader(const std::string& path) : path_(path) {}

  void take(const std::vector<std::string>& cells, uint64_t line) {
    line_ = line;
    if (in_columns_) return column(cells);
    const std::string& what = cells[0];
    const std::string value = cells.size() > 1 ? cells[1] : "";
    if (what == "column") {
      in_columns_ = true;
    } else if (what == "packed") {
      // Of what: csv_columns_writer.cc looks at it.
    } else if (what == "missing") {
      form_.dialect.missing.assign(cells.begin() + 1, cells.end());
    } else if (what == "delimiter") {
      if (!set_delimiter(value, form_.dialect))
        throw fault("'" + value + "' is no delimiter")
            .hint("write comma, comma space, tab, semicolon, pipe or a character");
    } else if (what == "quote") {
      if (!set_quote(value, form_.dialect))
        throw fault("'" + value + "' is no quote").hint("write double, single, none or a character");
    } else if (what == "header") {
      form_.dialect.header = static_cast<CsvDialect::Header>(one_of(value, kHeaders, "header"));
    } else if (what == "skip") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), form_.dialect.skip);
      if (error != std::errc() || end != value.data() + value.size())
        throw fault("'" + value + "' is no number of lines");
    } else {
      throw fault("unknown setting '" + what + "'" + nearest_hint(what, kSettings));
    }
  }

  CsvForm finish() {
    if (!in_columns_) throw fault("there is no line 'column,type,format'");
    if (columns_.empty()) throw fault("it names no column");
    if (form_.dialect.delimiter == form_.dialect.quote) throw fault("delimiter and quote are the same");
    try {
      form_.schema = TableSchema(std::move(columns_));
    } catch (Error& error) { throw Error(Code::kUsage, error.message()).add("reading '" + path_ + "'"); }
    return std::move(form_);
  }

 private:
  void column(const std::vector<std::string>& cells) {
    if (cells.size() < 2 || cells.size() > 3) throw fault("a column is name, type and format");
    ColumnSpec spec{.name = cells[0], .type = static_cast<ColumnType>(one_of(cells[1], kTypes, "type"))};
    if (cells.size() == 3) spec.format = cells[2];
    const bool dated = spec.type == ColumnType::kDate || spec.type == ColumnType::kTime;
    if (!dated && !spec.format.empty() && !has_decimal_comma(spec))
      throw fault("column '" + spec.name + "' has a format, and only dates and times have one (and reals: comma)");
    try {
      if (dated) const DateFormat check(spec.format);
    } catch (Error& error) { throw error.add("reading '" + path_ + "', line " + std::to_string(line_)); }
    columns_.push_back(std::move(spec));
  }

  size_t one_of(const std::string& word, const std::vector<std::string>& words, const std::string& what) const {
    const auto at = std::ranges::find(words, word);
    if (at == words.end()) throw fault("unknown " + what + " '" + word + "'" + nearest_hint(word, words));
    return static_cast<size_t>(at - words.begin());
  }

  Error fault(const std::string& what) const {
    return Error(Code::kUsage, "the schema file '" + path_ + "', line " + std::to_string(line_) + ": " + what);
  }

  const std::string& path_;
  CsvForm form_;
  std::vector<ColumnSpec> columns_;
  bool in_columns_ = false;
  uint64_t line_ = 1;
};

}  // namespace

std::string csv_form_text(const CsvForm& form) {
  const CsvDialect& d = form.dialect;
  std::vector<std::string> missing = {"missing"};
  missing.insert(missing.end(), d.missing.begin(), d.missing.end());
  std::string out = line_of({"delimiter", delimiter_text(d)}) + line_of({"quote", quote_text(d)}) +
                    line_of({"header", kHeaders[static_cast<size_t>(d.header)]}) +
                    line_of({"skip", std::to_string(d.skip)}) + line_of(missing) + "column,type,format\n";
  for (const ColumnSpec& column : form.schema.columns())
    out += line_of({column.name, std::string(name_of(column.type)), column.format});
  return out;
}

CsvForm csv_form_of(std::string_view text, const std::string& path) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // some editors put one there
  std::string padded(text);
  padded.append(ChunkMasks::kPadding, '\n');
  const CsvDialect plain;
  RowsFound rows;
  find_rows(std::string_view(padded).substr(0, text.size()), plain, true, rows);
  FormReader reader(path);
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string before = padded.substr(0, rows.begin[r]) + std::string(ChunkMasks::kPadding, '\n');
    const uint64_t line = 1 + count_lines(std::string_view(before).substr(0, rows.begin[r]));
    reader.take(cells_of(std::string_view(padded).substr(rows.begin[r], rows.end[r] - rows.begin[r]), plain), line);
  }
  return reader.finish();
}

std::string difference_of(const std::vector<std::string>& wanted, const std::vector<std::string>& found) {
  std::string out;
  const auto say = [&](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  for (const std::string& name : wanted)
    if (std::ranges::find(found, name) == found.end()) say("'" + name + "' is missing");
  for (const std::string& name : found)
    if (std::ranges::find(wanted, name) == wanted.end()) say("'" + name + "' is new");
  for (size_t i = 0; out.empty() && i < std::min(wanted.size(), found.size()); ++i)
    if (wanted[i] != found[i])
      say("column " + std::to_string(i + 1) + " is '" + found[i] + "' and not '" + wanted[i] +
          "': they come in another order");
  return out;
}

void check_fits(const CsvForm& form, const std::vector<std::string>& names, const std::string& schema_path,
                const std::string& path) {
  std::vector<std::string> wanted;
  for (const ColumnSpec& column : form.schema.columns()) wanted.push_back(column.name);
  const bool named = form.dialect.header == CsvDialect::Header::kYes;
  if (named ? wanted == names : wanted.size() == names.size()) return;
  const std::string what =
      named ? difference_of(wanted, names)
            : std::to_string(wanted.size()) + " columns are stated, a row has " + std::to_string(names.size());
  throw Error(Code::kUsage, "the schema file '" + schema_path + "' does not fit '" + path + "': " + what)
      .hint("correct it, or remove it: the columns are then found by looking");
}

}  // namespace penstock::io
