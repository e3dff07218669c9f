// LMDB writes past the door for files: its disk is made to fail by standing in for the C library's functions in this program.
#include <atomic>
#include <cerrno>

#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "io/data/dataset.h"
#include "io/data/lmdb_dataset.h"
#include "io/data/lmdb_writer.h"
#include "tests/io/collected.h"
#include "tests/io/temp_folder.h"

namespace {

std::atomic<int> calls_until_fault{-1};  // below 0: none
std::atomic<int> fault{0};
std::atomic<bool> faults_of_sync{false};

bool fails_now() { return calls_until_fault.load() >= 0 && calls_until_fault.fetch_sub(1) <= 0; }

}  // namespace

// What the program itself defines comes before the C library, for LMDB too. From the fault on every call fails, as on a full disk.
extern "C" ssize_t pwrite(int fd, const void* from, size_t bytes, off_t offset) {
  if (!faults_of_sync && fails_now()) {
    calls_until_fault = 0;
    errno = fault;
    return -1;
  }
  return ::syscall(SYS_pwrite64, fd, from, bytes, offset);
}
extern "C" ssize_t writev(int fd, const struct iovec* parts, int count) {
  if (!faults_of_sync && fails_now()) {
    calls_until_fault = 0;
    errno = fault;
    return -1;
  }
  return ::syscall(SYS_writev, fd, parts, count);
}
extern "C" int fdatasync(int fd) {
  if (faults_of_sync && fails_now()) {
    errno = fault;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

namespace penstock::io {
namespace {

using ::testing::HasSubstr;

class LmdbDisk : public ::testing::Test {
 protected:
  void TearDown() override { heal(); }
  static void heal() {
    calls_until_fault = -1;
    faults_of_sync = false;
  }
  static void fail_after(int calls, int errno_value, bool sync = false) {
    fault = errno_value;
    faults_of_sync = sync;
    calls_until_fault = calls;
  }
  static void pack(const std::string& dest) {
    LmdbWriterOptions options;
    options.head = {Dataset::picture_schema(), {"a"}, 1, 0, 40};
    options.commit_bytes = 50'000;
    const auto writer = LmdbWriter::open(dest, options);
    for (uint64_t id = writer->resume_source_position(); id < 40; ++id) {
      const std::string value(5'000 + id, static_cast<char>('a' + id % 26));
      writer->append({id, "n", 0, true, id, bytes_of(value)});
    }
    writer->finish();
  }
  static void expect_whole(const std::string& dest) {
    const auto data = LmdbDataset::open(FileSystem::real(), dest);
    ASSERT_EQ(data->size(), 40u);
    const Collected all = read_all(*data);
    for (uint64_t id = 0; id < 40; ++id) {
      EXPECT_EQ(all.reasons[id], "");
      EXPECT_EQ(all.bytes[id], std::string(5'000 + id, static_cast<char>('a' + id % 26)));
    }
  }
  TempFolder folder_;
};

TEST_F(LmdbDisk, AFullDiskAtAnyWriteIsSaidAndTheSameCommandGoesOn) {
  int failed = 0, kept = 0;
  for (int calls = 0;; calls += 3) {
    const std::string dest = folder_ / "d" + std::to_string(calls);
    fail_after(calls, ENOSPC);
    const std::string error = error_of([&] { pack(dest); });
    heal();
    if (error.empty()) break;
    ++failed;
    EXPECT_THAT(error, HasSubstr("io: cannot"));
    EXPECT_THAT(error, HasSubstr("ree some space"));  // "free" or "Free"
    kept += error.find(" 0 records are safe") == std::string::npos;
    EXPECT_FALSE(FileSystem::real().exists(dest));
    pack(dest);
    expect_whole(dest);
  }
  EXPECT_GT(failed, 5);
  EXPECT_GT(kept, 3);
}

TEST_F(LmdbDisk, AFailedSyncIsAnErrorAndNothingIsPublished) {
  fail_after(2, EIO, true);
  EXPECT_THAT(error_of([&] { pack(folder_ / "d"); }), HasSubstr("Input/output error"));
  EXPECT_FALSE(FileSystem::real().exists(folder_ / "d"));
  heal();
  pack(folder_ / "d");
  expect_whole(folder_ / "d");
}

}  // namespace
}  // namespace penstock::io
