// Pieces that are encoded whole, for orders that ask for their rows one by one: equal to rows encoded by themselves, and only where there is room.
#include "stages/table/encoded_piece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "engine/base/error.h"
#include "engine/order/epoch_plan.h"
#include "stages/table/row_reader.h"
#include "tests/table/runs.h"

namespace penstock::table {
namespace {

using test::fitted_of;
using test::made_table;
using test::MemoryTable;
using test::options_of;
using test::Ran;
using test::run;

/// Rows that a source asks for, with what it says of them.
class Taken final : public Intake {
 public:
  Taken(const Schema& schema, size_t count) : schema_(schema), count_(count) {
    for (size_t f = 0; f < schema.size(); ++f) fields_.emplace_back(count * schema.fields()[f].row_bytes());
  }
  size_t count() const override { return count_; }
  std::byte* row(size_t field, size_t i) override {
    return fields_[field].data() + i * schema_.fields()[field].row_bytes();
  }
  std::byte* rows(size_t, size_t, size_t) override { return nullptr; }
  void lend(size_t, size_t, std::span<const std::byte>) override {}
  void absent(size_t, size_t) override {}
  void reject(size_t i, std::string reason) override { rejected.emplace_back(i, std::move(reason)); }

  std::vector<std::pair<size_t, std::string>> rejected;
  const std::vector<std::vector<std::byte>>& fields() const { return fields_; }

 private:
  const Schema& schema_;
  size_t count_;
  std::vector<std::vector<std::byte>> fields_;
};

TEST(EncodedPiece, ManyThreadsEncodeItOnceAndItsRowsAreThoseReadByThemselves) {
  // Of several tiles, and a part of the rows.
  const std::shared_ptr<MemoryTable> table = made_table(9000, {.piece_rows = 5000});
  for (uint64_t row = 5; row < 9000; row += 97) table->bad[row] = "line " + std::to_string(row) + " has 3 cells";
  const RowSet::Run runs[] = {{3, 2000}, {2001, 4100}, {4200, 9000}};
  const EncodedTable data(table, RowSet(runs), fitted_of(*made_table(3000)));
  EncodedPiece piece(data, 0, table->fetch(0, data.encoder().columns()), nullptr);
  std::vector<uint64_t> ids(data.pieces().records(0));
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = i * 7 % ids.size();  // scattered
  std::vector<uint32_t> places(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) places[i] = static_cast<uint32_t>(i);

  Taken wanted(data.schema(), ids.size());
  data.read(ids, wanted);
  ASSERT_FALSE(wanted.rejected.empty());
  std::ranges::sort(wanted.rejected);
  std::vector<Taken> got(4, Taken(data.schema(), ids.size()));
  std::vector<std::thread> threads;
  for (Taken& taken : got)
    threads.emplace_back([&] {
      Encoder::Scratch scratch;
      piece.encode(scratch);
      piece.copy(ids, places, data.places_of(taken), taken);
    });
  for (std::thread& thread : threads) thread.join();
  for (Taken& taken : got) {
    std::ranges::sort(taken.rejected);
    EXPECT_EQ(taken.rejected, wanted.rejected);
    for (const auto& [row, reason] : wanted.rejected)  // what lies there means nothing
      for (size_t f = 0; f < data.schema().size(); ++f)
        std::memcpy(taken.row(f, row), wanted.row(f, row), data.schema().fields()[f].row_bytes());
    EXPECT_EQ(taken.fields(), wanted.fields());
  }
  // All that was read by themselves, and the piece once.
  EXPECT_THAT(data.notes(),
              testing::Contains(testing::HasSubstr("of " + std::to_string(2 * ids.size()) + " values read")));
}

TEST(EncodedPiece, AnErrorReachesAllWhoWaitForIt) {
  const std::shared_ptr<MemoryTable> table = made_table(5000, {.piece_rows = 5000});
  table->before_decode = [](uint64_t row) {
    if (row == 2500) throw Error(Code::kData, "a text has the number 7, and the file lists 6");
  };
  const EncodedTable data(table, RowSet::all(5000), fitted_of(*made_table(3000)));
  EncodedPiece piece(data, 0, table->fetch(0, data.encoder().columns()), nullptr);
  std::atomic<int> told = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      Encoder::Scratch scratch;
      try {
        piece.encode(scratch);
      } catch (const Error&) { ++told; }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(told, 3);
}

TEST(EncodedPiece, AReaderKeepsRowsSoWhereTheyHaveRoomAndGivesTheSameBatchesWhereTheyHaveNot) {
  const std::shared_ptr<MemoryTable> table = made_table(20000, {.piece_rows = 200});
  const auto fitted = fitted_of(*table);
  for (const Order order : {Order::kSequential, Order::kBlock, Order::kFull}) {
    const EncodedTable roomy(table, RowSet::all(20000), fitted);
    RunOptions options = options_of(order);
    options.block = 200;
    const EpochPlan plan(PlanOptions{.records = 20000,
                                     .seed = 7,
                                     .order = order,
                                     .last = Last::kKeep,
                                     .batch = 64,
                                     .block = options.block,
                                     .group_blocks = options.group_blocks});
    const Journey journey{.plan = &plan, .batches = 2 * plan.steps_per_epoch()};
    const uint64_t least = RowReader::least_bytes(roomy, journey);
    Budgets wide, narrow(Need::ram(least + least / 20));
    const RowReader with(roomy, journey, wide), without(roomy, journey, narrow);
    EXPECT_TRUE(with.encodes());
    EXPECT_FALSE(without.encodes());

    const Ran wanted = run(roomy, options);
    const EncodedTable tight(table, RowSet::all(20000), fitted, {.window_bytes = 1});
    EXPECT_FALSE(RowReader(tight, journey, wide).encodes());
    EXPECT_EQ(run(tight, options).digest, wanted.digest);
  }
}

TEST(EncodedPiece, IsNotMadeWhereEachRowIsReadOnceInTheOrderOfTheFileOrFewRowsOfAPieceAtATime) {
  const std::shared_ptr<MemoryTable> table = made_table(2000, {.piece_rows = 200});
  const EncodedTable data(table, RowSet::all(2000), fitted_of(*table));
  const auto encodes = [&](const PlanOptions& options) {
    const EpochPlan plan(options);
    Budgets wide;
    return RowReader(data, {.plan = &plan, .batches = plan.steps_per_epoch()}, wide).encodes();
  };
  EXPECT_FALSE(encodes({.records = 2000, .order = Order::kSequential, .batch = 64}));
  EXPECT_FALSE(encodes({.records = 2000, .order = Order::kBlock, .batch = 16, .block = 10, .group_blocks = 4}));
  EXPECT_TRUE(encodes({.records = 2000, .order = Order::kBlock, .batch = 16, .block = 200, .group_blocks = 4}));
  EXPECT_TRUE(encodes({.records = 2000, .order = Order::kFull, .batch = 16}));
}

TEST(EncodedPiece, PiecesStayForTheRunOfTheNextEpochUntilTheyAreLetGo) {
  const std::shared_ptr<MemoryTable> table = made_table(4000, {.piece_rows = 100});
  const auto fitted = fitted_of(*made_table(1000));  // some of the cities are unknown
  const EncodedTable kept(table, RowSet::all(4000), fitted), anew(table, RowSet::all(4000), fitted);
  for (const Order order : {Order::kSequential, Order::kBlock, Order::kFull}) {
    RunOptions options = options_of(order);
    options.epochs = 1;
    options.budgets = std::make_shared<Budgets>(Need::ram(64'000'000));
    std::vector<std::string> notes;
    for (uint64_t epoch = 0; epoch < 3; ++epoch) {
      options.epoch = epoch;
      options.again = epoch < 2;
      table->fetches = 0;
      const Ran ran = run(kept, options);
      EXPECT_EQ(table->fetches, epoch == 0 ? 40u : 0u);
      EXPECT_EQ(options.budgets->used(Tier::kRam) > 0, options.again);
      if (epoch == 0) notes = kept.notes();
      EXPECT_EQ(kept.notes(), notes);
      options.again = false;
      EXPECT_EQ(ran.digest, run(anew, options).digest);
    }
    EXPECT_THAT(notes, testing::Contains(testing::HasSubstr("of 4000 values read")));
    options.again = true;
    run(kept, options);
    kept.let_go();
    EXPECT_EQ(options.budgets->used(Tier::kRam), 0u);
  }
}

TEST(EncodedPiece, ABatchThatReachesFromTheEndOfAnEpochToItsBeginningFindsRoom) {
  // Many small pieces at both ends, so that the slots for a batch in the middle are not enough.
  const std::shared_ptr<MemoryTable> table = made_table(2660, {.piece_rows = 100});
  std::vector<RowSet::Run> runs;
  for (uint64_t p = 0; p < 12; ++p) runs.push_back({p * 100 + 50, p * 100 + 51});
  runs.push_back({1200, 1400});
  for (uint64_t p = 14; p < 26; ++p) runs.push_back({p * 100 + 50, p * 100 + 51});
  const EncodedTable data(table, RowSet(runs), fitted_of(*table), {.window_bytes = 1});
  for (const Order order : {Order::kSequential, Order::kBlock, Order::kFull}) {
    RunOptions options = options_of(order);
    options.last = Last::kWrap;
    options.batch = 60;
    options.block = 8;
    options.group_blocks = 4;
    EXPECT_EQ(run(data, options).records, 2u * 240);
  }
}

}  // namespace
}  // namespace penstock::table
