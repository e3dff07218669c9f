#include "io/tier/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "engine/base/bytes.h"
#include "io/file/faulty_file_system.h"
#include "tests/io/tier/storage_on_disk.h"

namespace penstock::io {
namespace {

using ::testing::HasSubstr;

TEST_F(StorageOnDisk, AShuffledEpochRunsAtTheDisksSequentialRateAndAFullOneDoesNot) {
  SimDisk disk(kNimble, "data.tar");
  const auto data = open(disk);
  StorageOptions with = options();
  with.window_bytes = data->bytes() / 20;
  const Storage storage(*data, with);
  Budgets budgets;
  disk.reset();
  const Went shuffled = go(storage, block_order(), budgets);
  const SimDisk::Use block = disk.use();
  EXPECT_EQ(shuffled.records, kRecords);
  EXPECT_EQ(shuffled.sum, sum_of(block_order(), kRecords, kMean));
  const double rate = static_cast<double>(shuffled.bytes) / block.seconds / kNimble.bytes_per_second;
  EXPECT_GE(rate, 0.95);
  EXPECT_LE(static_cast<double>(block.bytes), 1.07 * static_cast<double>(shuffled.bytes));
  const double predicted = shuffled.tier("hdd").predicted_bytes_per_second;
  EXPECT_NEAR(predicted / (static_cast<double>(block.bytes) / block.seconds), 1, 0.05);

  // Record by record in plain random order, on the usual disk.
  constexpr SimDisk::Model kUsual{};
  SimDisk usual(kUsual, "data.tar");
  const auto same = open(usual);
  with.disk_of = [](const std::string&) { return DiskModel::assumed(DiskKind::kHdd); };
  const Storage scattered(*same, with);
  usual.reset();
  const Went full = go(scattered, {.seed = 5, .order = Order::kFull, .batch = 20}, budgets);
  EXPECT_EQ(full.records, kRecords);
  EXPECT_LT(static_cast<double>(full.bytes) / usual.use().seconds / kUsual.bytes_per_second, 0.06);
}

TEST_F(StorageOnDisk, OfTheShareThatIsKeptInRamNothingIsReadAgain) {
  for (const double share : {0.1, 0.35, 0.65}) {
    SimDisk disk(kNimble, "data.tar");
    const auto data = open(disk);
    StorageOptions with = options();
    with.epochs = 3;
    with.ram_bytes = static_cast<uint64_t>(share * static_cast<double>(data->bytes()));
    const Storage storage(*data, with);
    Budgets budgets;
    const PlanOptions order{.seed = 9, .order = Order::kFull, .batch = 20};
    go(storage, order, budgets, 0);
    const uint64_t kept = storage.ram_records();
    EXPECT_GE(static_cast<double>(kept) / kRecords, share) << "the small ones, which save more time a byte";
    for (const uint64_t epoch : {1, 2}) {
      const Went went = go(storage, order, budgets, epoch);
      EXPECT_EQ(went.tier("ram").hits, kept);
      EXPECT_EQ(went.tier("ram").misses, kRecords - kept) << "exactly (1 - x) N";
      EXPECT_EQ(went.tier("hdd").hits, kRecords - kept);
      EXPECT_EQ(went.sum, sum_of(order, kRecords, kMean, 0, epoch));
    }
  }
}

TEST_F(StorageOnDisk, OfWhatIsHeldElsewhereNothingIsReadButTheLabel) {
  SimDisk disk(kNimble, "data.tar");
  const auto data = open(disk);
  std::atomic<bool> held{false};
  StorageOptions with = options();
  with.elsewhere = [&](uint64_t id) { return held && id % 4 != 0; };
  const Storage storage(*data, with);
  Budgets budgets;
  EXPECT_EQ(go(storage, block_order(), budgets, 0).tier("hdd").hits, kRecords);
  held = true;
  disk.reset();
  const Went went = go(storage, block_order(), budgets, 1);
  EXPECT_EQ(went.records, kRecords);
  EXPECT_EQ(went.tier("hdd").hits, kRecords / 4);
  uint64_t bytes = 0;
  for (uint64_t id = 0; id < kRecords; id += 4) bytes += data->record_bytes(id);
  EXPECT_EQ(went.bytes, bytes);
  EXPECT_LT(static_cast<double>(disk.use().bytes), 0.9 * static_cast<double>(data->bytes()))
      << "short holes are read through";
}

TEST_F(StorageOnDisk, ATierKeepsWhatSavesTheMostTimeAByte) {
  SimDisk disk(kNimble, "data.tar");
  const auto data = open(disk);
  Budgets budgets;
  std::vector<uint64_t> sizes;
  for (uint64_t id = 0; id < kRecords; ++id) sizes.push_back(data->record_bytes(id));
  std::sort(sizes.begin(), sizes.end());
  for (const bool in_ram : {true, false}) {
    TempFolder ssd;
    StorageOptions with = options();
    with.epochs = 2;
    const uint64_t bytes = data->bytes() * 35 / 100;
    with.ram_bytes = in_ram ? bytes : 0;
    if (!in_ram) with.ssd = SsdTier{ssd / "tier", bytes};
    if (!in_ram)
      with.window_bytes = 8_MiB;  // a disk that takes no time must not run further ahead than may wait for the tier
    Storage storage(*data, with);
    go(storage, {.seed = 9, .order = Order::kFull, .batch = 20}, budgets, 0, 1, [&](uint64_t step) {
      if (step % 5 == 0) storage.flush();
    });
    storage.flush();
    uint64_t most = 0;  // records that could be kept: the smallest ones
    for (uint64_t sum = 0; most < kRecords && sum + sizes[most] + RamCache::kRowBytes <= bytes; ++most)
      sum += sizes[most] + RamCache::kRowBytes;
    const uint64_t kept = in_ram ? storage.ram_records() : storage.ssd_records();
    EXPECT_GE(static_cast<double>(kept), 0.93 * static_cast<double>(most)) << (in_ram ? "RAM" : "SSD");
    EXPECT_GT(static_cast<double>(most), 0.45 * kRecords) << "or the test says little";
  }
}

TEST_F(StorageOnDisk, TheSecondEpochComesFromTheSsdAndASecondStartToo) {
  TempFolder ssd;
  StorageOptions with = options();
  with.epochs = 2;
  with.ssd = SsdTier{ssd / "tier", 1_GiB};
  with.window_bytes = 8_MiB;
  Budgets budgets;
  const PlanOptions order{.seed = 9, .order = Order::kFull, .batch = 20};
  for (const bool again : {false, true}) {
    SimDisk disk(kNimble, "data.tar");
    const auto data = open(disk);
    Storage storage(*data, with);
    if (!again) {
      // This disk takes no time at all, so the tier, which never holds it up, is given some now and then.
      const Went first = go(storage, order, budgets, 0, 1, [&](uint64_t step) {
        if (step % 10 == 0) storage.flush();
      });
      EXPECT_EQ(first.tier("hdd").hits, kRecords);
      EXPECT_TRUE(storage.flush());
    }
    disk.reset();
    const Went second = go(storage, order, budgets, 1);
    EXPECT_EQ(second.sum, sum_of(order, kRecords, kMean, 0, 1));
    EXPECT_EQ(second.tier("ssd").hits, kRecords);
    EXPECT_EQ(disk.use().bytes, 0u);
  }
}

TEST_F(StorageOnDisk, AnEpochSurvivesReadsThatFailAreShortStalledOrWrong) {
  for (const auto does :
       {SimDisk::Every::kFails, SimDisk::Every::kShort, SimDisk::Every::kStalls, SimDisk::Every::kWrong}) {
    for (const PlanOptions& order : {block_order(), PlanOptions{.seed = 2, .order = Order::kFull, .batch = 20}}) {
      SimDisk disk(kNimble, "data.tar");
      const auto data = open(disk);
      const Storage storage(*data, options());
      Budgets budgets;
      disk.every(7, does);
      const Went went = go(storage, order, budgets);
      EXPECT_EQ(went.rejected.size(), 0u) << static_cast<int>(does);
      EXPECT_EQ(went.sum, sum_of(order, kRecords, kMean)) << static_cast<int>(does);
    }
  }
}

TEST_F(StorageOnDisk, ARecordOnABadSectorIsRejectedAlone) {
  SimDisk disk(kNimble, "data.tar");
  const auto data = open(disk);
  const Storage storage(*data, options());
  Budgets budgets;
  disk.corrupt("data.tar", data->locate(1234).offset + 600);
  const Went went = go(storage, block_order(), budgets);
  ASSERT_EQ(went.rejected.size(), 1u);
  EXPECT_THAT(went.rejected.at(1234), HasSubstr("the bytes are damaged"));
  EXPECT_EQ(went.records, kRecords - 1);
}

TEST_F(StorageOnDisk, ADiskThatVanishesIsAnErrorThatSaysSoAndNothingHangs) {
  SimDisk disk(kNimble, "data.tar");
  const auto data = open(disk);
  StorageOptions with = options();
  with.window_bytes = data->bytes() / 20;
  const Storage storage(*data, with);
  Budgets budgets;
  std::string error;
  try {
    go(storage, block_order(), budgets, 0, 1, [&](uint64_t step) {
      if (step == 50) disk.vanish();
    });
  } catch (const Error& found) {
    EXPECT_EQ(found.code(), Code::kIo);
    error = found.what();
  }
  EXPECT_THAT(error, HasSubstr("the disk may be gone"));
  EXPECT_EQ(budgets.used(Tier::kRam), 0u);
  disk.vanish(true);
  EXPECT_EQ(go(storage, block_order(), budgets).sum, sum_of(block_order(), kRecords, kMean));
}

TEST_F(StorageOnDisk, AnSsdThatFillsUpOrFailsIsLeftOutWithANote) {
  const PlanOptions order{.seed = 9, .order = Order::kFull, .batch = 20};
  struct Case {
    FileOp op;
    int error;
    const char* says;
  };
  for (const auto& [op, error, says] :
       {Case{FileOp::kWrite, ENOSPC, "keeps no more"}, Case{FileOp::kWrite, EIO, "is left out"},
        Case{FileOp::kRead, EIO, "is left out: 8 records in a row could not be read"}}) {
    TempFolder ssd;
    FaultyFileSystem faulty({{.op = op,
                              .nth = 3,
                              .errno_value = error,
                              .path_part = op == FileOp::kRead ? "segment" : "tier",
                              .times = 1'000'000}});
    const auto data = open(faulty);
    StorageOptions with = options();
    with.epochs = 2;
    with.ssd = SsdTier{ssd / "tier", 1_GiB};
    Storage storage(*data, with);
    Budgets budgets;
    for (const uint64_t epoch : {0, 1}) {
      EXPECT_EQ(go(storage, order, budgets, epoch).sum, sum_of(order, kRecords, kMean, 0, epoch));
      storage.flush();
    }
    std::string notes;
    for (const std::string& note : storage.notes()) notes += note + "\n";
    EXPECT_THAT(notes, HasSubstr(std::string("the SSD tier ") + says));
    EXPECT_LT(storage.ssd_records(), kRecords);
  }
}

TEST_F(StorageOnDisk, AChangedDataSetIsNotServedFromTheOldCache) {
  TempFolder other;
  StorageOptions with = options();
  with.epochs = 2;
  with.ssd = SsdTier{other / "tier", 1_GiB};
  const PlanOptions order{.seed = 9, .order = Order::kFull, .batch = 20};
  Budgets budgets;
  for (const uint64_t version : {0, 1}) {
    std::filesystem::remove(other / "d.tar");
    pack_records(other / "d.tar", 300, kMean, version);
    const auto data = TarDataset::open(FileSystem::real(), {other / "d.tar"});
    Storage storage(*data, with);
    EXPECT_EQ(storage.ssd_records(), 0u);
    EXPECT_EQ(go(storage, order, budgets).sum, sum_of(order, 300, kMean, version));
    storage.flush();
    EXPECT_EQ(storage.ssd_records(), 300u);
  }
}

TEST_F(StorageOnDisk, TwoRunsShareOneCache) {
  TempFolder ssd;
  StorageOptions with = options();
  with.epochs = 2;
  with.ssd = SsdTier{ssd / "tier", 1_GiB};
  std::vector<std::thread> runs;
  std::atomic<int> right{0};
  for (int r = 0; r < 2; ++r) {
    runs.emplace_back([&, r] {
      const auto data = open(FileSystem::real());
      Storage storage(*data, with);
      Budgets budgets;
      const PlanOptions order{.seed = static_cast<uint64_t>(r), .order = Order::kFull, .batch = 20};
      for (const uint64_t epoch : {0, 1}) {
        right += go(storage, order, budgets, epoch).sum == sum_of(order, kRecords, kMean, 0, epoch);
        storage.flush();
      }
    });
  }
  for (std::thread& run : runs) run.join();
  EXPECT_EQ(right, 4);
}

TEST_F(StorageOnDisk, ABudgetThatIsTooSmallSaysTheLeastThatWouldDo) {
  const auto data = open(FileSystem::real());
  const Storage storage(*data, options());
  Budgets small(Need::ram(10'000));
  std::string said;
  try {
    go(storage, block_order(), small);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kMemory);
    said = error.what();
  }
  EXPECT_THAT(said, HasSubstr("the least is"));
  Budgets some(Need::ram(900'000));
  EXPECT_EQ(go(storage, block_order(), some).sum, sum_of(block_order(), kRecords, kMean));
  EXPECT_LE(some.peak(Tier::kRam), 900'000u);
}

TEST_F(StorageOnDisk, ACacheThatIsKilledAtAnyWriteServesOnlyWhatIsRight) {
  TempFolder folder;
  constexpr uint64_t kFew = 100, kSmall = 2'000;
  pack_records(folder / "few.tar", kFew, kSmall);
  const PlanOptions order{.seed = 9, .order = Order::kFull, .batch = 20};
  uint64_t crashes = 0;
  for (uint64_t nth = 1, torn = 0; torn < 2; ++nth) {
    StorageOptions with = options();
    with.epochs = 2;
    with.ssd = SsdTier{folder / "tier", 1_GiB};
    bool crashed = false;
    {
      FaultyFileSystem faulty({{.nth = nth,
                                .does = torn != 0 ? PlannedFault::Does::kCrashTorn : PlannedFault::Does::kCrash,
                                .path_part = "tier"}});
      try {
        const auto data = TarDataset::open(faulty, {folder / "few.tar"});
        Storage storage(*data, with);
        Budgets budgets;
        go(storage, order, budgets);
        storage.flush();
      } catch (const Error&) {}
      crashed = faulty.crashed();
    }
    if (!crashed) {
      ++torn;
      nth = 0;
      std::filesystem::remove_all(folder / "tier");
      continue;
    }
    ++crashes;
    const auto data = TarDataset::open(FileSystem::real(), {folder / "few.tar"});
    Storage storage(*data, with);
    Budgets budgets;
    for (const uint64_t epoch : {0, 1}) {
      ASSERT_EQ(go(storage, order, budgets, epoch).sum, sum_of(order, kFew, kSmall, 0, epoch)) << "crash at " << nth;
      storage.flush();
    }
    std::string notes;
    for (const std::string& note : storage.notes()) notes += note + "\n";
    EXPECT_EQ(storage.ssd_records(), kFew) << "crash at " << nth << ": " << notes;
    std::filesystem::remove_all(folder / "tier");
  }
  EXPECT_GT(crashes, kFew) << "one a record, and those of the store's own files";
}

}  // namespace
}  // namespace penstock::io
