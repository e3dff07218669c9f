// A run that is killed at any moment and gone on with ends with the weights of one that was not. The long loop is
// tests/e2e/kill_loop.sh.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "io/data/open.h"
#include "io/file/atomic_file.h"
#include "pipelines/train/ledger_proof.h"
#include "tests/pipelines/train_world.h"

namespace penstock::train {
namespace {

constexpr char kWorldVariable[] = "PENSTOCK_TEST_WORLD";
constexpr int kKills = 6;

/// What the child does: the folder is the parent's.
int train_in(const std::string& folder) {
  const auto data = io::open(folder + "/data", {.cache_folder = ""});
  const pipelines::Recipe recipe = pipelines::load_recipe(folder + "/recipe.toml");
  train::train({.recipe = recipe, .run = folder + "/run", .resume = Resume::kAuto}, *data, data.get());
  return 0;
}

/// Starts this program anew (torch's threads do not survive a fork).
pid_t start_child(const std::string& folder) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::setenv(kWorldVariable, folder.c_str(), 1);
  ::execl("/proc/self/exe", "test", "--gtest_also_run_disabled_tests", "--gtest_filter=TrainKill.DISABLED_Child",
          static_cast<char*>(nullptr));
  ::_exit(127);
}

TEST(TrainKill, DISABLED_Child) {
  const char* folder = std::getenv(kWorldVariable);
  ASSERT_NE(folder, nullptr) << "only as a child of KilledRunsEndWithTheSameWeights";
  EXPECT_EQ(train_in(folder), 0);
}

TEST(TrainKill, KilledRunsEndWithTheSameWeights) {
  const test::TrainWorld world(40);
  world.damage("c/15.jpg");
  const std::vector<std::string> set = {"checkpoint.every=3steps"};
  io::write_file(io::FileSystem::real(), world.path("recipe.toml"), pipelines::to_toml(world.recipe(set)));
  const TrainResult whole = world.train(set, Resume::kNever, "whole");

  std::mt19937 random(7);
  int killed = 0;
  for (int i = 0; i < kKills; ++i) {
    const pid_t child = start_child(world.path(""));
    ::usleep(static_cast<useconds_t>(150'000 + random() % 600'000));  // any moment: that is the test
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    killed += WIFSIGNALED(status) ? 1 : 0;
    if (WIFEXITED(status)) ASSERT_EQ(WEXITSTATUS(status), 0);
  }
  EXPECT_GT(killed, 0);
  const TrainResult end = world.train(set, Resume::kAuto);
  EXPECT_EQ(end.weights_xxh3, whole.weights_xxh3);
  EXPECT_EQ(end.steps, whole.steps);
  for (const EpochProof& proof : prove_ledger(io::FileSystem::real(), world.run_path()))
    EXPECT_TRUE(proof.holds()) << proof.text();
}

}  // namespace
}  // namespace penstock::train
