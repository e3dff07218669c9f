#include "io/index/record_index.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/order/permutation.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

RecordRow row_of(uint64_t id) {
  return {.offset = id * 1000,
          .length_and_flags = RecordRow::pack(id % 3 == 0 ? 0 : (uint64_t{5} << 32) + id, RecordRow::kVerified),
          .checksum = id * 31,
          .file = 2,
          .label = static_cast<int32_t>(id % 7) - 1};
}

/// Of files that are long enough for all of them.
RecordIndexHead head_of() {
  constexpr uint64_t kLong = uint64_t{1} << 40;
  return {.format = "tar", .files = {{"a", kLong, 2, 3}, {"b", kLong, 2, 3}, {"c", kLong, 2, 3}}};
}

TEST(RecordIndex, GivesBackWhatWasAddedWhereIdsAreShuffled) {
  const TempFolder folder;
  constexpr uint64_t kRecords = 5000;
  const Permutation order(kRecords, 3);
  {
    RecordIndexWriter writer(FileSystem::real(), folder / "i");
    for (uint64_t place = 0; place < kRecords; ++place)
      writer.add(row_of(order.at(place)), "name-" + std::to_string(order.at(place)), order.at(place));
    RecordIndexHead head = head_of();
    head.classes = {"u", "v", "w", "x", "y", "z"};
    head.fingerprint = 77;
    writer.finish(std::move(head));
  }
  const auto index = RecordIndex::open(FileSystem::real(), folder / "i");
  ASSERT_TRUE(index);
  EXPECT_EQ(index->head().records, kRecords);
  EXPECT_EQ(index->head().fingerprint, 77u);
  EXPECT_EQ(index->head().max_bytes, row_of(4999).length());
  EXPECT_TRUE(index->head().has_order);
  for (uint64_t id = 0; id < kRecords; ++id) {
    const RecordRow row = index->row(id);
    ASSERT_EQ(row.offset, id * 1000);
    ASSERT_EQ(row.length(), row_of(id).length());
    ASSERT_EQ(row.label, row_of(id).label);
    ASSERT_TRUE(row.has(RecordRow::kVerified));
    ASSERT_EQ(index->name(id), "name-" + std::to_string(id));
    uint64_t place = id;
    index->ids_at({&place, 1});
    ASSERT_EQ(place, order.at(id));
  }
}

TEST(RecordIndex, HoldsNoMoreMemoryThanItMay) {
  const TempFolder folder;
  constexpr uint64_t kRecords = 2'000'000;  // 64 MB of rows
  {
    RecordIndexWriter writer(FileSystem::real(), folder / "i");
    for (uint64_t id = 0; id < kRecords; ++id) writer.add(row_of(id), "n");
    writer.finish(head_of());
  }
  const auto index = RecordIndex::open(FileSystem::real(), folder / "i", 1 << 20);
  ASSERT_TRUE(index);
  const Permutation order(kRecords, 1);
  for (uint64_t i = 0; i < 20'000; ++i) {
    const uint64_t id = order.at(i);
    ASSERT_EQ(index->row(id).checksum, id * 31);
  }
  EXPECT_LE(index->resident_bytes(), uint64_t{1} << 20);
}

TEST(RecordIndex, GivesNoRowThatCannotBe) {
  const RecordRow good = row_of(1);
  RecordRow behind = good, elsewhere = good, other_class = good;
  behind.offset = ~uint64_t{0} - 5;
  elsewhere.file = 3;
  other_class.label = 2;
  for (const RecordRow& bad : {behind, elsewhere, other_class}) {
    const TempFolder folder;
    RecordIndexWriter writer(FileSystem::real(), folder / "i");
    writer.add(good, "good");
    writer.add(bad, "bad");
    RecordIndexHead head = head_of();
    head.classes = {"x", "y"};
    writer.finish(std::move(head));
    const auto index = RecordIndex::open(FileSystem::real(), folder / "i");
    ASSERT_TRUE(index);
    EXPECT_EQ(index->row(0).offset, good.offset);
    EXPECT_THROW(index->row(1), Error);
  }
}

TEST(RecordIndex, RefusesAnIdThatIsMissingOrComesTwice) {
  const TempFolder folder;
  RecordIndexWriter writer(FileSystem::real(), folder / "i");
  for (const uint64_t id : {1u, 0u, 1u}) writer.add(row_of(id), "n", id);
  EXPECT_THROW(writer.finish({.format = "tar"}), Error);
  EXPECT_FALSE(FileSystem::real().exists(folder / "i"));
}

TEST(RecordIndex, NoticesEveryFlippedByte) {
  const TempFolder folder;
  {
    RecordIndexWriter writer(FileSystem::real(), folder / "i");
    for (uint64_t id = 0; id < 40; ++id) writer.add(row_of(id), "name" + std::to_string(id));
    writer.finish(head_of());
  }
  const std::string good = read_file(FileSystem::real(), folder / "i");
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    folder.put("j", bad);
    bool noticed = false;
    try {
      const auto index = RecordIndex::open(FileSystem::real(), folder / "j");
      noticed = index == nullptr;
      if (index) {
        index->row(0);
        index->name(3);
      }
    } catch (const Error& error) {
      noticed = error.code() == Code::kIo;
      EXPECT_FALSE(FileSystem::real().exists(folder / "j")) << "the next start makes it again";
    }
    ASSERT_TRUE(noticed) << at;
  }
  for (size_t length = 0; length < good.size(); length += 97) {
    folder.put("j", good.substr(0, length));
    EXPECT_EQ(RecordIndex::open(FileSystem::real(), folder / "j"), nullptr);
  }
}

}  // namespace
}  // namespace penstock::io
