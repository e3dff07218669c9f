// How a text file writes its rows: what parts cells, what quotes them, what stands for a missing value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::io {

/// The grammar is RFC 4180 and what people do beside it:
///   - a row ends in LF, CRLF or CR; lines with nothing in them are no rows;
///   - a quote is one at the beginning of a cell only, and text everywhere else (5" disk); inside, two stand for one and line ends are text;
///   - a quoted cell ends at the next part or line end: anything between makes the row bad;
///   - a quote that stays open for kMostRowBytes or to the end of the file makes the line that it begins in bad, and no more than that line.
struct CsvDialect {
  /// A row is no longer.
  static constexpr uint64_t kMostRowBytes = uint64_t{16} << 20;

  enum class Header : uint8_t {
    kNo,
    kYes,      ///< the first row names the columns
    kIgnored,  ///< the first row is left out, the schema file names the columns
  };

  char delimiter = ',';
  char quote = '"';    ///< 0: none
  bool space = false;  ///< blanks at the beginning of a cell are not part of it ("39, State-gov")
  Header header = Header::kYes;
  uint64_t skip = 0;  ///< lines in front of the header
  std::vector<std::string> missing = default_missing();

  static std::vector<std::string> default_missing();
  bool operator==(const CsvDialect&) const = default;
};

/// "comma", "comma space", "tab", "semicolon", "pipe", or the character itself; and back, false where it is none.
std::string delimiter_text(const CsvDialect& dialect);
bool set_delimiter(std::string_view text, CsvDialect& dialect);
/// "double", "single", "none", or the character itself; and back.
std::string quote_text(const CsvDialect& dialect);
bool set_quote(std::string_view text, CsvDialect& dialect);

}  // namespace penstock::io
