// Several lanes of one process train one network.
#include "pipelines/train/lanes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "io/data/open.h"
#include "pipelines/job/job.h"
#include "pipelines/train/evaluate_job.h"
#include "pipelines/train/infer_job.h"
#include "pipelines/train/ledger_proof.h"
#include "pipelines/train/model.h"
#include "tests/pipelines/train_world.h"

namespace penstock::train {
namespace {

using io::error_of;
using io::text_of;
using test::losses_of;
using test::TrainWorld;
using ::testing::HasSubstr;

const char* const kTwo = "lanes.devices=[\"cpu\", \"cpu\"]";
const char* const kThree = "lanes.devices=[\"cpu\", \"sim:0\", \"sim:1\"]";

TEST(Lanes, LearnWhatOneLaneLearns) {
  const TrainWorld world;
  world.train({}, Resume::kNever, "one");
  const std::vector<double> one = losses_of(world, "one");
  for (const auto& [name, devices] : {std::pair{"two", kTwo}, std::pair{"three", kThree}}) {
    const TrainResult result = world.train({devices}, Resume::kNever, name);
    EXPECT_EQ(result.steps, 30u);
    const std::vector<double> losses = losses_of(world, name);
    ASSERT_EQ(losses.size(), one.size());
    EXPECT_NEAR(losses[0], one[0], 1e-5);
    for (size_t step = 0; step < one.size(); ++step) EXPECT_NEAR(losses[step], one[step], 2e-3) << step;
    const EpochProof proof = prove_ledger(io::FileSystem::real(), world.run_path(name)).at(4);
    EXPECT_THAT(proof.text(), HasSubstr("27 records, 24 seen once, 3 left out"));
  }
}

TEST(Lanes, BatchesForDevicesLieInPinnedMemoryInsideOfTheBudget) {
  const auto lanes_on = [](const std::string& device) {
    LanesOptions options{.devices = {device}, .learner = {}};
    options.learner.net = {.arch = "resnet18", .classes = 2};
    return std::make_unique<Lanes>(options, Together(nullptr), Clock::system());
  };
  RunOptions plain, pinned;
  lanes_on("cpu")->feed_from(plain);
  EXPECT_EQ(plain.tier, Tier::kRam);
  EXPECT_FALSE(plain.make_batch);
  const auto lanes = lanes_on("sim:0");
  lanes->feed_from(pinned);
  EXPECT_EQ(pinned.tier, Tier::kPinned);
  EXPECT_EQ(pinned.make_batch(100).size(), 100u);

  pipelines::Recipe recipe;
  recipe.budget.ram = ByteSize{400};
  EXPECT_EQ(choose_memory(recipe).limits, Need::ram(400));
  recipe.lanes.devices = {"cpu", "sim:0"};
  EXPECT_EQ(choose_memory(recipe).limits, Need::ram(400)) << "a CPU among them reads the batches where they are";
  recipe.lanes.devices = {"sim:0"};
  EXPECT_EQ(choose_memory(recipe).limits, Need::ram(300) + Need::of(Tier::kPinned, 100));
  recipe.budget.pinned = ByteSize{50};
  EXPECT_EQ(choose_memory(recipe).limits, Need::ram(400) + Need::of(Tier::kPinned, 50));
}

TEST(Lanes, SameBitsAgain) {
  const TrainWorld world;
  EXPECT_EQ(world.train({kTwo}, Resume::kNever, "a").weights_xxh3,
            world.train({kTwo}, Resume::kNever, "b").weights_xxh3);
}

TEST(Lanes, GoOnExactlyAndWithAnotherNumberClosely) {
  const TrainWorld world;
  const std::string whole = world.train({kTwo}, Resume::kNever, "whole").weights_xxh3;
  const auto begin = [&](const std::string& run) {
    std::stop_source stop;
    test::Heard heard;
    uint64_t taken = 0;
    heard.on_update = [&] {
      if (++taken == 13) stop.request_stop();
    };
    return world.train({.recipe = world.recipe({kTwo}),
                        .run = world.run_path(run),
                        .resume = Resume::kAuto,
                        .stop = stop.get_token(),
                        .progress = &heard});
  };
  EXPECT_EQ(begin("same").end, TrainEnd::kStopped);
  EXPECT_EQ(world.train({kTwo}, Resume::kMust, "same").weights_xxh3, whole);
  begin("other");
  const TrainResult other = world.train({kThree}, Resume::kMust, "other");
  EXPECT_EQ(other.resumed_from_step, 13u);
  EXPECT_EQ(other.steps, 30u);
  const std::vector<double> one = losses_of(world, "whole"), two = losses_of(world, "other");
  ASSERT_EQ(two.size(), one.size());
  for (size_t step = 0; step < one.size(); ++step) EXPECT_NEAR(two[step], one[step], 2e-3) << step;
}

TEST(Lanes, MoreLanesThanRecordsOfALastBatch) {
  const TrainWorld world;  // 27 records in batches of 4: the last has 3
  const TrainResult result = world.train({kThree, "data.last=keep", "data.batch=13"}, Resume::kNever, "run");
  EXPECT_EQ(result.steps, 15u);  // 13, 13, 1
  EXPECT_THAT(prove_ledger(io::FileSystem::real(), world.run_path()).at(0).text(), HasSubstr("27 seen once"));
}

TEST(Lanes, EvaluateAndInferAsOne) {
  const TrainWorld world;
  world.train({}, Resume::kNever, "run");
  const auto data = world.data();
  const Model one = open_model(io::FileSystem::real(), world.run_path(), {});
  infer_model(one, *data, {.out = world.path("one.csv")});
  // Devices alone have the batch after the one in work brought up meanwhile.
  for (const char* devices : {kThree, "lanes.devices=[\"sim:0\", \"sim:1\"]", "lanes.devices=[\"sim:0,step_ms=5\"]"}) {
    const Model other = open_model(io::FileSystem::real(), world.run_path(), {.set = {devices}});
    for (const bool confusion : {true, false}) {
      const EvaluateResult a = evaluate_model(one, *data, {.confusion = confusion});
      const EvaluateResult b = evaluate_model(other, *data, {.confusion = confusion});
      EXPECT_EQ(a.evaluation.sums.records, b.evaluation.sums.records) << devices;
      EXPECT_EQ(a.evaluation.sums.top1, b.evaluation.sums.top1) << devices;
      EXPECT_NEAR(a.evaluation.sums.mean_loss(), b.evaluation.sums.mean_loss(), 1e-6) << devices;
    }
    infer_model(other, *data, {.out = world.path("other.csv")});
    EXPECT_EQ(text_of(world.path("one.csv")), text_of(world.path("other.csv"))) << devices;
  }
}

TEST(Lanes, SaysWhatDoesNotFit) {
  const TrainWorld world;
  EXPECT_THAT(error_of([&] { world.train({"lanes.devices=[\"cpu\", \"cpu\", \"cpu\", \"cpu\", \"cpu\"]"}); }),
              HasSubstr("data.batch is 4 records for 5 lanes"));
  EXPECT_THAT(error_of([&] {
                world.train({kTwo, "train.sync_batch_norm=true"});
              }),
              HasSubstr("batch norms of a TorchScript module cannot count over all lanes"));
  EXPECT_THAT(error_of([&] {
                world.train({kTwo, "data.last=keep", "data.batch=13", "train.sync_batch_norm=true"});
              }),
              HasSubstr("the last batch of an epoch has 1 records for 2 lanes"));
}

TEST(Lanes, SynchronisedBatchNormNeedsBatchNorms) {
  const TrainWorld world;
  for (const char* devices : {kTwo, "lanes.devices=[\"cpu\"]"}) {
    pipelines::Recipe recipe = world.recipe({devices, "train.sync_batch_norm=true"});
    recipe.net.arch = "resnet18";
    recipe.net.script.clear();
    recipe.net.norm = nets::NormKind::kGroup;
    EXPECT_THAT(error_of([&] { world.train({.recipe = recipe, .run = world.run_path()}); }),
                ::testing::AllOf(HasSubstr("the network has no batch norms (net.norm = \"group\")"),
                                 HasSubstr("leave train.sync_batch_norm out")));
    EXPECT_FALSE(io::FileSystem::real().exists(world.run_path()));
  }
}

TEST(Lanes, OneGpuIsNoTwoLanesWhateverItsOptions) {
  const LanesOptions options{.devices = {"cuda:0", "cuda:1", "cuda:0,memory=8GiB"}};
  EXPECT_THAT(error_of([&] { Lanes(options, Together(), Clock::system()); }),
              HasSubstr("lanes.devices names 'cuda:0' twice"));
}

TEST(Lanes, ComputeElsewhereWhereNoneIsACpu) {
  const TrainWorld world;
  const Model model = [&] {
    world.train({"train.epochs=1"});
    return open_model(io::FileSystem::real(), world.run_path(), {});
  }();
  const auto elsewhere = [&](const char* devices) {
    Model changed = model;
    changed.recipe = world.recipe({devices});
    return make_lanes(changed, 3, Together(), Clock::system())->compute_elsewhere();
  };
  EXPECT_FALSE(elsewhere("lanes.devices=[\"cpu\", \"sim:0\"]"));
  EXPECT_FALSE(elsewhere("lanes.devices=[\"sim:0\", \"cpu\"]"));
  EXPECT_TRUE(elsewhere("lanes.devices=[\"sim:0\", \"sim:1\"]"));
}

TEST(Lanes, SumOnlyDenseParametersOfF32) {
  const TrainWorld world;
  const std::vector<std::string> two = {kTwo};
  test::write_tiny_net(world.path("net.pt"), /*double_bias=*/true);
  world.train({"lanes.devices=[\"cpu\"]"}, Resume::kNever, "alone");  // no sums, no matter
  EXPECT_THAT(error_of([&] { world.train(two); }),
              ::testing::AllOf(HasSubstr("the parameter 'bias' is of type Double"), HasSubstr("module.float()")));
}

TEST(Lanes, ALaneOutOfMemoryEndsAllOfThemAndNamesIt) {
  const TrainWorld world;
  const std::string said = error_of([&] { world.train({"lanes.devices=[\"cpu\", \"sim:0,memory=1KiB\"]"}); });
  EXPECT_THAT(said, HasSubstr("sim:0"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr("were stopped")));
}

}  // namespace
}  // namespace penstock::train
