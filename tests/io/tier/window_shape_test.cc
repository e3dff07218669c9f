#include <gtest/gtest.h>

#include "engine/base/bytes.h"
#include "io/tier/window_maker.h"

namespace penstock::io {
namespace {

constexpr WindowNeeds kImageNet{.records = 1'281'167, .bytes = 146'900'000'000, .max_bytes = 16'000'000};

TEST(WindowShape, NeverTakesMoreThanThereIsWhileTheLeastFits) {
  for (const bool dense : {false, true}) {
    for (const uint64_t group : {uint64_t{0}, uint64_t{5000}}) {
      for (uint64_t available = 40_MiB; available <= 8_GiB; available *= 2) {
        WindowNeeds needs = kImageNet;
        needs.dense = dense;
        needs.hdd = true;
        needs.group_records = dense ? group : 0;
        const WindowShape shape = choose_shape(needs, available, 0);
        EXPECT_LE(least_shape(needs).bytes(), available);
        EXPECT_LE(shape.bytes(), available) << bytes_text(available);
        EXPECT_GE(shape.frames * shape.frame_bytes, needs.max_bytes) << "the largest record fits";
      }
    }
  }
}

TEST(WindowShape, ADenseWindowHoldsTwoGroupsInLongFrames) {
  WindowNeeds needs = kImageNet;
  needs.dense = needs.hdd = true;
  needs.group_records = 2000;
  const WindowShape shape = choose_shape(needs, 4_GiB, 0);
  EXPECT_EQ(shape.frame_bytes, 1_MiB);
  EXPECT_GE(shape.frames * shape.frame_bytes, 2 * 2000 * (needs.bytes / needs.records));
  EXPECT_GE(shape.window_records, 2000u);
}

TEST(WindowShape, SmallRecordsOfADenseOrderAreReadInLongFramesToo) {
  const WindowNeeds needs{.records = 1'000'000, .bytes = 4'096'000'000, .max_bytes = 4096, .dense = true};
  EXPECT_EQ(choose_shape(needs, 1_GiB, 0).frame_bytes, 1_MiB);
  EXPECT_LT(choose_shape(needs, 1_GiB, 256_KiB).frame_bytes, 1_MiB) << "but a small window has more than one";
}

TEST(WindowShape, ScatteredRecordsTakeAFrameEach) {
  WindowNeeds needs = kImageNet;
  needs.depth = 32;
  const WindowShape shape = choose_shape(needs, 4_GiB, 0);
  EXPECT_GE(shape.frame_bytes, needs.bytes / needs.records);
  EXPECT_LE(shape.frame_bytes, needs.bytes / needs.records + 16_KiB);
  EXPECT_GE(shape.frames, 4u * 32);
}

TEST(WindowShape, IsWhatTheUserSetWhereItCanBe) {
  WindowNeeds needs = kImageNet;
  needs.dense = true;
  const WindowShape shape = choose_shape(needs, 4_GiB, 200_MiB);
  EXPECT_NEAR(static_cast<double>(shape.frames * shape.frame_bytes), static_cast<double>(200_MiB), 2e6);
  EXPECT_GE(choose_shape(needs, 4_GiB, 1).frames * shape.frame_bytes, needs.max_bytes);
}

}  // namespace
}  // namespace penstock::io
