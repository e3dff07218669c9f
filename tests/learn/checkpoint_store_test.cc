#include "stages/learn/checkpoint_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/base/error.h"
#include "io/file/faulty_file_system.h"

namespace penstock::learn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::byte> state_of(size_t bytes, int value) {
  return std::vector<std::byte>(bytes, static_cast<std::byte>(value));
}

class CheckpointStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "penstock-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  CheckpointStore store(size_t keep = 3) {
    return CheckpointStore(fs_, (root_ / "checkpoints").string(), keep,
                           [this](const std::string& line) { warnings_.push_back(line); });
  }
  std::vector<std::string> files() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(root_ / "checkpoints"))
      out.push_back(entry.path().filename());
    std::sort(out.begin(), out.end());
    return out;
  }
  /// Turns one bit of a file over.
  static void damage(const std::string& path, size_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ 1));
  }

  std::filesystem::path root_;
  io::FaultyFileSystem fs_;
  std::vector<std::string> warnings_;
};

TEST_F(CheckpointStoreTest, GivesBackTheNewest) {
  auto checkpoints = store();
  EXPECT_FALSE(checkpoints.load_newest().has_value());
  EXPECT_FALSE(checkpoints.load_best().has_value());
  checkpoints.save(9, "{\"epoch\":0}", state_of(1000, 9));
  checkpoints.save(10, "{\"epoch\":1}", state_of(0, 0));
  const auto newest = checkpoints.load_newest();
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ(newest->step, 10u);
  EXPECT_EQ(newest->metadata, "{\"epoch\":1}");
  EXPECT_THAT(newest->state, IsEmpty());
  EXPECT_EQ(read_checkpoint(fs_, checkpoints.path_of(9)).state, state_of(1000, 9));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(CheckpointStoreTest, KeepsTheLastFewAndTheBest) {
  auto checkpoints = store(2);
  checkpoints.save_best(1, "", state_of(10, 1));
  for (const uint64_t step : {8, 9, 10, 11}) checkpoints.save(step, "", state_of(10, 1));
  EXPECT_THAT(checkpoints.steps(), ElementsAre(10, 11));
  EXPECT_THAT(files(), ElementsAre("best.ckpt", "step-10.ckpt", "step-11.ckpt"));
  checkpoints.save_best(11, "", state_of(10, 2));
  EXPECT_EQ(checkpoints.load_best()->state, state_of(10, 2));
}

TEST_F(CheckpointStoreTest, PassesOverADamagedOneAndSaysSo) {
  auto checkpoints = store();
  checkpoints.save(1, "a", state_of(100, 1));
  checkpoints.save(2, "b", state_of(100, 2));
  const size_t size = std::filesystem::file_size(checkpoints.path_of(2));
  for (size_t at = 0; at < size; ++at) {
    damage(checkpoints.path_of(2), at);
    warnings_.clear();
    EXPECT_EQ(checkpoints.load_newest()->step, 1u) << "byte " << at;
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_THAT(warnings_[0], HasSubstr("step-2.ckpt"));
    damage(checkpoints.path_of(2), at);
  }
  for (const size_t cut : {size - 1, size_t{47}, size_t{0}}) {
    std::filesystem::resize_file(checkpoints.path_of(2), cut);
    EXPECT_EQ(checkpoints.load_newest()->step, 1u) << "cut to " << cut;
  }
  damage(checkpoints.path_of(1), 60);
  EXPECT_THROW(checkpoints.load_newest(), Error);
}

TEST_F(CheckpointStoreTest, ADamagedFileFromTheFutureDoesNotCostTheGoodOnes) {
  auto checkpoints = store(2);
  checkpoints.save(1, "", state_of(10, 1));
  checkpoints.save(2, "", state_of(10, 2));
  checkpoints.save(9, "", state_of(10, 9));  // keeps 2 and 9
  damage(checkpoints.path_of(9), 50);
  EXPECT_EQ(checkpoints.load_newest()->step, 2u);
  checkpoints.save(4, "", state_of(10, 4));
  EXPECT_THAT(checkpoints.steps(), ElementsAre(2, 4, 9));
  checkpoints.save(9, "", state_of(10, 9));
  EXPECT_THAT(checkpoints.steps(), ElementsAre(4, 9));
  EXPECT_EQ(checkpoints.load_newest()->step, 9u);
}

TEST_F(CheckpointStoreTest, AFullDiskLeavesTheOlderOnes) {
  auto checkpoints = store(1);
  checkpoints.save(1, "", state_of(5000, 1));
  using Fault = io::PlannedFault;
  for (const io::FileOp op : {io::FileOp::kWrite, io::FileOp::kSync, io::FileOp::kRename, io::FileOp::kOpen}) {
    fs_.plan({Fault{.op = op, .errno_value = ENOSPC, .path_part = "step-2"}});
    try {
      checkpoints.save(2, "", state_of(5000, 2));
      ADD_FAILURE() << static_cast<int>(op);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kIo);
      EXPECT_THAT(error.what(), HasSubstr("checkpoint of step 2"));
      EXPECT_THAT(error.what(), HasSubstr("No space left"));
    }
    fs_.plan({});
    EXPECT_THAT(files(), ElementsAre("step-1.ckpt"));
    EXPECT_EQ(checkpoints.load_newest()->state, state_of(5000, 1));
  }
}

TEST_F(CheckpointStoreTest, ACrashAtAnyCallLeavesOneThatIsWhole) {
  store(1).save(1, "", state_of(300, 1));
  const std::string folder = (root_ / "checkpoints").string();
  for (uint64_t nth = 1;; ++nth) {
    io::FaultyFileSystem dying({io::PlannedFault{.nth = nth, .does = io::PlannedFault::Does::kCrash}});
    CheckpointStore checkpoints(dying, folder, 1, nullptr);
    try {
      checkpoints.save(1 + nth, "", state_of(300, 2));
    } catch (const Error&) {}
    const auto newest = store(1).load_newest();
    ASSERT_TRUE(newest.has_value()) << nth;
    EXPECT_TRUE(newest->state == state_of(300, 1) || newest->state == state_of(300, 2)) << nth;
    if (!dying.crashed()) break;
    ASSERT_LT(nth, 100u);
  }
}

TEST_F(CheckpointStoreTest, TidiesWhatAKilledWriterLeft) {
  auto checkpoints = store();
  checkpoints.save(1, "", state_of(10, 1));
  std::ofstream(checkpoints.path_of(7) + ".tmp") << "half";
  std::ofstream(root_ / "checkpoints" / "notes.txt") << "the user's";
  EXPECT_EQ(checkpoints.load_newest()->step, 1u);
  checkpoints.save(2, "", state_of(10, 2));
  EXPECT_THAT(files(), ElementsAre("notes.txt", "step-1.ckpt", "step-2.ckpt"));
}

TEST_F(CheckpointStoreTest, RefusesToKeepNone) { EXPECT_THROW(store(0), Error); }

}  // namespace
}  // namespace penstock::learn
