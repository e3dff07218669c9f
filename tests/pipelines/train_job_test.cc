#include "pipelines/train/train_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "io/file/faulty_file_system.h"
#include "pipelines/train/ledger_proof.h"
#include "tests/pipelines/train_world.h"

namespace penstock::train {
namespace {

using io::error_of;
using io::text_of;
using test::TrainWorld;
using ::testing::HasSubstr;

constexpr uint64_t kSteps = 30;  // 27 records in batches of 4, 5 epochs

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

std::string ledger_words(const TrainWorld& world, const std::string& run = "run") {
  std::string out;
  for (const EpochProof& proof : prove_ledger(io::FileSystem::real(), world.run_path(run))) out += proof.text() + "\n";
  return out;
}

/// Trains until `steps` steps were taken in this call, then asks it to stop.
TrainResult train_and_stop(const TrainWorld& world, uint64_t steps, const std::vector<std::string>& set = {}) {
  std::stop_source stop;
  test::Heard heard;
  uint64_t taken = 0;
  heard.on_update = [&] {
    if (++taken == steps) stop.request_stop();
  };
  return world.train({.recipe = world.recipe(set),
                      .run = world.run_path(),
                      .resume = Resume::kAuto,
                      .stop = stop.get_token(),
                      .progress = &heard});
}

TEST(TrainJob, LeavesARunDirectoryThatSaysWhatHappened) {
  const TrainWorld world;
  const TrainResult result = world.train();
  EXPECT_EQ(result.end, TrainEnd::kFinished);
  EXPECT_EQ(result.epochs, 5u);
  EXPECT_EQ(result.steps, kSteps);
  EXPECT_FALSE(result.resumed_from_step);
  EXPECT_GT(result.best, 0.3);
  const RunPaths paths(world.run_path());
  const std::string metrics = text_of(paths.metrics());
  EXPECT_EQ(count(metrics, "\"type\":\"step\""), kSteps);
  EXPECT_EQ(count(metrics, "\"type\":\"epoch\""), 5u);
  EXPECT_THAT(text_of(paths.report()), HasSubstr(result.weights_xxh3));
  EXPECT_THAT(text_of(paths.run_json()), HasSubstr("\"torch_threads\": 1"));
  EXPECT_THAT(ledger_words(world), HasSubstr("epoch 5: 27 records, 24 seen once, 3 left out"));
}

TEST(TrainJob, EndsWithTheSameWeightsWhereverItIsStopped) {
  const TrainWorld world;
  const std::string whole = world.train({}, Resume::kNever, "whole").weights_xxh3;
  for (uint64_t stops = 0; stops < 4; ++stops) {
    TrainResult result = train_and_stop(world, 7);  // in the middle of an epoch, and between checkpoints
    EXPECT_EQ(result.end, TrainEnd::kStopped);
    EXPECT_EQ(result.steps, 7 * (stops + 1));
  }
  const TrainResult end = world.train({}, Resume::kMust);
  EXPECT_EQ(end.resumed_from_step, 28u);
  EXPECT_EQ(end.steps, kSteps);
  EXPECT_EQ(end.weights_xxh3, whole);
  EXPECT_EQ(ledger_words(world), ledger_words(world, "whole"));
  EXPECT_EQ(count(text_of(RunPaths(world.run_path()).metrics()), "\"type\":\"step\""), kSteps);
}

TEST(TrainJob, EndsWithTheSameWeightsHoweverOftenItSaves) {
  const TrainWorld world;
  EXPECT_EQ(world.train({"checkpoint.every=1ms"}, Resume::kNever, "often").weights_xxh3,
            world.train({"checkpoint.every=1h"}, Resume::kNever, "once").weights_xxh3);
}

TEST(TrainJob, GoesOnInTheMiddleOfAPhase) {
  const TrainWorld world;
  const std::vector<std::string> phases = {
      "phase=[{ until_epoch = 2, set = { \"stage.crop.size\" = 8, \"data.batch\" = 3 } }]"};
  const TrainResult whole = world.train(phases, Resume::kNever, "whole");
  EXPECT_EQ(whole.steps, 2 * 9 + 3 * 6u);
  train_and_stop(world, 11, phases);
  train_and_stop(world, 9, phases);
  EXPECT_EQ(world.train(phases, Resume::kMust).weights_xxh3, whole.weights_xxh3);
}

TEST(TrainJob, AFinishedRunStaysAsItIs) {
  const TrainWorld world;
  const TrainResult first = world.train();
  const TrainResult again = world.train({}, Resume::kAuto);
  EXPECT_EQ(again.weights_xxh3, first.weights_xxh3);
  EXPECT_EQ(again.resumed_from_step, kSteps);
}

TEST(TrainJob, TheTimeLimitEndsItWithACheckpoint) {
  /// Every look at it takes 5 ms.
  class Ticking final : public Clock {
   public:
    int64_t now_ns() const override { return now_ += 5'000'000; }
    void sleep_until_ns(int64_t deadline) override { now_ = std::max<int64_t>(now_, deadline); }

   private:
    mutable std::atomic<int64_t> now_{0};
  };
  const TrainWorld world;
  const std::string whole = world.train({}, Resume::kNever, "whole").weights_xxh3;
  Ticking clock;
  const TrainResult part = world.train({.recipe = world.recipe({"checkpoint.every=1h"}),
                                        .run = world.run_path(),
                                        .time_limit_seconds = 1,
                                        .clock = &clock});
  EXPECT_EQ(part.end, TrainEnd::kTimeUp);
  EXPECT_GT(part.steps, 0u);
  EXPECT_LT(part.steps, kSteps);
  EXPECT_THAT(part.text(), HasSubstr("--resume auto"));
  EXPECT_EQ(world.train({}, Resume::kMust).weights_xxh3, whole);
}

TEST(TrainJob, RefusesARunThatExistsAndOneThatDoesNot) {
  const TrainWorld world;
  train_and_stop(world, 3);
  EXPECT_THAT(error_of([&] { world.train(); }), HasSubstr("exists"));
  EXPECT_THAT(error_of([&] { world.train({}, Resume::kMust, "none"); }), HasSubstr("there is no run"));
  io::FileSystem::real().make_folders(world.path("foreign/photos"));
  EXPECT_THAT(error_of([&] { world.train({}, Resume::kAuto, "foreign"); }), HasSubstr("holds 'photos'"));
}

TEST(TrainJob, RefusesCheckpointsWithoutARunAndKeepsThem) {
  const TrainWorld world;
  train_and_stop(world, 3);
  const RunPaths paths(world.run_path());
  io::FileSystem::real().unlink(paths.run_json());
  for (const std::string& log : {paths.metrics(), paths.quarantine(), paths.report()})
    io::FileSystem::real().remove_all(log);
  EXPECT_THAT(error_of([&] { world.train({}, Resume::kAuto); }), HasSubstr("has checkpoints but no run.json"));
  EXPECT_TRUE(io::FileSystem::real().exists(paths.checkpoints() + "/step-3.ckpt"));
}

TEST(TrainJob, RefusesARunThatAnotherProcessWrites) {
  const TrainWorld world;
  train_and_stop(world, 3);
  const RunDirectory held = RunDirectory::open(io::FileSystem::real(), world.run_path(), Resume::kMust);
  EXPECT_THAT(error_of([&] { world.train({}, Resume::kAuto); }), HasSubstr("(pid " + std::to_string(::getpid()) + ")"));
}

TEST(TrainJob, RefusesChangedKeysThatDecideBytesByName) {
  const TrainWorld world;
  train_and_stop(world, 7);
  EXPECT_THAT(error_of([&] { world.train({"train.lr=0.1"}, Resume::kAuto); }), HasSubstr("train.lr"));
  EXPECT_THAT(error_of([&] { world.train({"stage.crop.size=8"}, Resume::kAuto); }), HasSubstr("stage.crop.size"));
  const TrainResult kept = world.train({"checkpoint.keep=5", "budget.ram=64MiB"}, Resume::kAuto);
  EXPECT_EQ(kept.resumed_from_step, 7u);
  EXPECT_EQ(kept.weights_xxh3, world.train({}, Resume::kNever, "whole").weights_xxh3);
}

TEST(TrainJob, WarnsWhereItGoesOnWithAnotherNumberOfTorchThreads) {
  const TrainWorld world;
  train_and_stop(world, 7);
  test::Heard heard;
  const auto go_on = [&] {
    world.train({.recipe = world.recipe({"lanes.threads=2"}),
                 .run = world.run_path(),
                 .resume = Resume::kMust,
                 .progress = &heard});
  };
  go_on();
  EXPECT_THAT(heard.text, HasSubstr("used 1 torch threads, now it uses 2"));
  heard.text.clear();
  go_on();
  EXPECT_THAT(heard.text, ::testing::Not(HasSubstr("torch threads")));
}

TEST(TrainJob, RefusesOtherData) {
  const TrainWorld world;
  train_and_stop(world, 3);
  io::FileSystem::real().unlink(world.data_path() + "/b/12.jpg");
  EXPECT_THAT(error_of([&] { world.train({}, Resume::kAuto); }), HasSubstr("was trained on the data"));
}

TEST(TrainJob, UsesTheCheckpointBeforeADamagedOneAndSaysSo) {
  const TrainWorld world;
  train_and_stop(world, 7);
  const std::string path = RunPaths(world.run_path()).checkpoints() + "/step-7.ckpt";
  std::string bytes = text_of(path);
  bytes[bytes.size() / 2] ^= 1;
  io::File(io::FileSystem::real(), path, io::OpenMode::kUpdate).write_at(0, io::bytes_of(bytes));
  test::Heard heard;
  const TrainResult end =
      world.train({.recipe = world.recipe(), .run = world.run_path(), .resume = Resume::kAuto, .progress = &heard});
  EXPECT_THAT(heard.text, HasSubstr("step-7.ckpt' is damaged"));
  EXPECT_EQ(end.resumed_from_step, 6u);
  EXPECT_EQ(end.weights_xxh3, world.train({}, Resume::kNever, "whole").weights_xxh3);
  EXPECT_EQ(ledger_words(world), ledger_words(world, "whole"));
}

TEST(TrainJob, ReplacesBadRecordsAndNamesThemInTheQuarantine) {
  const TrainWorld world;
  world.damage("b/13.jpg");
  const TrainResult whole = world.train({"data.last=keep"}, Resume::kNever, "whole");
  EXPECT_GE(whole.totals.replaced, 5u);
  EXPECT_THAT(text_of(RunPaths(world.run_path("whole")).quarantine()), HasSubstr("b/13.jpg"));
  EXPECT_THAT(ledger_words(world, "whole"), HasSubstr("epoch 1: 27 records, 26 seen once, 1 quarantined and replaced"));
  EXPECT_THAT(ledger_words(world, "whole"), ::testing::Not(HasSubstr("NOT PROVEN")));
  train_and_stop(world, 9, {"data.last=keep"});
  EXPECT_EQ(world.train({"data.last=keep"}, Resume::kMust).weights_xxh3, whole.weights_xxh3);
  EXPECT_EQ(ledger_words(world), ledger_words(world, "whole"));
}

TEST(TrainJob, FailsPastTheBudgetOfFaultsAndNamesTheFile) {
  const TrainWorld world;
  world.damage("a/10.jpg");
  const std::string error = error_of([&] { world.train({"faults.budget=0%", "data.last=keep"}); });
  EXPECT_THAT(error, HasSubstr("data: "));
  EXPECT_THAT(error, HasSubstr("a/10.jpg"));
}

TEST(TrainJob, AFullDiskEndsItAndLosesNothing) {
  const TrainWorld world;
  io::FaultyFileSystem disk(
      {{.op = io::FileOp::kWrite, .nth = 4, .errno_value = ENOSPC, .path_part = ".ckpt.tmp", .times = 1'000'000}});
  const std::string error =
      error_of([&] { world.train({.recipe = world.recipe(), .run = world.run_path(), .fs = &disk}); });
  EXPECT_THAT(error, HasSubstr("io: "));
  EXPECT_THAT(error, HasSubstr("--resume auto"));
  const TrainResult end = world.train({}, Resume::kMust);
  EXPECT_GT(end.resumed_from_step.value_or(0), 0u);
  EXPECT_EQ(end.weights_xxh3, world.train({}, Resume::kNever, "whole").weights_xxh3);
  EXPECT_EQ(ledger_words(world), ledger_words(world, "whole"));
}

TEST(TrainJob, NamesTheFirstFaultWhereNoCheckpointCanBeWrittenAfterIt) {
  const TrainWorld world;
  world.damage("b/13.jpg");
  io::FaultyFileSystem disk(
      {{.op = io::FileOp::kWrite, .errno_value = ENOSPC, .path_part = "quarantine.jsonl", .times = 1'000'000}});
  const std::string error = error_of([&] {
    world.train(
        {.recipe = world.recipe({"checkpoint.every=1h", "data.last=keep"}), .run = world.run_path(), .fs = &disk});
  });
  EXPECT_THAT(error, HasSubstr("No space left"));
  EXPECT_THAT(error, HasSubstr("no checkpoint could be written"));
}

TEST(TrainJob, SaysWhatIsWrongBeforeItMakesAFolder) {
  const TrainWorld world;
  EXPECT_THAT(error_of([&] { world.train({"data.batch=28"}); }), HasSubstr("usage"));
  EXPECT_THAT(error_of([&] { world.train({"lanes.devices=[\"cuda:0\"]"}); }), HasSubstr("cuda"));
  EXPECT_THAT(error_of([&] { world.train({"net.classes=2"}); }), HasSubstr("net.classes"));
  EXPECT_FALSE(io::FileSystem::real().exists(world.run_path()));
  EXPECT_THAT(error_of([&] { world.train({"budget.ram=10kB"}); }), HasSubstr("budget"));
  EXPECT_EQ(world.train().steps, kSteps);  // a run that took no step does not stand in the way
}

TEST(TrainJob, ASimulatedDeviceLearnsTheSameToTheBit) {
  const TrainWorld world;
  EXPECT_EQ(world.train({"lanes.devices=[\"sim:0,bandwidth=1GB\"]"}, Resume::kNever, "sim").weights_xxh3,
            world.train({}, Resume::kNever, "cpu").weights_xxh3);
}

}  // namespace
}  // namespace penstock::train
