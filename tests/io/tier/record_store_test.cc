#include "io/tier/record_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/file/file.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

constexpr uint64_t kRecords = 100;

std::vector<std::byte> bytes_for(uint64_t id, uint64_t count = 10'000) {
  std::vector<std::byte> out(count);
  for (uint64_t i = 0; i < count; ++i) out[i] = static_cast<std::byte>(id * 31 + i);
  return out;
}

class RecordStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<RecordStore> open(uint64_t identity = 1, uint64_t quota = 1_GiB, std::string what = "the set",
                                    uint64_t wanted = 1'000'000) {
    return RecordStore::open(FileSystem::real(), {.folder = folder_ / "tier",
                                                  .quota_bytes = quota,
                                                  .wanted_bytes = wanted,
                                                  .identity = identity,
                                                  .thing = checksum(what),
                                                  .what = std::move(what),
                                                  .records = kRecords});
  }
  static void fill(RecordStore& store, uint64_t first = 0, uint64_t last = kRecords) {
    for (uint64_t id = first; id < last; ++id) store.put(id, bytes_for(id));
    store.flush();
  }
  /// Whether the bytes that the store names are the record's.
  static bool is_whole(const RecordStore& store, uint64_t id) {
    const auto kept = store.find(id);
    if (!kept) return false;
    const File file(FileSystem::real(), store.file_path(kept->file), OpenMode::kRead);
    std::vector<std::byte> bytes(kept->length);
    file.read_exactly(kept->offset, bytes);
    return bytes == bytes_for(id) && checksum(bytes) == kept->checksum;
  }
  uint64_t bytes_on_disk() const {
    uint64_t sum = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "tier"))
      sum += entry.is_regular_file() ? entry.file_size() : 0;
    return sum;
  }

  TempFolder folder_;
};

TEST_F(RecordStoreTest, FindsWhatWasPutAlsoAfterARestart) {
  {
    const auto store = open();
    EXPECT_FALSE(store->find(3).has_value());
    EXPECT_TRUE(store->wants(3));
    fill(*store, 0, 60);
    EXPECT_FALSE(store->wants(3));
    EXPECT_EQ(store->kept_records(), 60u);
    EXPECT_EQ(store->kept_bytes(), 600'000u);
  }
  const auto store = open();
  for (uint64_t id = 0; id < 60; ++id) EXPECT_TRUE(is_whole(*store, id)) << id;
  fill(*store, 60);
  EXPECT_EQ(store->kept_records(), kRecords);
  for (uint64_t id = 0; id < kRecords; ++id) EXPECT_TRUE(is_whole(*store, id)) << id;
}

TEST_F(RecordStoreTest, KeepsToItsQuota) {
  constexpr uint64_t kQuota = 300'000;
  const auto store = open(1, kQuota);
  fill(*store);
  EXPECT_LE(bytes_on_disk(), kQuota);
  EXPECT_GE(store->kept_bytes(), kQuota * 9 / 10) << "and uses it";
  EXPECT_FALSE(store->put(99, bytes_for(99)));
  EXPECT_EQ(store->fault(), "") << "a full tier is no fault";
}

TEST_F(RecordStoreTest, AnOlderStateOfTheSameThingMakesRoomFirst) {
  { fill(*open(1, 1_GiB, "the set")); }
  { fill(*open(2, 1_GiB, "another set")); }
  {
    const auto store = open(3, 2'500'000, "the set");
    fill(*store);
    EXPECT_EQ(store->kept_records(), kRecords);
  }
  EXPECT_EQ(open(1, 2'500'000, "the set", 0)->kept_records(), 0u) << "was replaced";
  EXPECT_EQ(open(2, 2'500'000, "another set", 0)->kept_records(), kRecords);
}

TEST_F(RecordStoreTest, TheOneUsedLongestAgoMakesRoomAndOneInUseDoesNot) {
  { fill(*open(1, 1_GiB, "first")); }
  { fill(*open(2, 1_GiB, "second")); }
  const auto in_use = open(1, 1_GiB, "first");  // is used now, and held
  const auto store = open(3, 2'100'000, "third");
  fill(*store);
  EXPECT_EQ(store->kept_records(), kRecords);
  EXPECT_TRUE(is_whole(*in_use, 5));
  EXPECT_LE(bytes_on_disk(), 2'100'000u);
}

TEST_F(RecordStoreTest, ASecondOneReadsAndSeesWhatTheFirstAdds) {
  const auto first = open();
  fill(*first, 0, 20);
  const auto second = open();
  EXPECT_FALSE(second->fills());
  EXPECT_FALSE(second->put(50, bytes_for(50)));
  EXPECT_TRUE(is_whole(*second, 19));
  fill(*first, 20, 40);
  EXPECT_FALSE(second->find(30).has_value());
  second->refresh();
  EXPECT_TRUE(is_whole(*second, 30));
}

TEST_F(RecordStoreTest, WhatItDropsItNeverGivesAgain) {
  const auto store = open();
  fill(*store, 0, 10);
  store->drop(4);
  EXPECT_FALSE(store->find(4).has_value());
  EXPECT_FALSE(store->put(4, bytes_for(4)));
}

TEST_F(RecordStoreTest, WhatItDroppedStaysForgottenOverARestartAndForOthers) {
  {
    const auto store = open(), reader = open();
    fill(*store, 0, 10);
    reader->refresh();
    reader->drop(3);
    store->drop(4);
    fill(*store, 10, 20);
    reader->refresh();
    EXPECT_TRUE(is_whole(*reader, 12));
    EXPECT_FALSE(reader->find(3).has_value()) << "its table on disk still has it";
    EXPECT_FALSE(reader->find(4).has_value()) << "the filling one has written that it forgot it";
  }
  const auto again = open();
  EXPECT_EQ(again->kept_records(), 19u);
  EXPECT_FALSE(again->find(4).has_value());
  fill(*again, 4, 5);
  EXPECT_TRUE(is_whole(*again, 4)) << "another run may keep it anew";
}

TEST_F(RecordStoreTest, TwoThatFillAtOnceKeepToOneQuota) {
  constexpr uint64_t kQuota = 60'000'000;
  const auto one = open(1, kQuota, "one set", kQuota), two = open(2, kQuota, "another", kQuota);
  const std::vector<std::byte> large(1'000'000);
  for (uint64_t id = 0; id < kRecords; ++id) {
    for (RecordStore* store : {one.get(), two.get()}) {
      store->put(id, large);
      if (id % 8 == 7) store->flush();
    }
  }
  one->flush();
  two->flush();
  EXPECT_GT(one->kept_records(), 10u);
  EXPECT_GT(two->kept_records(), 10u);
  EXPECT_LE(bytes_on_disk(), kQuota + 2 * 8'000'000) << "the quota, and what each had at hand when it last looked";
}

TEST_F(RecordStoreTest, GivenUpItSaysWhyAndFindsNothing) {
  const auto store = open();
  fill(*store, 0, 10);
  store->give_up("the test says so");
  EXPECT_FALSE(store->find(1).has_value());
  EXPECT_FALSE(store->put(50, bytes_for(50)));
  EXPECT_FALSE(store->flush());
  EXPECT_EQ(store->fault(), "is left out: the test says so");
  EXPECT_EQ(open(1)->kept_records(), 10u) << "what is on disk stays";
}

TEST_F(RecordStoreTest, ATornOrForeignTableCostsRecordsAndNothingElse) {
  { fill(*open()); }
  std::string table;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "tier"))
    if (entry.path().filename() == "table.log") table = entry.path();
  std::filesystem::resize_file(table, std::filesystem::file_size(table) - 7);
  {
    const auto store = open();
    EXPECT_LT(store->kept_records(), kRecords);
    fill(*store);
    for (uint64_t id = 0; id < kRecords; ++id) EXPECT_TRUE(is_whole(*store, id)) << id;
  }
  std::ofstream(table) << "somebody wrote a letter here";
  const auto store = open(1, 1'100'000);  // no room for the records twice: what the lost table spoke of has to go
  EXPECT_EQ(store->kept_records(), 0u);
  fill(*store);
  for (uint64_t id = 0; id < kRecords; ++id) EXPECT_TRUE(is_whole(*store, id)) << id;
}

TEST_F(RecordStoreTest, AFileInItsPlaceIsRefusedInWords) {
  folder_.put("tier", "a file");
  try {
    open();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("the SSD tier is a folder"));
  }
}

}  // namespace
}  // namespace penstock::io
