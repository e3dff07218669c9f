#include "io/read/read_plan.h"

#include <gtest/gtest.h>

#include "engine/order/draws.h"

namespace penstock::io {
namespace {

DiskModel hdd() { return DiskModel::assumed(DiskKind::kHdd); }

TEST(PlanReads, MakesOneReadOfNeighbours) {
  const std::vector<Extent> extents{{0, 10'000, 5000}, {0, 0, 10'000}, {0, 15'000, 1}};
  const ReadPlan plan = plan_reads(extents, hdd(), 1 << 30);
  ASSERT_EQ(plan.reads.size(), 1u);
  EXPECT_EQ(plan.reads[0].offset, 0u);
  EXPECT_EQ(plan.reads[0].bytes, 16'384u);
  ASSERT_EQ(plan.reads[0].pieces.size(), 3u);
  EXPECT_EQ(plan.reads[0].pieces[0].record, 1u);
  EXPECT_EQ(plan.reads[0].pieces[1].record, 0u);
  EXPECT_EQ(plan.reads[0].pieces[1].at, 10'000u);
  EXPECT_EQ(plan.reads[0].pieces[2].record, 2u);
}

TEST(PlanReads, KeepsFilesApartAndReadsNoRecordOfNoBytes) {
  const ReadPlan plan = plan_reads(std::vector<Extent>{{1, 0, 10}, {0, 0, 10}, {0, 10, 0}}, hdd(), 1 << 30);
  ASSERT_EQ(plan.reads.size(), 2u);
  EXPECT_EQ(plan.reads[0].file, 0u);
  EXPECT_EQ(plan.reads[1].file, 1u);
}

TEST(PlanReads, ReadsOverHolesWhileTheyAreFewAndNeverPastTheirShare) {
  // Every tenth record of a dense file is missing: a hole of 100 KB each, 11 % of the bytes.
  std::vector<Extent> extents;
  for (uint64_t i = 0; i < 1000; ++i) {
    if (i % 10 != 9) extents.push_back({0, i * 100'000, 100'000});
  }
  const ReadPlan plan = plan_reads(extents, hdd(), uint64_t{1} << 40);
  EXPECT_EQ(plan.needed_bytes, 90'000'000u);
  EXPECT_LE(plan.read_bytes, plan.needed_bytes * 102 / 100);
  // One record in a thousand is missing: read over.
  extents.clear();
  for (uint64_t i = 0; i < 1000; ++i) {
    if (i != 500) extents.push_back({0, i * 100'000, 100'000});
  }
  EXPECT_EQ(plan_reads(extents, hdd(), uint64_t{1} << 40).reads.size(), 1u);
}

TEST(PlanReads, CoversEveryRecordOnceInAlignedReads) {
  Draws draws(1, 0, 0, draw_key("test"));
  std::vector<Extent> extents;
  for (int i = 0; i < 5000; ++i)
    extents.push_back({static_cast<uint32_t>(draws.below(3)), draws.below(1 << 28), 1 + draws.below(200'000)});
  for (const uint64_t most : {uint64_t{1} << 16, uint64_t{1} << 20, uint64_t{1} << 30}) {
    const ReadPlan plan = plan_reads(extents, DiskModel::assumed(DiskKind::kSsd), most);
    std::vector<int> seen(extents.size());
    for (const PlannedRead& read : plan.reads) {
      EXPECT_EQ(read.offset % 4096, 0u);
      EXPECT_EQ(read.bytes % 4096, 0u);
      for (const PlannedRead::Piece& piece : read.pieces) {
        const Extent& extent = extents[piece.record];
        ++seen[piece.record];
        ASSERT_EQ(read.file, extent.file);
        ASSERT_EQ(read.offset + piece.at, extent.offset);
        ASSERT_EQ(piece.length, extent.length);
        ASSERT_LE(piece.at + piece.length, read.bytes);
      }
    }
    for (const int count : seen) ASSERT_EQ(count, 1);
  }
}

TEST(PlanReads, FollowsTheDiskAndNotTheFile) {
  // The file's second megabyte lies before its first.
  const PhysicalPlace swapped = [](uint32_t, uint64_t offset) {
    return offset < (1 << 20) ? offset + (1 << 20) : offset - (1 << 20);
  };
  std::vector<Extent> extents;
  for (uint64_t i = 0; i < 512; ++i) extents.push_back({0, i * 4096, 4096});
  const ReadPlan plan = plan_reads(extents, hdd(), 1 << 30, swapped);
  ASSERT_EQ(plan.reads.size(), 2u);
  EXPECT_EQ(plan.reads[0].offset, 1u << 20);
  EXPECT_EQ(plan.reads[1].offset, 0u);
}

TEST(PlanReads, AFileInSmallPiecesIsReadAsTheFileHasItAndItsJumpsAreReckoned) {
  // Pieces of 256 KiB, back to front on the disk; records of 100 KB, which do not end where pieces end.
  constexpr uint64_t kPieces = 64, kPiece = uint64_t{256} << 10;
  const PhysicalPlace torn = [](uint32_t, uint64_t offset) {
    return (kPieces - 1 - std::min(kPieces - 1, offset / kPiece)) * kPiece + offset % kPiece;
  };
  std::vector<Extent> extents;
  for (uint64_t at = 0; at + 100'000 <= kPieces * kPiece; at += 100'000) extents.push_back({0, at, 100'000});
  const ReadPlan plan = plan_reads(extents, hdd(), 1 << 30, torn);
  EXPECT_EQ(plan.reads.size(), 1u);
  EXPECT_NEAR(plan.seconds, kPieces * hdd().positioning_seconds + kPieces * kPiece / hdd().bytes_per_second, 0.03);
}

TEST(PlanReads, PredictsAPositioningForEachJumpOfAHardDisk) {
  std::vector<Extent> extents;
  for (uint64_t i = 0; i < 10; ++i) extents.push_back({0, i * 1'000'000'000, 110'000});
  const ReadPlan plan = plan_reads(extents, hdd(), 1 << 30);
  EXPECT_EQ(plan.reads.size(), 10u);
  EXPECT_NEAR(plan.seconds, 10 * (hdd().positioning_seconds + 112'000 / hdd().bytes_per_second), 0.001);
}

}  // namespace
}  // namespace penstock::io
