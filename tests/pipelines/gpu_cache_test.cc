// Trainings whose pictures stay on their devices learn what the CPUs' pictures teach, to the bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "pipelines/train/ledger_proof.h"
#include "tests/pipelines/train_world.h"

namespace penstock::train {
namespace {

using io::error_of;
using io::text_of;
using test::kSim;
using test::losses_of;
using test::Settings;
using test::TrainWorld;
using test::with;
using ::testing::HasSubstr;
using ::testing::Not;

const char* const kTwoSims = "lanes.devices=[\"sim:0\", \"sim:1\"]";

/// The world's recipe with colours, erasing and mixing behind the flip.
pipelines::Recipe whole_chain(const TrainWorld& world, const Settings& more) {
  pipelines::Recipe recipe = world.recipe(with(more));
  const auto add = [&](std::string name, std::string id, ParamMap params) {
    StageSpec stage;
    stage.name = std::move(name);
    stage.id = std::move(id);
    stage.params = std::move(params);
    stage.when = When::kTrain;
    recipe.stages.push_back(std::move(stage));
  };
  add("image.color-jitter", "colours", {{"brightness", ValueArray{0.4}}, {"contrast", ValueArray{0.4}}});
  add("image.erase", "erase", {{"p", 0.5}});
  add("image.mixup", "mixup", {{"alpha", 1.0}});
  return recipe;
}

TrainResult train_heard(const TrainWorld& world, pipelines::Recipe recipe, const std::string& run, std::string& said) {
  test::Heard heard;
  TrainResult result = world.train(TrainOptions{
      .recipe = std::move(recipe), .run = world.run_path(run), .resume = Resume::kNever, .progress = &heard});
  said = heard.text;
  return result;
}

TEST(GpuCache, LearnsTheSameBits) {
  const TrainWorld world;
  const std::string cpu = world.train(with({}), Resume::kNever, "cpu").weights_xxh3;
  std::string said;
  const TrainResult held = train_heard(world, world.recipe(with({kSim, "stage.crop.cache=gpu"})), "sim", said);
  EXPECT_EQ(held.weights_xxh3, cpu);
  EXPECT_EQ(losses_of(world, "sim"), losses_of(world, "cpu"));
  EXPECT_THAT(said, HasSubstr("sim:0 holds 27 decoded pictures"));
  EXPECT_THAT(said, Not(HasSubstr("no room")));
  const EpochProof proof = prove_ledger(io::FileSystem::real(), world.run_path("sim")).at(4);
  EXPECT_THAT(proof.text(), HasSubstr("27 records, 24 seen once, 3 left out"));
}

TEST(GpuCache, LearnsTheSameBitsThroughAllOfTheChain) {
  const TrainWorld world;
  std::string said;
  const std::string cpu = train_heard(world, whole_chain(world, {}), "cpu", said).weights_xxh3;
  EXPECT_EQ(train_heard(world, whole_chain(world, {kSim, "stage.crop.cache=gpu"}), "sim", said).weights_xxh3, cpu);
  EXPECT_EQ(
      train_heard(world, whole_chain(world, {kSim, "stage.crop.cache=gpu", "budget.gpu_cache=20000"}), "part", said)
          .weights_xxh3,
      cpu);
  EXPECT_THAT(said,
              HasSubstr("sim:0 holds 11 decoded pictures, 18.6 KiB of 19.5 KiB; there is no room for the others"));
  EXPECT_EQ(train_heard(world, whole_chain(world, {kSim, "stage.crop.cache=gpu", "budget.gpu_cache=10"}), "none", said)
                .weights_xxh3,
            cpu);
  EXPECT_THAT(said, HasSubstr("sim:0 holds 0 decoded pictures"));
}

TEST(GpuCache, LaterEpochsReadAndDecodeNothing) {
  const TrainWorld world;
  std::string said;
  const TrainResult held = train_heard(
      world, world.recipe(with({kSim, "stage.crop.cache=gpu", "data.last=keep", "budget.ram_cache=0"})), "sim", said);
  const auto served = [](const TrainResult& result) {
    uint64_t records = 0;
    for (const TierUse& tier : result.totals.tiers) records += tier.hits;
    return records;
  };
  // 27 of the first epoch, each once; those of the others are on the device.
  EXPECT_EQ(served(held), 27u);
}

TEST(GpuCache, GoesOnExactlyWithAnEmptyCache) {
  const TrainWorld world;
  const std::string whole = world.train(with({}), Resume::kNever, "whole").weights_xxh3;
  std::stop_source stop;
  test::Heard heard;
  uint64_t taken = 0;
  heard.on_update = [&] {
    if (++taken == 15) stop.request_stop();
  };
  const Settings settings = with({kSim, "stage.crop.cache=gpu"});
  EXPECT_EQ(world
                .train(TrainOptions{.recipe = world.recipe(settings),
                                    .run = world.run_path(),
                                    .resume = Resume::kAuto,
                                    .stop = stop.get_token(),
                                    .progress = &heard})
                .end,
            TrainEnd::kStopped);
  EXPECT_EQ(world.train(settings, Resume::kMust).weights_xxh3, whole);
}

TEST(GpuCache, MayComeAndGoAcrossAResume) {
  const TrainWorld world;
  const std::string whole = world.train(with({}), Resume::kNever, "whole").weights_xxh3;
  std::stop_source stop;
  test::Heard heard;
  uint64_t taken = 0;
  heard.on_update = [&] {
    if (++taken == 10) stop.request_stop();
  };
  world.train(TrainOptions{.recipe = world.recipe(with({})),
                           .run = world.run_path(),
                           .resume = Resume::kAuto,
                           .stop = stop.get_token(),
                           .progress = &heard});
  EXPECT_EQ(world.train(with({kSim, "stage.crop.cache=gpu"}), Resume::kMust).weights_xxh3, whole)
      << "where a picture is kept decides no bytes";
}

TEST(GpuCache, TwoLanesLearnWhatTwoCpusLearn) {
  const TrainWorld world;
  std::string said;
  const auto cpus = train_heard(world, whole_chain(world, {"lanes.devices=[\"cpu\", \"cpu\"]"}), "cpus", said);
  const auto sims = train_heard(world, whole_chain(world, {kTwoSims, "stage.crop.cache=gpu"}), "sims", said);
  EXPECT_EQ(losses_of(world, "sims"), losses_of(world, "cpus"));
  EXPECT_EQ(sims.weights_xxh3, cpus.weights_xxh3);
  EXPECT_THAT(said, HasSubstr("sim:0 and sim:1 hold 27 decoded pictures each"));
}

TEST(GpuCache, DamagedRecordsAreReplacedAsWithout) {
  const TrainWorld world;
  world.damage("a/12.jpg");
  const std::string cpu = world.train(with({}), Resume::kNever, "cpu").weights_xxh3;
  EXPECT_EQ(world.train(with({kSim, "stage.crop.cache=gpu"}), Resume::kNever, "sim").weights_xxh3, cpu);
  EXPECT_EQ(text_of(RunPaths(world.run_path("sim")).quarantine()),
            text_of(RunPaths(world.run_path("cpu")).quarantine()));
}

TEST(GpuCache, APhaseMayChangeTheSize) {
  const TrainWorld world;
  const Settings phase = {"phase=[{until_epoch=2, set={\"stage.crop.size\"=8}}]"};
  const auto cpu = world.train(with(phase), Resume::kNever, "cpu").weights_xxh3;
  Settings held = with(phase);
  held.insert(held.end(), {kSim, "stage.crop.cache=gpu"});
  EXPECT_EQ(world.train(held, Resume::kNever, "sim").weights_xxh3, cpu);
}

TEST(GpuCache, ACpuLaneTrainsWithoutAndSaysSo) {
  const TrainWorld world;
  std::string said;
  const auto plain = world.train(with({}), Resume::kNever, "plain").weights_xxh3;
  EXPECT_EQ(train_heard(world, world.recipe(with({"stage.crop.cache=gpu"})), "cpu", said).weights_xxh3, plain);
  EXPECT_THAT(said, HasSubstr("note: cache = \"gpu\" keeps nothing: the lane 'cpu' has no memory of its own"));
}

TEST(GpuCache, SaysWhatDoesNotFit) {
  const TrainWorld world;
  EXPECT_THAT(error_of([&] {
                world.train({kSim, "stage.crop.cache=gpu"});
              }),
              AllOf(HasSubstr("stage 'crop' (image.decode)"), HasSubstr("set exact = true")));
  EXPECT_THAT(error_of([&] {
                world.train(with({kSim, "stage.flip.cache=gpu"}));
              }),
              AllOf(HasSubstr("stage 'flip' (image.flip)"), HasSubstr("say it on image.decode")));
  EXPECT_THAT(error_of([&] {
                world.train(with({kSim, "stage.crop.cache=gpu", "stage.flip.name=image.grayscale"}));
              }),
              HasSubstr("stage 'grayscale' (image.grayscale) is not done on a device"));
  EXPECT_THAT(error_of([&] {
                world.train(with(
                    {"lanes.devices=[\"sim:0,memory=16KiB\"]", "stage.crop.cache=gpu", "budget.gpu_cache=\"1MiB\""}));
              }),
              HasSubstr("sim:0 is out of memory: 1.00 MiB wanted for image cache"));
  EXPECT_THAT(error_of([&] {
                world.train(with({kSim, "phase=[{until_epoch=2, set={\"stage.crop.cache\"=\"gpu\"}}]"}));
              }),
              HasSubstr("holds in some phases of the recipe and not in others"));
  EXPECT_THAT(error_of([&] {
                world.train(with({kSim, "stage.crop.cache=gpu",
                                  "phase=[{until_epoch=2, set={\"stage.crop.orientation\"=\"honour\"}}]"}));
              }),
              HasSubstr("phases of the recipe turn pictures differently"));
}

}  // namespace
}  // namespace penstock::train
