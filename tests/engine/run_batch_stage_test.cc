// Batch stages: fields of their own, renamed fields, draws, and what they are refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/engine/run_world.h"

namespace penstock {
namespace {

/// label -> luck f64 (one draw for all records of the batch) and neighbour i64 (the label before, round the batch).
class Neighbours final : public BatchStage {
 public:
  struct Params {
    bool optional = false;
  };
  static void describe(ParamTable<Params>& t) { t.add("optional", &Params::optional, "makes what it may not make"); }
  explicit Neighbours(Params params) : params_(params) {}
  Bound bind(const Schema& in) const override {
    in.require("label", "neighbours");
    Field luck = Field::fixed("luck", DType::kF64);
    luck.optional = params_.optional;
    return {.reads = {"label"}, .writes = {luck, Field::fixed("neighbour", DType::kI64)}, .draws = true};
  }
  void run(BatchView& batch, Scratch&) const override {
    const auto labels = batch.in(0).as<int64_t>();
    const auto luck = batch.out(0).as<double>();
    const auto neighbours = batch.out(1).as<int64_t>();
    Draws draws = batch.draws();
    const double number = draws.uniform();
    for (size_t i = 0; i < batch.count(); ++i) {
      luck[i] = number;
      neighbours[i] = labels[(i + batch.count() - 1) % batch.count()];
    }
  }

 private:
  Params params_;
};

StageRegistry stages() {
  StageRegistry all = test::registry();
  all.add<Neighbours>("test.neighbours", "the label before");
  return all;
}

std::string refusal(const GraphSpec& spec, const Source& source) {
  try {
    spec.bind(source.schema(), stages());
  } catch (const Error& error) { return error.what(); }
  return "";
}

std::map<uint64_t, double> luck_by_position(const Source& source, RunOptions options, unsigned threads) {
  options.cores = std::make_shared<Cores>(threads);
  const GraphSpec spec = GraphSpec{}.add("test.neighbours");
  auto run = test::start(spec.bind(source.schema(), stages()), source, options);
  std::map<uint64_t, double> luck;
  while (Batch batch = run.next()) luck[batch.epoch() << 32 | batch.first_position()] = batch["luck"].as<double>()[0];
  return luck;
}

TEST(BatchStage, MakesFieldsOfItsOwn) {
  const test::MemorySource source(103);
  StageSpec twice{.name = "test.twice"};
  twice.inputs = {{"label", "neighbour"}};
  const GraphSpec spec = GraphSpec{}.add("test.neighbours").add(twice);
  auto run = test::start(spec.bind(source.schema(), stages()), source, {.seed = 3, .last = Last::kKeep, .batch = 10});
  size_t records = 0;
  while (Batch batch = run.next()) {
    ASSERT_EQ(batch["neighbour"].shape, std::vector<int64_t>{static_cast<int64_t>(batch.size())});
    const auto labels = batch["label"].as<int64_t>(), neighbours = batch["neighbour"].as<int64_t>();
    for (size_t i = 0; i < batch.size(); ++i, ++records)
      EXPECT_EQ(neighbours[i], 2 * labels[(i + batch.size() - 1) % batch.size()]) << "doubled under its other name";
  }
  EXPECT_EQ(records, 103u);
}

TEST(BatchStage, DrawsByEpochAndPositionWhateverTheThreads) {
  const test::MemorySource source(100);
  const RunOptions options{.seed = 5, .batch = 10, .epochs = 2};
  const auto luck = luck_by_position(source, options, 1);
  ASSERT_EQ(luck.size(), 20u);
  std::set<double> different;
  for (const auto& [position, number] : luck) different.insert(number);
  EXPECT_EQ(different.size(), 20u);
  EXPECT_EQ(luck, luck_by_position(source, options, 8));

  RunOptions later = options;
  later.epochs = 1;
  later.epoch = 1;
  later.step = 7;
  const auto rest = luck_by_position(source, later, 4);
  ASSERT_EQ(rest.size(), 3u);
  for (const auto& [position, number] : rest) EXPECT_EQ(number, luck.at(position)) << "after a seek";

  RunOptions other = options;
  other.seed = 6;
  EXPECT_NE(luck, luck_by_position(source, other, 1));
}

TEST(BatchStage, IsRefusedWhatItCannotDo) {
  const test::MemorySource source(10);
  EXPECT_THAT(refusal(GraphSpec{}.add("test.neighbours", {{"optional", true}}), source),
              testing::HasSubstr("makes fixed fields only"));
  StageSpec renamed{.name = "test.twice"};
  renamed.outputs = {{"label", "doubled"}};
  EXPECT_THAT(refusal(GraphSpec{}.add(renamed), source), testing::HasSubstr("in place only"));
  // A record stage behind it works before it, on values that are not there yet.
  StageSpec join{.name = "test.join"};
  join.inputs = {{"row", "luck"}};
  EXPECT_THAT(refusal(GraphSpec{}.add("test.paint").add("test.neighbours").add(join), source),
              testing::HasSubstr("works on slices but reads 'luck'"));
  // Encoded bytes end in the slice.
  StageSpec rows{.name = "test.twice"};
  rows.inputs = {{"label", "bytes"}};
  EXPECT_THAT(refusal(GraphSpec{}.add(rows), source), testing::HasSubstr("does not come into the batch"));
}

}  // namespace
}  // namespace penstock
