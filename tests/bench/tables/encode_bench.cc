// Rows of a Criteo-like table into batches' memory: how long a row takes, as texts and as dictionary codes, against the reference and against copying.
//   build/tests/encode_bench
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "engine/order/draws.h"
#include "stages/table/encoder.h"
#include "stages/table/fitter.h"
#include "tests/support/memory_table.h"
#include "tests/support/naive_encoder.h"

namespace penstock {
namespace {

using io::ColumnType;

constexpr size_t kNumbers = 13, kCategories = 26;
constexpr uint64_t kRows = 65536;

io::TableSchema criteo_schema() {
  std::vector<io::ColumnSpec> columns{{"label", ColumnType::kInt}};
  for (size_t i = 1; i <= kNumbers; ++i) columns.push_back({"I" + std::to_string(i), ColumnType::kInt});
  for (size_t c = 1; c <= kCategories; ++c) columns.push_back({"C" + std::to_string(c), ColumnType::kText});
  return io::TableSchema(columns);
}

/// Counts of a long tail, categories of 8 hex letters: vocabularies of a few to some ten thousand, a fifth missing.
std::unique_ptr<test::MemoryTable> criteo_rows(bool dictionary) {
  auto table = std::make_unique<test::MemoryTable>(
      criteo_schema(), test::MemoryTable::Options{.piece_rows = kRows, .dictionary = dictionary});
  for (uint64_t row = 0; row < kRows; ++row) {
    Draws draws(1, 0, row, 0);
    std::vector<std::string> cells{std::to_string(draws.below(4) == 0 ? 1 : 0)};
    for (size_t i = 0; i < kNumbers; ++i) {
      const double u = draws.uniform();
      cells.push_back(draws.bernoulli(0.2) ? "" : std::to_string(static_cast<int64_t>(1 / (1 - u * 0.9999)) - 1));
    }
    for (size_t c = 0; c < kCategories; ++c) {
      const double u = draws.uniform();
      const auto value = static_cast<uint64_t>(u * u * u * static_cast<double>(uint64_t{8} << (c / 2)));
      char text[16];
      std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(value * 2654435761u + c));
      cells.push_back(draws.bernoulli(0.1) ? "" : text);
    }
    table->add(cells);
  }
  return table;
}

/// Of this thread, so that neighbours on the machine count as little as they can.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The median of nine, in ns a row, with the least and the most.
template <class Work>
double measure(const char* what, uint64_t rows, Work&& work) {
  std::vector<double> times;
  for (int round = 0; round < 9; ++round) {
    const double begin = cpu_seconds();
    work();
    times.push_back((cpu_seconds() - begin) * 1e9 / static_cast<double>(rows));
  }
  std::sort(times.begin(), times.end());
  std::printf("%-34s %8.1f ns a row  (%.1f .. %.1f)\n", what, times[4], times.front(), times.back());
  return times[4];
}

}  // namespace
}  // namespace penstock

int main() {
  using namespace penstock;
  Cores cores(1);
  Budgets budgets;
  table::TableSpec spec{.task = Task::kBinary, .target = "label"};
  spec.categories = {"C*"};
  spec.numbers = {"I*"};
  spec.log = {"I*"};
  double text_ns = 0, copy_ns = 0;
  for (const bool dictionary : {false, true}) {
    const auto table = criteo_rows(dictionary);
    const double begin = cpu_seconds();
    const table::Fitted fitted = fit(*table, table::RowSet::all(kRows), spec, cores, budgets).fitted;
    std::printf("%s: fit %.0f ns a row, one core (decoding of the made table counted)\n",
                dictionary ? "codes" : "texts", (cpu_seconds() - begin) * 1e9 / kRows);
    const table::Encoder encoder(fitted, table->schema(), "bench", {});
    const auto raw = table->fetch(0, encoder.columns());
    // Blocks as a slice finds them: just parsed, so in the second cache. Decoding is not measured here.
    constexpr size_t kBlock = 1024, kBlocks = 2;
    std::vector<io::TableBlock> blocks(kBlocks);
    for (size_t b = 0; b < blocks.size(); ++b) raw->decode(b * kBlock, kBlock, blocks[b]);
    std::vector<int32_t> cat(kRows * fitted.cat_width());
    std::vector<float> cont(kRows * fitted.cont_width()), target(kRows);
    std::vector<uint64_t> rows(kBlock);
    table::Encoder::Scratch scratch;
    table::Encoder::Refused refused;
    const auto encode = [&](std::span<const uint32_t> places) {
      for (size_t b = 0; b < kRows / kBlock; ++b) {
        const size_t at = b * kBlock;
        encoder.encode(blocks[b % kBlocks], rows, places,
                       {.cat = cat.data() + at * fitted.cat_width(),
                        .cont = cont.data() + at * fitted.cont_width(),
                        .target = target.data() + at},
                       refused, scratch);
      }
    };
    const double ns = measure(dictionary ? "codes, in order" : "texts, in order", kRows, [&] { encode({}); });
    std::vector<uint32_t> turned(kBlock);
    for (size_t i = 0; i < kBlock; ++i) turned[i] = static_cast<uint32_t>((i * 389) % kBlock);
    measure(dictionary ? "codes, to places of their own" : "texts, to places of their own", kRows,
            [&] { encode(turned); });
    if (dictionary) continue;
    text_ns = ns;
    const std::vector<int32_t> from(cat);
    const std::vector<float> from_cont(cont);
    copy_ns = measure("memcpy of the rows made", kRows, [&] {
      std::memcpy(cat.data(), from.data(), from.size() * 4);
      std::memcpy(cont.data(), from_cont.data(), from_cont.size() * 4);
    });
    const test::NaiveEncoder naive(fitted, table->schema(), false);
    io::TableBlock block;
    const auto naive_raw = table->fetch(0, naive.columns());
    naive_raw->decode(0, 4096, block);
    const double slow = measure("the reference", 4096, [&] {
      for (size_t i = 0; i < 4096; ++i) static_cast<void>(naive.encode(block, i, i));
    });
    std::printf("texts: %.1f times as fast as the reference; %.1f times a memcpy\n", slow / text_ns, text_ns / copy_ns);
  }
  std::printf("of 230 bytes of CSV a row: %.0f MB/s of text a core\n", 230e3 / text_ns);
  return text_ns < 400 ? 0 : 1;
}
