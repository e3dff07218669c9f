// Batch stages that look at the record before: what they make is the same for any number of ranks that share the batches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>

#include "tests/engine/run_world.h"

namespace penstock {
namespace {

/// row f32 (3), in place: luck + that of the record before, or -1 where there is none. label -> label_before i64. Draws once a batch.
class LookBefore final : public BatchStage {
 public:
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit LookBefore(Params) {}
  Bound bind(const Schema& in) const override {
    return {.reads = {"row", "label"},
            .writes = {in.require("row", "look-before"), Field::fixed("label_before", DType::kI64)},
            .draws = true,
            .looks_before = true};
  }
  void run(BatchView& batch, Scratch&) const override {
    Draws draws = batch.draws();
    const auto luck = static_cast<float>(draws.uniform());
    const auto rows = batch.out(0).as<float>();
    const auto labels = batch.in(1).as<int64_t>(), labels_before = batch.out(1).as<int64_t>();
    const Tensor row = batch.before(0), label = batch.before(1);
    ASSERT_EQ(row.shape, (std::vector<int64_t>{row.data == nullptr ? 0 : 1, 3}));
    std::vector<float> kept;  // it may be the last of rows
    if (row.data != nullptr) kept.assign(row.as<float>().begin(), row.as<float>().end());
    for (size_t i = batch.count(); i-- > 0;) {
      labels_before[i] = i > 0 ? labels[i - 1] : label.data != nullptr ? label.as<int64_t>()[0] : -1;
      for (size_t k = 0; k < 3; ++k) {
        const float before = i > 0 ? rows[3 * (i - 1) + k] : kept.empty() ? -1 : kept[k];
        rows[3 * i + k] = luck + before;
      }
    }
  }
};

StageRegistry stages() {
  StageRegistry all = test::registry();
  all.add<LookBefore>("test.look-before", "the row before");
  return all;
}

/// All bytes of the records of a step, by position; and what was refused.
struct World {
  std::map<std::tuple<uint64_t, uint64_t, uint64_t>, std::string> records;  ///< by epoch, step, position
  std::vector<std::tuple<uint64_t, uint64_t, uint32_t, uint64_t>> refused;  ///< epoch, position, attempt, record
  bool operator==(const World&) const = default;
};

void add(const Batch& batch, World& world) {
  for (size_t i = 0; i < batch.size(); ++i) {
    std::string& bytes = world.records[{batch.epoch(), batch.step(), batch.positions()[i]}];
    EXPECT_EQ(bytes, "") << "twice";
    bytes = std::to_string(batch.ids()[i]) + ":";
    for (size_t f = 0; f < batch.schema().size(); ++f) {
      const Tensor tensor = batch.tensor(f);
      const size_t row = batch.schema().fields()[f].row_bytes();
      const size_t from = tensor.offsets.empty() ? i : static_cast<size_t>(tensor.offsets[i]);
      const size_t to = tensor.offsets.empty() ? i + 1 : static_cast<size_t>(tensor.offsets[i + 1]);
      bytes.append(reinterpret_cast<const char*>(tensor.data) + from * row, (to - from) * row);
    }
  }
  for (const Rejection& r : batch.rejections())
    world.refused.emplace_back(batch.epoch(), r.position, r.attempt, r.record);
}

World seen_by(uint32_t ranks, const Source& source, const GraphSpec& spec, RunOptions options) {
  World world;
  options.ranks = ranks;
  for (options.rank = 0; options.rank < ranks; ++options.rank) {
    options.cores = std::make_shared<Cores>(1 + options.rank % 3);
    auto run = test::start(spec.bind(source.schema(), stages()), source, options);
    while (const Batch batch = run.next()) add(batch, world);
  }
  std::sort(world.refused.begin(), world.refused.end());
  return world;
}

const GraphSpec kLooks = GraphSpec{}.add("test.paint").add("test.words").add("test.look-before");

TEST(Shares, OfABatchAreTheSameBytesForAnyNumberOfRanks) {
  for (const bool waits : {false, true})
    for (const Last last : {Last::kKeep, Last::kWrap, Last::kDrop})
      for (const Order order : {Order::kFull, Order::kBlock, Order::kSequential}) {
        const test::MemorySource source(41, waits);  // the last batch of kKeep has one record
        const RunOptions options{.seed = 3, .order = order, .last = last, .batch = 10, .block = 7, .epochs = 2};
        const World one = seen_by(1, source, kLooks, options);
        ASSERT_EQ(one.records.size(), 2u * (last == Last::kKeep ? 41 : last == Last::kDrop ? 40 : 50));
        for (const uint32_t ranks : {2u, 3u, 4u, 10u})
          EXPECT_TRUE(seen_by(ranks, source, kLooks, options) == one)
              << ranks << " ranks, " << name_of(last) << ", " << name_of(order) << (waits ? ", waiting" : "");
      }
}

TEST(Shares, OfABatchAreTheSameBytesWhereRecordsAreReplacedOrSkipped) {
  for (const OnFault on_fault : {OnFault::kReplace, OnFault::kSkip})
    for (const int64_t refuse_every : {0, 2, 3})
      for (const bool waits : {false, true}) {
        test::MemorySource source(64, waits);
        for (uint64_t id = 1; id < 64; id += 5) source.bad.insert(id);
        for (uint64_t id = 16; id < 31; ++id)
          source.bad.insert(id);  // in a sequential order: whole shares, and all of a batch but one
        const GraphSpec spec =
            GraphSpec{}.add("test.paint", {{"refuse_every", refuse_every}}).add("test.words").add("test.look-before");
        for (const Order order : {Order::kSequential, Order::kFull}) {
          const RunOptions options{.seed = 9,
                                   .order = order,
                                   .last = Last::kKeep,
                                   .batch = 8,
                                   .epochs = 2,
                                   .faults = {.on_fault = on_fault, .budget = 10000}};
          const World one = seen_by(1, source, spec, options);
          ASSERT_GT(one.refused.size(), 20u);
          for (const uint32_t ranks : {2u, 3u, 8u})
            EXPECT_TRUE(seen_by(ranks, source, spec, options) == one)
                << ranks << " ranks, on fault " << static_cast<int>(on_fault) << ", every " << refuse_every << ", "
                << name_of(order);
        }
      }
}

TEST(Shares, ReadOneRecordMoreOnlyWhereAStageLooksAtIt) {
  const auto records_read = [&](const GraphSpec& spec) {
    uint64_t read = 0;
    std::mutex mutex;
    test::MemorySource counted(40);
    counted.before_read = [&](std::span<const uint64_t> ids) {
      const std::lock_guard lock(mutex);
      read += ids.size();
    };
    seen_by(2, counted, spec, {.seed = 1, .batch = 10});
    return read;
  };
  EXPECT_EQ(records_read(GraphSpec{}.add("test.paint").add("test.twice")), 40u);
  EXPECT_EQ(records_read(kLooks), 40u + 4 * 2);
}

TEST(Shares, RefuseAStageThatChangesItsOwnShareAlone) {
  const test::MemorySource source(40);
  const GraphSpec spec = GraphSpec{}.add("test.twice").add("test.look-before");
  seen_by(1, source, spec, {.seed = 1, .batch = 10});
  try {
    seen_by(2, source, spec, {.seed = 1, .batch = 10});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage);
    EXPECT_THAT(error.what(), testing::HasSubstr("batch stage 'twice' before it changes 'label'"));
    EXPECT_THAT(error.what(), testing::HasSubstr("put 'look-before' before 'twice'"));
  }
}

}  // namespace
}  // namespace penstock
