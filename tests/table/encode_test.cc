// Rows are encoded as the oracle says, whatever form they come in; training rows do not meet their own targets.
#include <cstring>
#include <map>

#include <gmock/gmock.h>
#include <filesystem>

#include <gtest/gtest.h>

#include "engine/order/draws.h"
#include "stages/table/encoded_table.h"
#include "stages/table/encoder.h"
#include "tests/io/temp_folder.h"
#include "tests/support/naive_encoder.h"
#include "tests/table/runs.h"

namespace penstock::table {
namespace {

using io::ColumnType;
using test::fitted_of;
using test::made_spec;
using test::made_table;
using test::MemoryTable;

class Forms : public testing::TestWithParam<MemoryTable::Options> {};
INSTANTIATE_TEST_SUITE_P(Tables, Forms,
                         testing::Values(MemoryTable::Options{}, MemoryTable::Options{.piece_rows = 7},
                                         MemoryTable::Options{.piece_rows = 5000, .dictionary = true},
                                         MemoryTable::Options{.piece_rows = 33, .dictionaries = true}));

TEST_P(Forms, AreEncodedAsTheOracleSays) {
  auto quantiles = made_spec();
  quantiles.scale = Scale::kQuantile;
  quantiles.fill = Fill::kNone;
  quantiles.target_clip_at = {0.05, 0.95};
  auto hashed = made_spec();
  hashed.scale = Scale::kNone;
  hashed.fill = Fill::kZero;
  hashed.frequency = {};
  hashed.buckets = 100;
  hashed.hash_seed = 9;
  hashed.columns = {{.name = "Price", .clip = {5, 40}}};
  for (const TableSpec& spec : {made_spec(), quantiles, hashed}) {
    const auto fitted = fitted_of(*made_table(800), spec);
    // Rows that fitting has not seen, some with cities of their own.
    const std::shared_ptr<MemoryTable> table = made_table(1500, GetParam(), 2);
    table->bad[17] = "line 18 has 3 cells";
    for (const bool training : {false, true}) {
      const test::NaiveEncoder naive(*fitted, table->schema(), training);
      const Encoder encoder(*fitted, table->schema(), "t", {.training = training});
      const size_t cat_width = fitted->cat_width(), cont_width = fitted->cont_width();
      Encoder::Scratch scratch;
      for (uint64_t piece = 0; piece < table->pieces(); ++piece) {
        const auto raw = table->fetch(piece, encoder.columns());
        const auto naive_raw = table->fetch(piece, naive.columns());
        io::TableBlock block, naive_block;
        raw->decode(0, raw->count(), block);
        naive_raw->decode(0, raw->count(), naive_block);
        std::vector<uint64_t> rows(raw->count());
        std::vector<uint32_t> places(raw->count());
        for (size_t i = 0; i < rows.size(); ++i) {
          rows[i] = raw->first() + i;
          places[i] = static_cast<uint32_t>(rows.size() - 1 - i);
        }
        for (const bool turned : {false, true}) {
          std::vector<int32_t> cat(rows.size() * cat_width);
          std::vector<float> cont(rows.size() * cont_width), target(rows.size());
          Encoder::Refused refused;
          encoder.encode(block, rows, turned ? places : std::vector<uint32_t>(),
                         {.cat = cat.data(), .cont = cont.data(), .target = target.data()}, refused, scratch);
          std::map<size_t, std::string> why;
          for (const auto& [row, reason] : refused) why.emplace(row, reason);
          for (size_t i = 0; i < rows.size(); ++i) {
            const test::NaiveRow wanted = naive.encode(naive_block, i, rows[i]);
            ASSERT_EQ(why[i], wanted.reason) << "row " << rows[i];
            if (!wanted.reason.empty()) continue;
            const size_t at = turned ? places[i] : i;
            ASSERT_EQ(std::vector<int32_t>(&cat[at * cat_width], &cat[(at + 1) * cat_width]), wanted.cat) << rows[i];
            ASSERT_EQ(std::memcmp(&cont[at * cont_width], wanted.cont.data(), cont_width * sizeof(float)), 0)
                << "row " << rows[i] << ": " << testing::PrintToString(wanted.cont) << " against "
                << testing::PrintToString(std::vector<float>(&cont[at * cont_width], &cont[(at + 1) * cont_width]));
            ASSERT_EQ(target[at], static_cast<float>(wanted.target));
          }
        }
      }
    }
  }
}

// A packed table of every width: codes of 8, 16 and 32 bits beside plain texts, counts beyond what is looked up, gaps.
std::unique_ptr<MemoryTable> wide_rows(uint64_t rows) {
  auto table = std::make_unique<MemoryTable>(io::TableSchema({{"y", ColumnType::kInt},
                                                              {"few", ColumnType::kText},
                                                              {"some", ColumnType::kText},
                                                              {"many", ColumnType::kText},
                                                              {"own", ColumnType::kText},
                                                              {"flag", ColumnType::kBool},
                                                              {"small", ColumnType::kInt},
                                                              {"large", ColumnType::kInt},
                                                              {"huge", ColumnType::kInt},
                                                              {"real", ColumnType::kReal}}),
                                             MemoryTable::Options{.piece_rows = 3000});
  for (uint64_t i = 0; i < rows; ++i) {
    Draws draws(5, 0, i, 0);
    const auto gap = [&](std::string text) { return draws.bernoulli(0.15) ? std::string() : text; };
    table->add({std::to_string(draws.below(2)), gap("f" + std::to_string(draws.below(5))),
                gap("some " + std::to_string(draws.below(900))), gap("m" + std::to_string(draws.below(70000))),
                gap("own " + std::to_string(i)), gap(draws.bernoulli(0.5) ? "1" : "0"),
                gap(std::to_string(static_cast<int64_t>(draws.below(200)) - 100)),
                gap(std::to_string(static_cast<int64_t>(draws.below(60000)) - 30000)),
                gap(std::to_string(draws.below(uint64_t{1} << 40))), gap(std::to_string(draws.uniform()))});
  }
  return table;
}

TEST(EncodedTable, ColumnsThatLieNarrowGiveTheSameBatchesAsBlocks) {
  const penstock::io::TempFolder folder;
  const uint64_t rows = 150000;
  const std::shared_ptr<MemoryTable> plain = wide_rows(rows);
  const auto writer =
      io::write_columns(folder / "a.arrow", plain->schema(), {.fingerprint = plain->fingerprint(), .piece_rows = 8192});
  io::TableBlock block;
  std::vector<size_t> all(plain->schema().size());
  for (size_t c = 0; c < all.size(); ++c) all[c] = c;
  for (uint64_t p = 0; p < plain->pieces(); ++p) {
    const auto raw = plain->fetch(p, all);
    raw->decode(0, raw->count(), block);
    writer->append(block);
  }
  writer->finish();
  const std::shared_ptr<const io::Table> packed = io::open_columns(folder / "a.arrow");
  for (const uint64_t buckets : {uint64_t{0}, uint64_t{1000}}) {
    TableSpec spec{.task = Task::kBinary, .target = "y", .categories = {"few", "some", "many", "own", "flag"}};
    spec.numbers = {"small", "large", "huge", "real"};
    spec.log = {"large", "huge"};
    spec.buckets = buckets;
    spec.rare = 2;
    spec.frequency = {"some", "many"};
    if (buckets > 0) spec.frequency = {};
    const auto fitted = fitted_of(*plain, spec);
    const EncodedTable wanted(plain, RowSet::all(rows), fitted, {.training = true});
    const EncodedTable narrow(packed, RowSet::all(rows), fitted, {.training = true});
    const auto piece = packed->fetch(0, narrow.encoder().columns());
    EXPECT_TRUE(narrow.encoder().takes(piece->stored()));
    for (const Order order : {Order::kSequential, Order::kBlock, Order::kFull}) {
      RunOptions options = test::options_of(order);
      options.batch = 1000;
      options.block = 5000;
      EXPECT_EQ(test::run(narrow, options).digest, test::run(wanted, options).digest);
    }
    // Several files lie no wider than one.
    std::filesystem::copy_file(folder / "a.arrow", folder / "b.arrow",
                               std::filesystem::copy_options::overwrite_existing);
    const auto both = io::open_columns(folder / "*.arrow");
    EXPECT_EQ(both->rows(), 2 * rows);
    EXPECT_TRUE(narrow.encoder().takes(both->fetch(both->pieces() - 1, narrow.encoder().columns())->stored()));
    std::filesystem::remove(folder / "b.arrow");
  }
}

TEST(Remainder, IsThatOfADivision) {
  for (const uint64_t d : {uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{1000}, uint64_t{100000}, uint64_t{1} << 31,
                           (uint64_t{1} << 63) + 1, UINT64_MAX}) {
    const Remainder in(d);
    for (const uint64_t n : {uint64_t{0}, uint64_t{1}, d - 1, d, d + 1, 2 * d, UINT64_MAX, UINT64_MAX - 1})
      EXPECT_EQ(in.of(n), n % d) << n << " " << d;
    for (uint64_t i = 0; i < 1000; ++i) {
      const uint64_t n = Draws(1, 0, i, 0).below(UINT64_MAX);
      ASSERT_EQ(in.of(n), n % d) << n << " " << d;
    }
  }
}

TEST(EncodedTable, TrainingRowsDoNotMeetTheirOwnTargetInTheMeanOfTheirGroup) {
  // Every row is a group of its own: out of fold its mean must be that of all others, never near its target.
  MemoryTable table(io::TableSchema({{"g", ColumnType::kInt}, {"y", ColumnType::kReal}}));
  for (int i = 0; i < 400; ++i) table.add({std::to_string(i), std::to_string(i % 2 == 0 ? 100 : 0)});
  TableSpec spec{.target = "y",
                 .target_scale = TargetScale::kNone,
                 .scale = Scale::kNone,
                 .means = {{.by = {"g"}, .smoothing = 0}}};
  const auto fitted = fitted_of(table, spec);
  for (const bool training : {true, false}) {
    const Encoder encoder(*fitted, table.schema(), "t", {.training = training});
    std::vector<float> cont(400), target(400);
    Encoder::Scratch scratch;
    Encoder::Refused refused;
    for (uint64_t piece = 0; piece < 4; ++piece) {
      io::TableBlock block;
      const auto raw = table.fetch(piece, encoder.columns());
      raw->decode(0, 100, block);
      std::vector<uint64_t> rows(100);
      for (size_t i = 0; i < 100; ++i) rows[i] = 100 * piece + i;
      encoder.encode(block, rows, {}, {.cont = cont.data() + 100 * piece, .target = target.data() + 100 * piece},
                     refused, scratch);
    }
    for (size_t i = 0; i < 400; ++i) {
      if (training)
        EXPECT_NEAR(cont[i], 50, 10) << i;
      else
        EXPECT_EQ(cont[i], target[i]);
    }
  }
}

}  // namespace
}  // namespace penstock::table
