// Run by mpirun with 2 and with 3 processes: what one process of a training, an evaluation or an inference meets alone, all end with, soon.
// What is agreed upon leaves the processes in step, so each test begins where the one before failed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "engine/base/error.h"
#include "engine/mpi/process_group.h"
#include "io/data/open.h"
#include "io/file/faulty_file_system.h"
#include "pipelines/job/together.h"
#include "pipelines/train/evaluate_job.h"
#include "pipelines/train/infer_job.h"
#include "tests/pipelines/train_world.h"

namespace penstock::train {
namespace {

using test::TrainWorld;
using testing::HasSubstr;
using testing::Not;

std::unique_ptr<ProcessGroup> group;

bool is_root() { return group->rank() == 0; }
/// The process that has the fault: not the root.
bool is_faulty() { return group->rank() == 1; }

constexpr const char* kSim = "lanes.devices=[\"sim:0\"]";
/// Room for the pixels of one batch, not for the next beside it, where a process has two records of a batch.
constexpr const char* kSmallSim = "lanes.devices=[\"sim:0,memory=2KiB\"]";

/// What came of a call of all processes: none succeeded, and all know that all failed.
Error failure_in_all(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_TRUE(group->expects_ends()) << "not agreed upon: " << error.what();
    EXPECT_FALSE(group->is_broken()) << error.what();
    return error;
  }
  ADD_FAILURE() << "nothing failed";
  return Error(Code::kInternal, "nothing failed");
}

TrainOptions options_for(const TrainWorld& world, std::vector<std::string> set) {
  set.emplace_back("lanes.timeout=20s");
  return {.recipe = world.recipe(set), .run = world.run_path(), .processes = group.get()};
}

/// The last step that is on disk, at the root; -1: none.
int64_t saved_steps(const TrainWorld& world) {
  const std::string folder = RunPaths(world.run_path()).checkpoints();
  int64_t newest = -1;
  if (!io::FileSystem::real().exists(folder)) return newest;
  for (const io::FolderEntry& entry : io::FileSystem::real().list(folder))
    if (const size_t at = entry.name.find_first_of("0123456789"); at != std::string::npos)
      newest = std::max<int64_t>(newest, std::stoll(entry.name.substr(at)));
  return newest;
}

TEST(TrainFaults, ADeviceOutOfMemoryInOneProcessEndsAllWithItsMessageAndACheckpoint) {
  const TrainWorld world;
  const Error error = failure_in_all([&] {
    world.train(options_for(world, {is_faulty() ? kSmallSim : kSim, "checkpoint.every=1h",
                                    "data.batch=" + std::to_string(2 * group->size())}));
  });
  EXPECT_EQ(error.code(), Code::kMemory);
  EXPECT_THAT(error.what(), HasSubstr("sim:0"));
  EXPECT_THAT(error.what(), HasSubstr("what was learnt until step "));
  EXPECT_THAT(error.advice(), Not(testing::IsEmpty()));
  if (!is_faulty()) { EXPECT_THAT(error.what(), HasSubstr("process 1 failed: ")); }
  if (is_root()) { EXPECT_GT(saved_steps(world), 0); }
}

TEST(TrainFaults, ADeviceWithoutRoomForTheFirstBatchLeavesNothingBehind) {
  const TrainWorld world;
  const Error error = failure_in_all(
      [&] { world.train(options_for(world, {is_faulty() ? "lanes.devices=[\"sim:0,memory=100B\"]" : kSim})); });
  EXPECT_EQ(error.code(), Code::kMemory);
  EXPECT_FALSE(io::FileSystem::real().exists(RunPaths(world.run_path()).run_json())) << "not as if it had never begun";
}

TEST(TrainFaults, ABudgetThatIsTooSmallInOneProcessEndsAll) {
  const TrainWorld world;
  const Error error =
      failure_in_all([&] { world.train(options_for(world, {is_faulty() ? "budget.ram=10kB" : "budget.ram=64MiB"})); });
  EXPECT_EQ(error.code(), Code::kMemory);
  EXPECT_FALSE(io::FileSystem::real().exists(RunPaths(world.run_path()).run_json())) << "not as if it had never begun";
}

TEST(TrainFaults, ALogThatCannotBeWrittenEndsAllAndKeepsTheCheckpointBefore) {
  for (const char* log : {"metrics.jsonl", "seen.log"}) {
    const TrainWorld world;
    io::FaultyFileSystem disk(
        {{.op = io::FileOp::kWrite, .nth = 3, .errno_value = ENOSPC, .path_part = log, .times = 1'000'000}});
    TrainOptions options = options_for(world, {});
    if (is_root()) options.fs = &disk;
    const Error error = failure_in_all([&] { world.train(std::move(options)); });
    EXPECT_EQ(error.code(), Code::kIo);
    EXPECT_THAT(error.what(), HasSubstr("No space left"));
    EXPECT_THAT(error.what(), HasSubstr(log));
    if (!is_root()) { EXPECT_THAT(error.what(), HasSubstr("process 0 failed: ")); }
    if (is_root()) { EXPECT_GT(saved_steps(world), 0); }
    EXPECT_GT(world
                  .train([&] {
                    TrainOptions again = options_for(world, {});
                    again.resume = Resume::kMust;
                    return again;
                  }())
                  .resumed_from_step.value_or(0),
              0u);
  }
}

// The line of a refused record goes to disk at once, in the middle of a step's bookkeeping.
TEST(TrainFaults, AQuarantineThatCannotBeWrittenEndsAll) {
  const TrainWorld world;
  world.damage("b/13.jpg");
  io::FaultyFileSystem disk(
      {{.op = io::FileOp::kWrite, .errno_value = EIO, .path_part = "quarantine.jsonl", .times = 1'000'000}});
  TrainOptions options = options_for(world, {"checkpoint.every=1h", "data.last=keep"});
  if (is_root()) options.fs = &disk;
  const Error error = failure_in_all([&] { world.train(std::move(options)); });
  EXPECT_THAT(error.what(), HasSubstr("quarantine.jsonl"));
}

TEST(TrainFaults, ACheckpointThatCannotBeWrittenEndsAllAndKeepsTheOneBefore) {
  const TrainWorld world;
  io::FaultyFileSystem disk(
      {{.op = io::FileOp::kWrite, .nth = 4, .errno_value = ENOSPC, .path_part = ".ckpt.tmp", .times = 1'000'000}});
  TrainOptions options = options_for(world, {});
  if (is_root()) options.fs = &disk;
  const Error error = failure_in_all([&] { world.train(std::move(options)); });
  EXPECT_THAT(error.what(), HasSubstr("No space left"));
  EXPECT_THAT(error.what(), HasSubstr("--resume auto"));
  if (is_root()) { EXPECT_GT(saved_steps(world), 0); }
}

TEST(TrainFaults, SimulatedAndRealCpusDoNotTrainTogether) {
  const TrainWorld world;
  const Error error =
      failure_in_all([&] { world.train(options_for(world, {is_faulty() ? kSim : "lanes.devices=[\"cpu\"]"})); });
  EXPECT_EQ(error.code(), Code::kUsage);
  EXPECT_THAT(error.what(),
              HasSubstr("process 1 has another kind of lanes than process 0: 'simulated GPUs' and 'CPUs'"));
  EXPECT_FALSE(io::FileSystem::real().exists(RunPaths(world.run_path()).run_json())) << "not as if it had never begun";
}

TEST(TrainFaults, AllThatFailedIsSaidWithItsAdvice) {
  Together together(group.get());
  const auto mine = [&](uint32_t rank) -> std::optional<Error> {
    if (group->rank() != rank) return std::nullopt;
    return Error(Code::kDevice, "no device").hint("buy one").add("looking for it");
  };
  Error error = failure_in_all([&] { together.require_none(mine(1)); });
  EXPECT_EQ(std::string(error.what()).ends_with("no device\n  while looking for it\n  buy one"), true) << error.what();
  error = failure_in_all([&] {
    std::optional<Error> failure = mine(1);
    if (is_root()) failure = Error(Code::kIo, "disk is full");
    together.require_none(failure);
  });
  if (is_root()) { EXPECT_EQ(error.message(), "disk is full"); }
  if (group->rank() == 2) { EXPECT_EQ(error.message(), "process 0 failed: disk is full; process 1 failed: no device"); }
}

/// A model and data that the root has made, as every process reads them. Batches of one record a process, so that a pass is many.
struct Trained {
  TrainWorld world{60};
  Model model;
  std::shared_ptr<const io::Dataset> data;

  Trained() {
    if (is_root()) world.train({"train.epochs=1"});
    model = open_model(io::FileSystem::real(), group->broadcast(world.run_path()),
                       {.set = {"data.batch=" + std::to_string(group->size())}});
    data = io::open(group->broadcast(world.data_path()), {.cache_folder = ""});
  }
  ~Trained() { group->gather(""); }  // the root's files stay until all are done with them
  uint64_t batches() const { return data->size() / group->size(); }
};

TEST(EvaluationFaults, AStopInOneProcessIsNoticedBeforeThePassIsOver) {
  const Trained at;
  std::stop_source stop;
  test::Heard heard;
  uint64_t taken = 0;
  heard.on_update = [&] {
    if (++taken == 3 && is_faulty()) stop.request_stop();
  };
  try {
    evaluate_model(at.model, *at.data, {.stop = stop.get_token(), .progress = &heard, .processes = group.get()});
    ADD_FAILURE() << "not stopped";
  } catch (const Error& error) { EXPECT_EQ(error.code(), Code::kCancelled) << error.what(); }
  EXPECT_LE(taken, 8u) << "of " << at.batches() << " batches";
}

TEST(EvaluationFaults, AFailureInOneProcessIsNoticedBeforeThePassIsOver) {
  const Trained at;
  test::Heard heard;
  uint64_t taken = 0;
  heard.on_update = [&] {
    if (++taken == 3 && is_faulty()) throw Error(Code::kIo, "told so").hint("do not tell");
  };
  const Error error =
      failure_in_all([&] { evaluate_model(at.model, *at.data, {.progress = &heard, .processes = group.get()}); });
  EXPECT_THAT(error.what(), HasSubstr("told so\n  do not tell"));
  EXPECT_LE(taken, 8u) << "of " << at.batches() << " batches";
}

TEST(InferenceFaults, AFileThatCannotBeWrittenEndsAll) {
  const Trained at;
  io::FaultyFileSystem disk(
      {{.op = io::FileOp::kWrite, .errno_value = ENOSPC, .path_part = "rows.csv", .times = 1'000'000}});
  const Error error = failure_in_all([&] {
    infer_model(at.model, *at.data,
                {.out = at.world.path("rows.csv"), .processes = group.get(), .fs = is_root() ? &disk : nullptr});
  });
  EXPECT_THAT(error.what(), HasSubstr("No space left"));
  EXPECT_FALSE(io::FileSystem::real().exists(at.world.path("rows.csv")));
}

}  // namespace
}  // namespace penstock::train

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  auto& group = penstock::train::group;
  group = penstock::join_processes({.timeout_seconds = 30});
  if (!group) {
    std::fprintf(stderr, "run by: mpirun -n 2 %s\n", argv[0]);
    return 1;
  }
  const int result = RUN_ALL_TESTS();
  if (group->is_broken()) group->abort(1);
  group.reset();
  return result;
}
