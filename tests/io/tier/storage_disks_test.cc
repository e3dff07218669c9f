// A data set that lies on several disks.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "tests/io/tier/storage_world.h"

namespace penstock::io {
namespace {

/// Reads of a shard on one disk do not end before one on the other has begun: an epoch comes to its end only where both are read at once.
class Rendezvous final : public FileSystem {
 public:
  ssize_t sys_pread(int fd, void* dest, size_t bytes, uint64_t offset) override {
    const int disk = disk_of(fd);
    if (disk >= 0) meet(disk);
    return FileSystem::sys_pread(fd, dest, bytes, offset);
  }
  int sys_open(const char* path, int flags, mode_t mode) override {
    const int fd = FileSystem::sys_open(path, flags, mode);
    const std::string_view name(path);
    const std::lock_guard lock(mutex_);
    if (fd >= 0 && name.ends_with(".tar")) open_[fd] = name.find("/one/") != std::string_view::npos ? 0 : 1;
    return fd;
  }
  int sys_close(int fd) override {
    {
      const std::lock_guard lock(mutex_);
      open_.erase(fd);
    }
    return FileSystem::sys_close(fd);
  }
  bool passes_through() const override { return false; }

  bool armed = false;
  int met = 0, missed = 0;

 private:
  int disk_of(int fd) {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(fd);
    return armed && found != open_.end() ? found->second : -1;
  }
  void meet(int disk) {
    std::unique_lock lock(mutex_);
    ++begun_[disk];
    changed_.notify_all();
    if (met > 0) return;
    const bool both = changed_.wait_for(lock, std::chrono::seconds(20), [&] { return begun_[1 - disk] > 0; });
    ++(both ? met : missed);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, int> open_;
  int begun_[2] = {0, 0};
};

TEST(StorageDisks, AllAreReadAtOnceAndEachByItsOwnModel) {
  constexpr uint64_t kRecords = 200, kMean = 20'000;
  TempFolder folder;
  std::filesystem::create_directories(folder / "one");
  std::filesystem::create_directories(folder / "two");
  // One set in two shards: an uncompressed tar is as good as its members.
  for (int shard = 0; shard < 2; ++shard) {
    RecordWriterOptions options;
    options.head.schema = Dataset::picture_schema();
    options.head.classes = {"only"};
    options.head.source_fingerprint = 7 + static_cast<uint64_t>(shard);
    options.head.expected_records = kRecords / 2;
    const auto writer = open_tar_writer(folder / (shard == 0 ? "one/a.tar" : "two/b.tar"), options);
    for (uint64_t i = 0; i < kRecords / 2; ++i) {
      const uint64_t id = i + static_cast<uint64_t>(shard) * kRecords / 2;
      const std::string bytes = record_of(id, kMean, 0);
      writer->append({.id = i,
                      .name = std::to_string(id),
                      .label = 0,
                      .verified = true,
                      .source_position = i,
                      .bytes = bytes_of(bytes)});
    }
    writer->finish();
  }
  Rendezvous disks;
  const auto data = TarDataset::open(disks, {folder / "one/a.tar", folder / "two/b.tar"});
  ASSERT_EQ(data->size(), kRecords);
  const Storage storage(*data, {.disk_of =
                                    [](const std::string& path) {
                                      const bool one = path.find("/one") != std::string::npos;
                                      DiskModel model = DiskModel::assumed(one ? DiskKind::kHdd : DiskKind::kSsd);
                                      model.name = one ? "spindle" : "flash";
                                      return model;
                                    },
                                .direct = false});
  disks.armed = true;
  Budgets budgets;
  const PlanOptions order{.seed = 2, .order = Order::kFull, .batch = 20};
  const Went went = go(storage, order, budgets);
  EXPECT_EQ(went.sum, sum_of(order, kRecords, kMean));
  EXPECT_GT(disks.met, 0);
  EXPECT_EQ(disks.missed, 0);
  EXPECT_EQ(went.tier("hdd:spindle").hits, kRecords / 2);
  EXPECT_EQ(went.tier("ssd:flash").hits, kRecords / 2);
  EXPECT_GT(went.tier("ssd:flash").predicted_bytes_per_second, went.tier("hdd:spindle").predicted_bytes_per_second);
}

}  // namespace
}  // namespace penstock::io
