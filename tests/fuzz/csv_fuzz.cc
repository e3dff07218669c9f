// Whatever the bytes are: rows and cells lie where the page of the grammar says, in every vector width, whole, in parts and one by one.
#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>

#include "io/table/csv/column_guess.h"
#include "io/table/csv/csv_sniff.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/io/table/csv_reference.h"
#include "tests/io/table/csv_text.h"

namespace {

using namespace penstock;
using namespace penstock::io;
using penstock::fuzz::require;

void check(std::string_view text, const CsvDialect& dialect, const ChunkKernels& kernels) {
  const auto wanted = io::test::reference_rows(text, dialect);
  const RowsFound found = io::test::rows_found(text, dialect, true, kernels);
  require(found.size() == wanted.size());
  size_t columns = 1, broken = 0;
  for (size_t r = 0; r < wanted.size(); ++r) {
    require(found.begin[r] == wanted[r].begin && found.end[r] == wanted[r].end);
    const bool is_broken = broken < found.broken.size() && found.broken[broken].row == r;
    require(is_broken == wanted[r].broken);
    if (is_broken) ++broken;
    if (!is_broken) columns = wanted[r].cells.size();
  }
  CsvDialect bare = dialect;
  bare.missing.clear();
  const CsvReading reading(bare, io::test::texts_schema(columns), kernels);
  const auto rows = io::test::rows_in(reading, text);
  TableBlock whole, part;
  rows->decode(0, rows->count(), whole);
  size_t bad = 0;
  for (size_t r = 0; r < wanted.size(); ++r) {
    const bool is_bad = wanted[r].broken || wanted[r].cells.size() != columns;
    require(is_bad == (bad < whole.bad.size() && whole.bad[bad].row == r));
    if (is_bad) {
      ++bad;
      continue;
    }
    for (size_t c = 0; c < columns; ++c) require(whole.columns[c].texts[r] == wanted[r].cells[c]);
  }
  const size_t half = rows->count() / 2;
  rows->decode(half, rows->count() - half, part);
  for (size_t c = 0; c < columns; ++c)
    require(std::equal(part.columns[c].texts.begin(), part.columns[c].texts.end(),
                       whole.columns[c].texts.begin() + static_cast<ptrdiff_t>(half)));
  std::vector<uint32_t> single(rows->count());
  std::iota(single.rbegin(), single.rend(), 0U);
  rows->decode(single, part);
  for (size_t c = 0; c < columns; ++c)
    require(std::equal(part.columns[c].texts.rbegin(), part.columns[c].texts.rend(), whole.columns[c].texts.begin()));
}

// A cell that is guessed to have a type is read as it.
void check_types(std::string_view text, const CsvDialect& dialect) {
  CsvDialect plain = dialect;
  const auto rows = io::test::reference_rows(text, plain);
  if (rows.empty() || rows[0].broken) return;
  std::vector<ColumnSpec> columns;
  const MissingWords missing(plain.missing);
  for (const std::string& cell : rows[0].cells) {
    ColumnGuess guess;
    if (!missing.contains(cell)) guess.add(cell);
    columns.push_back(guess.spec("c" + std::to_string(columns.size())));
  }
  const CsvReading reading(plain, TableSchema(columns));
  TableBlock block;
  const auto all = io::test::rows_in(reading, text.substr(0, rows[0].end));
  all->decode(0, all->count(), block);
  require(block.rows == 1 && block.bad.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  CsvDialect dialect;
  dialect.delimiter = ",\t;|"[data[0] & 3];
  dialect.quote = "\"\"'\0"[data[0] >> 2 & 3];
  dialect.space = (data[0] & 16) != 0;
  for (const ChunkKernels& kernels : ChunkKernels::all()) check(text, dialect, kernels);
  check_types(text, dialect);
  const CsvDialect found = sniff_csv(text, true);
  check(text, found, ChunkKernels::best());
  return 0;
}
