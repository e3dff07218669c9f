// Databases of other programs, made with LMDB itself.
#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>
#include <lmdb.h>

#include "io/data/lmdb_dataset.h"
#include "tests/io/collected.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::ElementsAreArray;
namespace fs = std::filesystem;

std::string picture(size_t bytes, char fill) { return "\xff\xd8" + std::string(bytes, fill); }

// In one transaction, with a change time that is chosen.
void make(const std::string& folder, const std::vector<std::string>& values, fs::file_time_type time) {
  fs::remove_all(folder);
  fs::create_directories(folder);
  MDB_env* env = nullptr;
  MDB_txn* transaction = nullptr;
  MDB_dbi db = 0;
  ASSERT_EQ(mdb_env_create(&env), 0);
  ASSERT_EQ(mdb_env_open(env, folder.c_str(), 0, 0644), 0);
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &transaction), 0);
  ASSERT_EQ(mdb_dbi_open(transaction, nullptr, 0, &db), 0);
  for (size_t i = 0; i < values.size(); ++i) {
    std::string key = "k" + std::to_string(i), bytes = values[i];
    MDB_val k{key.size(), key.data()}, v{bytes.size(), bytes.data()};
    ASSERT_EQ(mdb_put(transaction, db, &k, &v, 0), 0);
  }
  ASSERT_EQ(mdb_txn_commit(transaction), 0);
  mdb_env_close(env);
  fs::last_write_time(folder + "/data.mdb", time);
}

class RemadeForeign : public ::testing::Test {
 protected:
  // Of `before`, then remade as `after`: the same transaction and last page.
  void expect_seen(const std::vector<std::string>& before, const std::vector<std::string>& after,
                   std::chrono::seconds later) {
    const auto time = fs::file_time_type::clock::now() - std::chrono::hours(1);
    make(folder_ / "d", before, time);
    const LmdbMeta first = LmdbFile(FileSystem::real(), folder_ / "d").meta();
    EXPECT_THAT(read().bytes, ElementsAreArray(before));
    EXPECT_THAT(read().bytes, ElementsAreArray(before));
    EXPECT_TRUE(from_cache_) << "the second opening walks no tree";
    make(folder_ / "d", after, time + later);
    const LmdbMeta second = LmdbFile(FileSystem::real(), folder_ / "d").meta();
    ASSERT_EQ(first.transaction, second.transaction);
    ASSERT_EQ(first.last_page, second.last_page);
    EXPECT_THAT(read().bytes, ElementsAreArray(after));
    EXPECT_FALSE(from_cache_);
  }
  Collected read() {
    const auto data = LmdbDataset::open(FileSystem::real(), folder_ / "d", {.cache_folder = folder_ / "cache"});
    from_cache_ = data->notes().empty();  // it says what it is when it is walked
    return read_all(*data);
  }

  TempFolder folder_;
  bool from_cache_ = false;
};

TEST_F(RemadeForeign, AtAnotherTimeIsWalkedAgain) {
  expect_seen({picture(100, 'a'), picture(200, 'b')}, {picture(200, 'c'), picture(100, 'd')}, std::chrono::seconds(1));
}

TEST_F(RemadeForeign, WithOtherEntriesIsWalkedAgainEvenWithinOneTickOfTheClock) {
  expect_seen({picture(100, 'a'), picture(200, 'b')}, {picture(90, 'c'), picture(100, 'd'), picture(50, 'e')},
              std::chrono::seconds(0));
}

}  // namespace
}  // namespace penstock::io
