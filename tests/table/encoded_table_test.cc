// Rows of a table as batches: equal to the oracle's, the same bytes however they come to be, within the budget; and what is wrong with a row is said.
#include <cmath>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/tier/storage.h"
#include "stages/table/encoded_table.h"
#include "tests/io/temp_folder.h"
#include "tests/table/runs.h"

namespace penstock::table {
namespace {

using io::ColumnType;
using io::error_of;
using test::fitted_of;
using test::made_spec;
using test::made_table;
using test::MemoryTable;
using test::options_of;
using test::Ran;
using test::run;
using testing::Contains;
using testing::HasSubstr;

TEST(EncodedTable, SaysWhatItsRowsAre) {
  const std::shared_ptr<MemoryTable> table = made_table(500);
  const EncodedTable data(table, RowSet::all(500), fitted_of(*table));
  EXPECT_EQ(data.schema().text(), Schema({Field::fixed("cat", DType::kI32, {3}), Field::fixed("cont", DType::kF32, {8}),
                                          Field::fixed("target", DType::kF32)})
                                      .text());
  const io::TableFields& fields = *data.table_fields();
  ASSERT_EQ(fields.categories.size(), 3u);
  EXPECT_EQ(fields.categories[1], (io::CategoryField{"Store", 13}));
  EXPECT_EQ(fields.numbers.size(), 8u);
  EXPECT_EQ(fields.target, "Sales");
  EXPECT_EQ(fields.transform.log, TargetLog::kLog);
  EXPECT_EQ(data.name(3), "row 3");
  EXPECT_EQ(data.locate(3).offset, 3u * 64);
  EXPECT_EQ(data.label(3), -1);
}

TEST(EncodedTable, ARunsBatchesAreTheSameForThreadsFormsBudgetsAndTiers) {
  const auto fitted = fitted_of(*made_table(3000));
  for (const Order order : {Order::kSequential, Order::kBlock, Order::kFull}) {
    const std::shared_ptr<MemoryTable> plain = made_table(3000);
    const EncodedTable data(plain, RowSet::all(3000), fitted);
    const Ran wanted = run(data, options_of(order), 1);
    EXPECT_EQ(wanted.records, 6000u);
    EXPECT_EQ(wanted.ids.size(), 3000u);
    EXPECT_EQ(run(data, options_of(order), 4).digest, wanted.digest);
    for (const auto& form :
         {MemoryTable::Options{.piece_rows = 11}, MemoryTable::Options{.piece_rows = 64, .dictionary = true},
          MemoryTable::Options{.piece_rows = 1000, .dictionaries = true}}) {
      const std::shared_ptr<MemoryTable> table = made_table(3000, form);
      const EncodedTable other(table, RowSet::all(3000), fitted);
      EXPECT_EQ(other.fingerprint(), data.fingerprint());
      EXPECT_EQ(run(other, options_of(order), 3).digest, wanted.digest);
      const io::Storage storage(other, {.epochs = 2});
      EXPECT_EQ(run(storage, options_of(order), 2).digest, wanted.digest);
    }
    // From a step on, as a resumed run does: the batches that follow.
    RunOptions whole = options_of(order), late = whole;
    whole.epochs = 3;
    late.epoch = 1;
    late.step = 20;
    penstock::Run first = penstock::Run::start(GraphSpec{}.bind(data.schema(), StageRegistry()), data, whole);
    penstock::Run second = penstock::Run::start(GraphSpec{}.bind(data.schema(), StageRegistry()), data, late);
    const uint64_t steps = first.plan().steps_per_epoch();
    for (uint64_t step = 0; step < steps + 20; ++step) first.next();
    for (uint64_t step = 20; step < steps; ++step) {
      const Batch a = first.next(), b = second.next();
      ASSERT_EQ(std::memcmp(a.tensor(1).data, b.tensor(1).data, a.tensor(1).bytes), 0) << step;
      ASSERT_EQ(std::memcmp(a.tensor(0).data, b.tensor(0).data, a.tensor(0).bytes), 0) << step;
    }
  }
}

TEST(EncodedTable, ReadGivesWhatARunGives) {
  const std::shared_ptr<MemoryTable> table = made_table(1000, {.piece_rows = 37});
  const EncodedTable data(table, RowSet::all(1000), fitted_of(*table));
  RunOptions options = options_of(Order::kBlock);
  penstock::Run run = penstock::Run::start(GraphSpec{}.bind(data.schema(), StageRegistry()), data, options);
  class Into final : public Intake {
   public:
    explicit Into(size_t count) : count_(count), cat(count * 3), cont(count * 8), target(count) {}
    size_t count() const override { return count_; }
    std::byte* row(size_t field, size_t i) override {
      if (field == 0) return reinterpret_cast<std::byte*>(&cat[i * 3]);
      return reinterpret_cast<std::byte*>(field == 1 ? &cont[i * 8] : &target[i]);
    }
    std::byte* rows(size_t, size_t, size_t) override { return nullptr; }
    void lend(size_t, size_t, std::span<const std::byte>) override {}
    void absent(size_t, size_t) override {}
    void reject(size_t, std::string reason) override { FAIL() << reason; }
    size_t count_;
    std::vector<int32_t> cat;
    std::vector<float> cont, target;
  };
  for (const Batch& batch : run) {
    Into into(batch.size());
    data.read(batch.ids(), into);
    ASSERT_EQ(std::memcmp(into.cat.data(), batch["cat"].data, batch["cat"].bytes), 0);
    ASSERT_EQ(std::memcmp(into.cont.data(), batch["cont"].data, batch["cont"].bytes), 0);
    ASSERT_EQ(std::memcmp(into.target.data(), batch["target"].data, batch["target"].bytes), 0);
  }
}

TEST(EncodedTable, PiecesOfAPartAreFetchedOnceAPass) {
  const std::shared_ptr<MemoryTable> table = made_table(20000, {.piece_rows = 100});
  const RowSet::Run runs[] = {{0, 9000}, {12000, 12001}, {12003, 20000}};
  const EncodedTable data(table, RowSet(runs), fitted_of(*table), {.window_bytes = 20 * 6400});
  for (const Order order : {Order::kSequential, Order::kBlock}) {
    table->fetches = 0;
    RunOptions options = options_of(order);
    options.epochs = 1;
    options.block = 100;
    EXPECT_EQ(run(data, options).ids.size(), 16998u);
    // 170 pieces hold rows of the part; the block that the gap moves reaches into two, and so do those behind it.
    EXPECT_LE(table->fetches, order == Order::kSequential ? 170u : 255u);
  }
  table->fetches = 0;
  const EncodedTable roomy(table, RowSet(runs), fitted_of(*table));
  table->fetches = 0;
  RunOptions options = options_of(Order::kFull);
  options.epochs = 3;
  EXPECT_EQ(run(roomy, options).ids.size(), 16998u);
  EXPECT_EQ(table->fetches, 170u);  // kept from epoch to epoch
}

TEST(EncodedTable, ATableAHundredTimesTheBudgetStreams) {
  const std::shared_ptr<MemoryTable> table = made_table(200000, {.piece_rows = 100, .bytes_per_row = 2000});
  auto spec = made_spec();
  spec.means.clear();
  const EncodedTable data(table, RowSet::all(200000), fitted_of(*made_table(2000), spec));
  for (const Order order : {Order::kSequential, Order::kBlock}) {
    RunOptions options = options_of(order);
    options.epochs = 1;
    options.batch = 256;
    options.block = 100;
    const uint64_t limit = 4000000;  // 400 MB of rows
    options.budgets = std::make_shared<Budgets>(Need::ram(limit));
    EXPECT_EQ(run(data, options).ids.size(), 200000u);
    EXPECT_LE(options.budgets->peak(Tier::kRam), limit);
    EXPECT_LE(table->most_held() * 200000, limit);
    EXPECT_EQ(table->held(), 0u);
  }
  RunOptions options = options_of(Order::kFull);
  options.budgets = std::make_shared<Budgets>(Need::ram(4000000));
  EXPECT_THAT(error_of([&] { run(data, options); }),
              testing::AllOf(HasSubstr("order = \"block\" needs less"), HasSubstr("the least for this graph")));
}

TEST(EncodedTable, BadRowsAndTargetsAreRejectedAndReplacedAlikeOnAnyThreads) {
  std::vector<uint64_t> digests;
  for (const unsigned threads : {1u, 4u}) {
    const std::shared_ptr<MemoryTable> table = made_table(3000, {.piece_rows = 50});
    const auto fitted = fitted_of(*table);
    for (uint64_t row = 5; row < 3000; row += 97) table->bad[row] = "line " + std::to_string(row) + " has 3 cells";
    const EncodedTable data(table, RowSet::all(3000), fitted, {.window_bytes = 6 * 3200});
    RunOptions options = options_of(Order::kBlock);
    options.epochs = 1;
    options.faults = {.on_fault = OnFault::kReplace, .budget = 1000};
    const Ran ran = run(data, options, threads);
    EXPECT_GE(ran.reasons.size(), 31u);
    EXPECT_THAT(ran.reasons, Contains("line 102 has 3 cells"));
    EXPECT_EQ(ran.records, 3000u);
    digests.push_back(ran.digest);
  }
  EXPECT_EQ(digests[0], digests[1]);

  MemoryTable* odd = new MemoryTable(io::TableSchema({{"x", ColumnType::kReal}, {"y", ColumnType::kReal}}));
  const std::shared_ptr<MemoryTable> table(odd);
  for (int i = 0; i < 50; ++i)
    odd->add({std::to_string(i), i == 3 ? "nan" : i == 4 ? "inf" : i == 5 ? "-1" : std::to_string(1 + i)});
  const auto fitted = fitted_of(*table, {.target = "y", .target_log = TargetLog::kLog, .numbers = {"x"}});
  const EncodedTable data(table, RowSet::all(50), fitted);
  RunOptions options = options_of(Order::kSequential);
  options.epochs = 1;
  options.faults = {.on_fault = OnFault::kSkip, .budget = 10};
  EXPECT_THAT(run(data, options).reasons,
              testing::ElementsAre("row 4 of memory (the first is 1): its target 'y' is missing",
                                   "row 5 of memory (the first is 1): its target 'y' is infinite",
                                   "row 6 of memory (the first is 1): its target 'y' is -1, which has no logarithm"));
}

TEST(EncodedTable, TheTargetHasMeanZeroAndDeviationOneUnlessTheRecipeSaysOtherwise) {
  const std::shared_ptr<MemoryTable> table = made_table(2000);
  TableSpec spec = made_spec();
  const auto targets_of = [&](const std::shared_ptr<const Fitted>& fitted) {
    const EncodedTable data(table, RowSet::all(2000), fitted, {.training = true});
    RunOptions options = options_of(Order::kSequential);
    options.epochs = 1;
    penstock::Run run = penstock::Run::start(GraphSpec{}.bind(data.schema(), StageRegistry()), data, options);
    std::vector<float> targets;
    for (const Batch& batch : run) std::ranges::copy(batch["target"].as<float>(), std::back_inserter(targets));
    return std::pair(std::move(targets), data.table_fields()->transform);
  };
  const auto [scaled, transform] = targets_of(fitted_of(*table, spec));
  spec.target_scale = TargetScale::kNone;
  const auto [plain, as_it_is] = targets_of(fitted_of(*table, spec));
  double sum = 0, squares = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    sum += scaled[i];
    squares += double{scaled[i]} * scaled[i];
    ASSERT_NEAR(transform.invert(scaled[i]), as_it_is.invert(plain[i]), 1e-3 * as_it_is.invert(plain[i]));
  }
  EXPECT_NEAR(sum / 2000, 0, 1e-5);
  EXPECT_NEAR(squares / 2000, 1, 1e-3);
  EXPECT_EQ(as_it_is, (TargetTransform{.log = TargetLog::kLog}));
}

TEST(EncodedTable, AnErrorOfTheTableEndsTheRun) {
  const std::shared_ptr<MemoryTable> table = made_table(1000, {.piece_rows = 50});
  const EncodedTable data(table, RowSet::all(1000), fitted_of(*table));
  table->before_fetch = [](uint64_t piece) {
    if (piece == 7) throw Error(Code::kData, "piece 7 has another checksum");
  };
  EXPECT_THAT(error_of([&] { run(data, options_of(Order::kSequential)); }), HasSubstr("piece 7 has another checksum"));
}

TEST(EncodedTable, ClassesHaveNamesAndUnseenOnesAreRejected) {
  const io::TableSchema schema({{"x", ColumnType::kInt}, {"kind", ColumnType::kInt}});
  auto train = std::make_shared<MemoryTable>(schema);
  for (int i = 0; i < 60; ++i) train->add({std::to_string(i), std::to_string(i % 3 == 0 ? 10 : i % 3)});
  const TableSpec spec{.task = Task::kClasses, .target = "kind", .numbers = {"x"}};
  const auto fitted = fitted_of(*train, spec);
  const EncodedTable data(train, RowSet::all(60), fitted);
  EXPECT_THAT(data.class_names(), testing::ElementsAre("1", "2", "10"));  // as numbers, not as letters
  EXPECT_EQ(data.label(0), 2);
  EXPECT_EQ(data.label(4), 0);
  auto other = std::make_shared<MemoryTable>(schema);
  for (const char* kind : {"1", "99", "2"}) other->add({"5", kind});
  const EncodedTable theirs(other, RowSet::all(3), fitted);
  RunOptions options = options_of(Order::kSequential);
  options.epochs = 1;
  options.faults = {.on_fault = OnFault::kSkip, .budget = 3};
  EXPECT_THAT(run(theirs, options).reasons,
              testing::ElementsAre(
                  "row 2 of memory (the first is 1): its class '99' (column 'kind') was not seen in training"));
}

TEST(EncodedTable, BinaryTargetsFollowThePositiveValue) {
  const io::TableSchema schema({{"x", ColumnType::kInt}, {"income", ColumnType::kText}});
  auto table = std::make_shared<MemoryTable>(schema);
  for (int i = 0; i < 40; ++i) table->add({std::to_string(i), i % 4 == 0 ? ">50K" : "<=50K"});
  const auto fitted =
      fitted_of(*table, {.task = Task::kBinary, .target = "income", .positive = ">50K", .numbers = {"x"}});
  const EncodedTable data(table, RowSet::all(40), fitted);
  EXPECT_THAT(data.class_names(), testing::ElementsAre("<=50K", ">50K"));
  EXPECT_EQ(data.label(4), 1);
  EXPECT_NEAR(fitted->target.mean, 0.25, 1e-12);
  const auto dotted = std::make_shared<MemoryTable>(schema);  // as a file writes them that came later
  for (const char* income : {">50K", ">50K."}) dotted->add({"5", income});
  const EncodedTable theirs(dotted, RowSet::all(2), fitted);
  RunOptions options = options_of(Order::kSequential);
  options.epochs = 1;
  options.faults = {.on_fault = OnFault::kSkip, .budget = 3};
  EXPECT_THAT(run(theirs, options).reasons,
              testing::ElementsAre(HasSubstr("its target 'income' is '>50K.', and training knew '>50K' and '<=50K'")));
}

TEST(EncodedTable, UnseenCategoriesAreUnknownAndCounted) {
  const auto fitted = fitted_of(*made_table(1000));
  auto table = std::make_shared<MemoryTable>(test::made_schema());
  table->add({"1", "Atlantis", "1", "16000", "3", "4", "", "600"});
  table->add({"99", "c2", "1", "16000", "3", "4", "", "600"});
  const EncodedTable data(table, RowSet::all(2), fitted);
  RunOptions options = options_of(Order::kSequential);
  options.epochs = 1;
  run(data, options);
  EXPECT_THAT(data.notes(), Contains(HasSubstr("column 'City': 1 of 2 values read are not in the vocabulary")));
  EXPECT_THAT(data.notes(), Contains(HasSubstr("column 'Store': 1 of 2")));
}

TEST(EncodedTable, ATableWithoutTargetsServesInference) {
  const auto fitted = fitted_of(*made_table(1000));
  auto columns = test::made_schema().columns();
  columns.pop_back();
  auto table = std::make_shared<MemoryTable>(io::TableSchema(columns));
  table->add({"1", "c2", "1", "16000", "3", "4", ""});
  EXPECT_THAT(error_of([&] { EncodedTable(table, RowSet::all(1), fitted); }), HasSubstr("missing 'Sales'"));
  const EncodedTable data(table, RowSet::all(1), fitted, {.needs_target = false});
  RunOptions options = options_of(Order::kSequential);
  options.batch = 1;
  penstock::Run run = penstock::Run::start(GraphSpec{}.bind(data.schema(), StageRegistry()), data, options);
  const Batch batch = run.next();
  EXPECT_TRUE(std::isnan(batch["target"].as<float>()[0]));
  EXPECT_EQ(batch.rejections().size(), 0u);
}

}  // namespace
}  // namespace penstock::table
