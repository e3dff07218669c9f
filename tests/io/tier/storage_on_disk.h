// A tar of 1,600 records on a simulated hard disk, for tests of what storage reads of it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "io/file/sim_disk.h"
#include "io/tier/storage.h"
#include "tests/io/tier/storage_world.h"

namespace penstock::io {

/// A hard disk forty times nimbler than the usual one, so that a set of 180 MB is as 7.2 GB are to that.
inline constexpr SimDisk::Model kNimble{.bytes_per_second = 200e6, .positioning_seconds = 0.00029};
inline constexpr uint64_t kRecords = 1600, kMean = 110'000;

inline DiskModel nimble_model(const std::string&) {
  DiskModel model = DiskModel::assumed(DiskKind::kHdd);
  model.name = "sim";
  model.positioning_seconds = kNimble.positioning_seconds;
  return model;
}

class StorageOnDisk : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempFolder>();
    pack_records(*folder_ / "data.tar", kRecords, kMean);
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::unique_ptr<TarDataset> open(FileSystem& fs) { return TarDataset::open(fs, {*folder_ / "data.tar"}); }
  static StorageOptions options() { return {.disk_of = nimble_model, .direct = false}; }
  static PlanOptions block_order() {
    // Blocks of 2.2 MB: 0.974 of the sequential rate with a positioning each.
    return {.seed = 5, .order = Order::kBlock, .batch = 20, .block = 20, .group_blocks = 2};
  }

  static inline std::unique_ptr<TempFolder> folder_;
};

}  // namespace penstock::io
