// Whatever a fitted file says, with a checksum that is right: it is refused in words, or it is written back as it was read, and describes itself. Checksums are mended after a
// mutation, or nothing behind them would be looked into.
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "stages/table/encoder.h"
#include "stages/table/fitted.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/memory_table.h"

namespace {

using namespace penstock;
using penstock::fuzz::require;

// Rows of the table that it was made of, as far as its numbers allow an encoder at all.
void encode(const table::Fitted& fitted) {
  const io::TableSchema schema{fitted.source};
  const table::Encoder encoder(fitted, schema, "rows");
  test::MemoryTable rows(schema);
  for (const std::string cell : {"", "1", "2"}) rows.add(std::vector<std::string>(schema.size(), cell));
  table::Encoder::Scratch scratch;
  rows.fetch(0, encoder.columns())->decode(0, 3, scratch.block);
  std::vector<int32_t> cat(3 * fitted.cat_width());
  std::vector<float> cont(3 * fitted.cont_width()), target(3);
  std::vector<int64_t> label(3);
  table::Encoder::Refused refused;
  encoder.encode(scratch.block, std::vector<uint64_t>{0, 1, 2}, {},
                 {cat.data(), cont.data(), target.data(), label.data()}, refused, scratch);
  for (size_t i = 0; i < cat.size(); ++i) {
    size_t coded = 0;
    for (const table::CategoryFit& category : fitted.categories)
      if (category.coded && coded++ == i % fitted.cat_width()) require(cat[i] >= 0 && cat[i] < category.cardinality());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  if (const size_t last = text.rfind("checksum\t"); last != std::string::npos)
    text = text.substr(0, last) + "checksum\t" + io::hex(io::checksum(text.substr(0, last))) + "\n";
  try {
    const table::Fitted fitted = table::fitted_from_text(text, "fitted.txt");
    const std::string written = table::to_text(fitted);
    require(table::to_text(table::fitted_from_text(written, "written.txt")) == written);
    for (const std::string& note : fitted.notes()) require(!note.empty());
    require(fitted.cat_names().size() == fitted.cat_width() && fitted.cont_names().size() == fitted.cont_width());
    encode(fitted);
  } catch (const Error& error) {
    require((error.code() == Code::kData || error.code() == Code::kUsage) && !error.message().empty());
  }
  return 0;
}
