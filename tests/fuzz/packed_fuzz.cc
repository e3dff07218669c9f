// Whatever the index of a packed table says, with a checksum that is right: it is refused, or it is written back as it was read; and whatever a column's bytes are, they are refused
// or read as so many values, whole and one by one, inside of what there is.
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/table/packed/aligned_bytes.h"
#include "io/table/packed/packed_index.h"
#include "io/table/packed/packed_region.h"
#include "io/table/stored_rows.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace penstock;
using namespace penstock::io;
using penstock::fuzz::require;

constexpr ColumnType kTypes[] = {ColumnType::kInt,  ColumnType::kReal, ColumnType::kText,
                                 ColumnType::kBool, ColumnType::kDate, ColumnType::kTime};

bool is_stored_as(ColumnType type, Stored as) {
  if (type == ColumnType::kText)
    return as == Stored::kText32 || as == Stored::kI8 || as == Stored::kI16 || as == Stored::kI32;
  if (type == ColumnType::kReal) return as == Stored::kF32 || as == Stored::kF64;
  if (type == ColumnType::kBool) return as == Stored::kBits;
  return as == Stored::kI8 || as == Stored::kI16 || as == Stored::kI32 || as == Stored::kI64;
}

void check_column(std::string_view bytes, fuzz::Numbers& numbers) {
  const size_t rows = 1 + static_cast<size_t>(numbers.below(200));
  const ColumnType type = kTypes[numbers.below(6)];
  const auto as = static_cast<Stored>(numbers.below(static_cast<int>(Stored::kText64) + 1));
  if (!is_stored_as(type, as)) return;
  const AlignedBytes memory = aligned_bytes(padded(bytes.size()));
  std::memcpy(memory.get(), bytes.data(), bytes.size());
  auto column = view_region({memory.get(), bytes.size()}, type, as, numbers.below(2) == 1, rows);
  if (!column) return;
  if (type == ColumnType::kText && as != Stored::kText32)
    column->dictionary = std::make_shared<std::vector<std::string>>(std::vector<std::string>{"a", "b", "c"});
  const StoredRows all(0, rows, {*column}, bytes.size(), nullptr);
  TableBlock whole, part;
  try {
    all.decode(0, rows, whole);
  } catch (const Error& error) {  // a text's number that the dictionary lacks
    require(error.code() == Code::kData && column->dictionary != nullptr);
    return;
  }
  std::vector<uint32_t> single{static_cast<uint32_t>(rows - 1), 0};
  all.decode(single, part);
  require(whole.rows == rows && part.rows == 2);
  const auto last_is = [&](const auto& a, const auto& b) {
    if (!a.empty())
      require(std::memcmp(&a[rows - 1], &b[0], sizeof a[0]) == 0 && std::memcmp(&a[0], &b[1], sizeof a[0]) == 0);
  };
  last_is(whole.columns[0].ints, part.columns[0].ints);
  last_is(whole.columns[0].reals, part.columns[0].reals);
  last_is(whole.columns[0].codes, part.columns[0].codes);
  for (const std::string_view text : whole.columns[0].texts) require(text.size() <= bytes.size());
  for (const uint32_t code : whole.columns[0].codes) require(code < 3);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size / sizeof(uint64_t) * sizeof(uint64_t));
  if (bytes.size() >= sizeof(uint64_t)) {
    const std::string_view before(bytes.data(), bytes.size() - sizeof(uint64_t));
    const uint64_t sum = checksum(before);
    std::memcpy(bytes.data() + before.size(), &sum, sizeof sum);
  }
  constexpr uint64_t kFile = 1000;
  if (const auto index = PackedIndex::parse(bytes, kFile)) {
    require(index->bytes() == bytes && index->resident_bytes() > 0);
    for (uint64_t p = 0; p < index->pieces(); ++p)
      for (uint64_t c = 0; c < index->columns; ++c)
        require(index->region(p, c).offset + index->region(p, c).bytes <= kFile);
  }
  fuzz::Numbers numbers(data, size);
  check_column({reinterpret_cast<const char*>(data), size}, numbers);
  return 0;
}
