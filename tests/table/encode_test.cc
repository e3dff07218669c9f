// Rows are encoded as the oracle says, whatever form they come in; training rows do not meet their own targets.
#include <cstring>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/table/encoder.h"
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
