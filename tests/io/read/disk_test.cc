#include "io/read/disk.h"

#include <gtest/gtest.h>

namespace penstock::io {
namespace {

TEST(DiskModel, AnExtentIsAsLongAsTheShareAsksFor) {
  const DiskModel disk = DiskModel::assumed(DiskKind::kHdd);
  EXPECT_NEAR(static_cast<double>(disk.extent_bytes(0.95)), 44.1e6, 0.1e6);
  for (const double share : {0.5, 0.9, 0.95, 0.97}) {
    const double transfer = static_cast<double>(disk.extent_bytes(share)) / disk.bytes_per_second;
    EXPECT_NEAR(transfer / (transfer + disk.positioning_seconds), share, 1e-6);
  }
}

TEST(DiskModel, AHoleIsReadOverWhileThatIsCheaperThanSkippingIt) {
  const DiskModel disk = DiskModel::assumed(DiskKind::kHdd);
  EXPECT_NEAR(static_cast<double>(disk.hole_bytes()) / disk.bytes_per_second, disk.positioning_seconds, 1e-6);
  EXPECT_LT(DiskModel::assumed(DiskKind::kSsd).hole_bytes(), 16'384u);
}

TEST(DiskModel, DepthIsLittlesLaw) {
  DiskModel disk = DiskModel::assumed(DiskKind::kSsd);
  disk.bytes_per_second = 500e6;
  disk.latency_seconds = 1e-3;
  disk.reads_per_second = 90e3;
  // 100 KB take 0.2 ms to transfer, and each is under way for 1.2 ms: six keep the wire busy.
  EXPECT_EQ(disk.depth(100'000), 6u);
  // 4 KB ones are limited by reads a second: 90 are under way in a millisecond.
  EXPECT_NEAR(disk.depth(4'000), 91, 1);
  disk.latency_seconds = 10;
  EXPECT_EQ(disk.depth(4'000), 256u) << "at most";
  EXPECT_EQ(DiskModel{}.depth(1) >= 1, true);
}

}  // namespace
}  // namespace penstock::io
