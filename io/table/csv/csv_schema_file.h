// PATH.schema: what a text file's columns are and how it is written, for people to read and to change.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/file/file_system.h"
#include "io/table/csv/csv_dialect.h"
#include "io/table/table_schema.h"

namespace penstock::io {

/// How a text file is to be read.
struct CsvForm {
  CsvDialect dialect;
  TableSchema schema;
  bool operator==(const CsvForm&) const = default;
};

/// The text of a schema file: CSV itself. Settings, a line each; then a line "column,type,format"; then the columns in the order of the file:
///   delimiter,comma                      comma, tab, semicolon, pipe, a character; "comma space" where blanks behind it are no part of the cell
///   quote,double                         double, single, none, a character
///   header,yes                           yes, no, ignored: there is one, and the names below are used instead
///   skip,0                               lines in front of the header
///   missing,,NA,NULL                     spellings of a missing value; the first one here is the empty cell
///   packed,HEX,HEX                       written by `pack`, and read by it alone: csv_columns_writer.h
///   column,type,format
///   Store,int,
///   Date,date,%d.%m.%Y                   format: see DateFormat; nothing: ISO 8601
///   Price,real,comma                     1.234,56; nothing: 1234.56
std::string csv_form_text(const CsvForm& form);
/// And back. `path` is for messages. Throws Error kUsage with the line and the nearest right word. A setting that is left out has its default.
CsvForm csv_form_of(std::string_view text, const std::string& path);

/// Throws Error kUsage naming the columns of `form` that a file does not have and those of the file that it lacks, where `names` (of the file's header, or of
/// its places where it has none) are others. Only their number counts where the form says that there is no header or that it is ignored.
void check_fits(const CsvForm& form, const std::vector<std::string>& names, const std::string& schema_path,
                const std::string& path);

/// "'a' is missing, 'b' is new", "'a' stands in place 3 and not in 2", of two lists of names.
std::string difference_of(const std::vector<std::string>& wanted, const std::vector<std::string>& found);

}  // namespace penstock::io
