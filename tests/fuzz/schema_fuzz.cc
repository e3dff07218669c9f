// Whatever a schema file says: it is refused in words, or what it states is written and read back the same, and rows can be read by it.
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "io/table/csv/csv_schema_file.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/io/table/csv_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  using penstock::fuzz::require;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  io::CsvForm form;
  try {
    form = io::csv_form_of(text, "table.csv.schema");
  } catch (const Error& error) {
    require(error.code() == Code::kUsage && !error.message().empty());
    return 0;
  }
  require(form.schema.size() > 0);
  require(io::csv_form_of(io::csv_form_text(form), "written.schema") == form);
  // The file's own text as rows of such a table: each column is full, or its row is bad.
  const io::CsvReading reading(form.dialect, form.schema);
  const auto rows = io::test::rows_in(reading, text);
  io::TableBlock block;
  rows->decode(0, rows->count(), block);
  require(block.rows == rows->count() && block.columns.size() == form.schema.size());
  return 0;
}
