// Trainings whose lanes decode learn what the CPUs' pictures teach: to the bit, where the device's decoder is the CPU's twin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "pipelines/inspect/check.h"
#include "pipelines/train/ledger_proof.h"
#include "pipelines/train/report_job.h"
#include "tests/pipelines/train_world.h"
#include "tests/support/tiny_photos.h"

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

const char* const kNvjpeg = "stage.crop.decoder=nvjpeg";
const char* const kHybrid = "stage.crop.decoder=hybrid";

struct Trained {
  TrainResult result;
  std::string said;
  const device::DecodeCounts& decoders() const { return result.totals.decoders; }
};

Trained train_with(const TrainWorld& world, const Settings& more, const std::string& run,
                   Resume resume = Resume::kNever) {
  test::Heard heard;
  Trained trained;
  trained.result = world.train(TrainOptions{
      .recipe = world.recipe(with(more)), .run = world.run_path(run), .resume = resume, .progress = &heard});
  trained.said = heard.text;
  return trained;
}

TEST(GpuDecoder, LearnsTheSameBits) {
  const TrainWorld world;
  const Trained cpu = train_with(world, {}, "cpu"), lanes = train_with(world, {kSim, kNvjpeg}, "lanes");
  EXPECT_EQ(lanes.result.weights_xxh3, cpu.result.weights_xxh3);
  EXPECT_EQ(losses_of(world, "lanes"), losses_of(world, "cpu"));
  EXPECT_TRUE(cpu.decoders().empty());
  // 24 records in each of five epochs; a folder's are verified when they are first decoded, and three of 27 are left out of each epoch.
  const device::DecodeCounts& by = lanes.decoders();
  EXPECT_EQ(by.cpu.records, by.not_verified);
  EXPECT_LE(by.not_verified, 27u);
  EXPECT_EQ(by.lanes.records + by.cpu.records, 120u);
  EXPECT_GT(by.lanes.busy_seconds, 0);
  const EpochProof proof = prove_ledger(io::FileSystem::real(), world.run_path("lanes")).at(4);
  EXPECT_THAT(proof.text(), HasSubstr("27 records, 24 seen once, 3 left out"));
}

TEST(GpuDecoder, HybridSharesRecordsAndLearnsTheSameBits) {
  const TrainWorld world(30);
  const Trained cpu = train_with(world, {}, "cpu"), both = train_with(world, {kSim, kHybrid}, "both");
  EXPECT_EQ(both.result.weights_xxh3, cpu.result.weights_xxh3);
  const device::DecodeCounts& by = both.decoders();
  EXPECT_GT(by.lanes.records, 0u);
  EXPECT_GT(by.cpu.records, by.not_verified) << "some of the CPUs' were their share";
  EXPECT_EQ(by.lanes.records + by.cpu.records, 440u);
}

TEST(GpuDecoder, GoesThroughAllOfTheChainOnTwoLanes) {
  const TrainWorld world;
  const auto chain = [&](const Settings& more, const std::string& run) {
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
    return world.train(TrainOptions{.recipe = recipe, .run = world.run_path(run), .resume = Resume::kNever});
  };
  const char* const two = "lanes.devices=[\"sim:0\", \"sim:1\"]";
  const std::string cpus = chain({"lanes.devices=[\"cpu\", \"cpu\"]"}, "cpus").weights_xxh3;
  EXPECT_EQ(chain({two, kNvjpeg}, "lanes").weights_xxh3, cpus);
  EXPECT_EQ(chain({two, kHybrid}, "both").weights_xxh3, cpus);
  EXPECT_EQ(chain({two, kHybrid, "stage.crop.cache=gpu", "budget.gpu_cache=20000"}, "held").weights_xxh3, cpus)
      << "records that are held, decoded by lanes, and made by the CPUs, in one batch";
}

TEST(GpuDecoder, DamagedRecordsAreReplacedAsWithout) {
  const TrainWorld world;
  world.damage("a/12.jpg");
  const Trained cpu = train_with(world, {}, "cpu");
  for (const char* decoder : {kNvjpeg, kHybrid}) {
    const Trained lanes = train_with(world, {kSim, decoder}, decoder);
    EXPECT_EQ(lanes.result.weights_xxh3, cpu.result.weights_xxh3);
    EXPECT_GT(cpu.result.totals.rejected, 0u);
    EXPECT_EQ(lanes.result.totals.rejected, cpu.result.totals.rejected);
    EXPECT_EQ(text_of(RunPaths(world.run_path(decoder)).quarantine()),
              text_of(RunPaths(world.run_path("cpu")).quarantine()));
  }
}

TEST(GpuDecoder, WhatNoDeviceIsGivenIsDecodedOnTheCpus) {
  const TrainWorld world;
  const std::vector<uint8_t> pixels(24 * 24 * 3, 90);
  test::write_bytes(world.data_path() + "/b/12.jpg",
                    image::encode_jpeg({.data = pixels.data(), .width = 24, .height = 24}, {.progressive = true}));
  const Trained cpu = train_with(world, {"data.last=keep"}, "cpu");
  const Trained lanes = train_with(world, {"data.last=keep", kSim, kNvjpeg}, "lanes");
  EXPECT_EQ(lanes.result.weights_xxh3, cpu.result.weights_xxh3);
  EXPECT_EQ(lanes.decoders().other_kinds, 5u) << "once an epoch";
  EXPECT_EQ(lanes.decoders().not_verified, 26u);
  EXPECT_EQ(lanes.decoders().lanes.records, 4u * 26);

  const Trained longer = train_with(world, {"data.last=keep", kSim, kNvjpeg, "stage.crop.max_encoded=100"}, "long");
  EXPECT_EQ(longer.result.weights_xxh3, cpu.result.weights_xxh3);
  EXPECT_EQ(longer.decoders().lanes.records, 0u);
  EXPECT_EQ(longer.decoders().too_long, 5u * 26);
}

TEST(GpuDecoder, WhatItDecodedMayStayOnTheDevices) {
  const TrainWorld world;
  const Trained cpu = train_with(world, {"data.last=keep"}, "cpu");
  const Trained held = train_with(world, {"data.last=keep", kSim, kNvjpeg, "stage.crop.cache=gpu"}, "held");
  EXPECT_EQ(held.result.weights_xxh3, cpu.result.weights_xxh3);
  EXPECT_THAT(held.said, HasSubstr("sim:0 holds 27 decoded pictures"));
  EXPECT_EQ(held.decoders().cpu.records + held.decoders().lanes.records, 27u) << "each once";
}

TEST(GpuDecoder, GoesOnExactly) {
  const TrainWorld world;
  const std::string whole = train_with(world, {}, "whole").result.weights_xxh3;
  for (const char* decoder : {kNvjpeg, kHybrid}) {
    std::stop_source stop;
    test::Heard heard;
    uint64_t taken = 0;
    heard.on_update = [&] {
      if (++taken == 15) stop.request_stop();
    };
    const TrainResult stopped = world.train(TrainOptions{.recipe = world.recipe(with({kSim, decoder})),
                                                         .run = world.run_path(decoder),
                                                         .resume = Resume::kAuto,
                                                         .stop = stop.get_token(),
                                                         .progress = &heard});
    EXPECT_EQ(stopped.end, TrainEnd::kStopped);
    const Trained on = train_with(world, {kSim, decoder}, decoder, Resume::kMust);
    EXPECT_EQ(on.result.weights_xxh3, whole);
    EXPECT_GE(on.decoders().cpu.records, stopped.totals.decoders.cpu.records + 24) << "what was verified is forgotten";
  }
}

TEST(GpuDecoder, APhaseMayChangeTheSize) {
  const TrainWorld world;
  const char* const phase = "phase=[{until_epoch=2, set={\"stage.crop.size\"=8}}]";
  EXPECT_EQ(train_with(world, {phase, kSim, kHybrid}, "both").result.weights_xxh3,
            train_with(world, {phase}, "cpu").result.weights_xxh3);
}

TEST(GpuDecoder, TheRunSaysWhoDecodedHowMuch) {
  const TrainWorld world;
  const Trained lanes = train_with(world, {kSim, kNvjpeg}, "run");
  EXPECT_THAT(lanes.said, AllOf(HasSubstr("note: decoder = \"nvjpeg\" is not byte-reproducible: pixels differ"),
                                HasSubstr("libjpeg-turbo decodes in nvJPEG's place")));
  EXPECT_THAT(lanes.said, HasSubstr("note: the lanes decoded "));
  const auto json = nlohmann::json::parse(text_of(RunPaths(world.run_path()).report()));
  const auto& decoders = json.at("totals").at("decoders");
  EXPECT_EQ(decoders.at("lanes").at("records"), lanes.decoders().lanes.records);
  EXPECT_GT(decoders.at("lanes").at("records_per_second"), 0);
  EXPECT_EQ(decoders.at("cpu_because").at("not_verified"), lanes.decoders().not_verified);
  EXPECT_THAT(report_text(read_run(io::FileSystem::real(), world.run_path())),
              HasSubstr("decoders, over all epochs: the lanes decoded " +
                        std::to_string(lanes.decoders().lanes.records) + " records at "));
}

TEST(GpuDecoder, CheckSaysThatPixelsDependOnTheMachine) {
  const TrainWorld world;
  const auto data = world.data();
  const auto notes_of = [&](const Settings& more) {
    std::string all;
    const CheckResult checked =
        check(world.recipe(with(more)), {.train = data, .val = nullptr, .val_from = ""}, std::make_shared<Cores>(2));
    for (const std::string& note : checked.notes) all += note + "\n";
    return all;
  };
  EXPECT_THAT(notes_of({kSim, kHybrid}),
              HasSubstr("decoder = \"hybrid\" is not byte-reproducible: which records a GPU"));
  EXPECT_THAT(notes_of({kSim, kNvjpeg}), HasSubstr("decoder = \"nvjpeg\" is not byte-reproducible: pixels differ"));
  EXPECT_THAT(notes_of({kSim}), Not(HasSubstr("reproducible")));
}

TEST(GpuDecoder, SaysWhatDoesNotFit) {
  const TrainWorld world;
  for (const char* decoder : {kNvjpeg, kHybrid}) {
    EXPECT_THAT(error_of([&] { world.train(with({decoder})); }),
                AllOf(HasSubstr("stage 'crop' (image.decode) says decoder = "), HasSubstr("the lane 'cpu' is no GPU"),
                      HasSubstr("lanes.devices = [\"cuda:0\"]"), HasSubstr("set decoder = \"cpu\"")));
    EXPECT_THAT(error_of([&] { world.train({kSim, decoder}); }), HasSubstr("set exact = true"));
  }
  EXPECT_THAT(error_of([&] {
                world.train(with({kSim, "stage.center.decoder=nvjpeg"}));
              }),
              AllOf(HasSubstr("stage 'center' (image.decode)"), HasSubstr("evaluations decode on the CPUs")));
  EXPECT_THAT(
      error_of([&] {
        world.train(with({kSim, kNvjpeg, "stage.flip.name=image.grayscale"}));
      }),
      AllOf(HasSubstr("stage 'grayscale' (image.grayscale) is not done on a device"), HasSubstr("leave decoder out")));
  EXPECT_THAT(error_of([&] {
                world.train(with({kSim, kNvjpeg, "phase=[{until_epoch=2, set={\"stage.crop.decoder\"=\"cpu\"}}]"}));
              }),
              HasSubstr("phases of the recipe name different decoders"));
  EXPECT_THAT(error_of([&] {
                world.train(with({"lanes.devices=[\"sim:0,memory=1KiB\"]", kNvjpeg}));
              }),
              HasSubstr("sim:0 is out of memory"));
}

TEST(GpuDecoder, AnotherDecoderIsNoWayToGoOn) {
  const TrainWorld world;
  train_with(world, {kSim}, "run");
  EXPECT_THAT(error_of([&] { train_with(world, {kSim, kNvjpeg}, "run", Resume::kMust); }), HasSubstr("decoder"));
}

}  // namespace
}  // namespace penstock::train
