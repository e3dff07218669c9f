// A run that is killed at any moment and gone on with ends with the weights of one that was not. Here the moments are file
// operations, where the least is whole; tests/e2e/kill_loop.sh kills by the clock.
#include <gmock/gmock.h>
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
constexpr char kMomentVariable[] = "PENSTOCK_TEST_MOMENT";
constexpr int kKills = 10;
// A run of 30 steps with a checkpoint every other one changes files about 250 times.
constexpr uint64_t kMostOperations = 60;

/// kill -9 on the process at its nth change of a file; of a write, half is done.
class DyingFileSystem final : public io::FileSystem {
 public:
  explicit DyingFileSystem(uint64_t moment) : left_(moment) {}
  ssize_t sys_pwrite(int fd, const void* from, size_t bytes, uint64_t offset) override {
    if (--left_ == 0) {
      io::FileSystem::sys_pwrite(fd, from, bytes / 2, offset);
      ::kill(::getpid(), SIGKILL);
    }
    return io::FileSystem::sys_pwrite(fd, from, bytes, offset);
  }
  int sys_fsync(int fd) override { return die(), io::FileSystem::sys_fsync(fd); }
  int sys_truncate(int fd, uint64_t bytes) override { return die(), io::FileSystem::sys_truncate(fd, bytes); }
  int sys_rename(const char* from, const char* to) override { return die(), io::FileSystem::sys_rename(from, to); }
  int sys_unlink(const char* path) override { return die(), io::FileSystem::sys_unlink(path); }
  int sys_mkdir(const char* path, mode_t mode) override { return die(), io::FileSystem::sys_mkdir(path, mode); }

 private:
  void die() {
    if (--left_ == 0) ::kill(::getpid(), SIGKILL);
  }
  uint64_t left_;
};

/// Starts this program anew (torch's threads do not survive a fork). Gives what waitpid says of it.
int run_child(const std::string& folder, uint64_t moment) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kWorldVariable, folder.c_str(), 1);
    ::setenv(kMomentVariable, std::to_string(moment).c_str(), 1);
    ::execl("/proc/self/exe", "test", "--gtest_also_run_disabled_tests", "--gtest_filter=TrainKill.DISABLED_Child",
            "--gtest_brief=1", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(TrainKill, DISABLED_Child) {
  const char* world = std::getenv(kWorldVariable);
  ASSERT_NE(world, nullptr) << "only as a child of the other test";
  const std::string folder = world;
  DyingFileSystem fs(std::stoull(std::getenv(kMomentVariable)));
  const auto data = io::open(folder + "/data", {.cache_folder = ""});
  train({.recipe = pipelines::load_recipe(folder + "/recipe.toml"),
         .run = folder + "/run",
         .resume = Resume::kAuto,
         .fs = &fs},
        *data, data.get());
}

TEST(TrainKill, KilledRunsEndWithTheSameWeights) {
  const test::TrainWorld world;
  world.damage("c/15.jpg");
  io::write_file(io::FileSystem::real(), world.path("recipe.toml"), pipelines::to_toml(world.recipe()));
  const TrainResult whole = world.train({}, Resume::kNever, "whole");
  std::mt19937 random(7);
  int killed = 0;
  for (int i = 0; i < kKills; ++i) {
    const uint64_t moment = 1 + random() % kMostOperations;
    const int status = run_child(world.path(""), moment);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
      ++killed;
    else
      ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "file operation " << moment;
  }
  EXPECT_GT(killed, kKills / 2);
  const TrainResult end = world.train({}, Resume::kAuto);
  EXPECT_EQ(end.weights_xxh3, whole.weights_xxh3);
  EXPECT_EQ(end.steps, whole.steps);
  const std::vector<EpochProof> proofs = prove_ledger(io::FileSystem::real(), world.run_path());
  ASSERT_EQ(proofs.size(), end.epochs);
  for (const EpochProof& proof : proofs) EXPECT_TRUE(proof.holds()) << proof.text();
}

}  // namespace
}  // namespace penstock::train
