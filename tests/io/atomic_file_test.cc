#include "io/file/atomic_file.h"

#include <cerrno>

#include <gmock/gmock.h>

#include "io/file/faulty_file_system.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

void write_new(FileSystem& fs, const std::string& path) {
  AtomicFile file(fs, path);
  file.write("new ");
  file.write(std::string(600'000, 'n'));
  file.write_at(0, bytes_of("NEW"));
  file.commit();
}

const std::string kNew = "NEW " + std::string(600'000, 'n');

TEST(AtomicFile, NothingIsSeenBeforeCommit) {
  TempFolder folder;
  folder.put("f", "old");
  {
    AtomicFile file(FileSystem::real(), folder / "f");
    file.write("new");
    EXPECT_EQ(text_of(folder / "f"), "old");
  }
  EXPECT_EQ(text_of(folder / "f"), "old");
  EXPECT_FALSE(FileSystem::real().exists(folder / "f.tmp"));
  write_new(FileSystem::real(), folder / "f");
  EXPECT_EQ(text_of(folder / "f"), kNew);
}

TEST(AtomicFile, ACrashAtAnyOperationLeavesOldOrNew) {
  TempFolder folder;
  FaultyFileSystem counting;
  write_new(counting, folder / "f");
  const uint64_t operations = counting.operations();
  ASSERT_GE(operations, 7u);
  int kept = 0;
  for (uint64_t n = 1; n <= operations; ++n) {
    folder.put("f", "old");
    FaultyFileSystem fs({{.nth = n, .does = PlannedFault::Does::kCrash}});
    const std::string error = error_of([&] { write_new(fs, folder / "f"); });
    // Closing the folder after its fsync is the one call whose failure means nothing.
    EXPECT_EQ(error.empty(), n == operations) << n;
    const std::string found = text_of(folder / "f");
    EXPECT_TRUE(found == "old" || found == kNew) << "crash at " << n << " left " << found.size() << " bytes";
    kept += found == "old";
    write_new(FileSystem::real(), folder / "f");  // what the crash left behind is in nobody's way
    EXPECT_EQ(text_of(folder / "f"), kNew);
  }
  EXPECT_GT(kept, 3);
}

TEST(AtomicFile, AFaultOfAnyOperationIsReportedAndLeavesOldOrNew) {
  TempFolder folder;
  FaultyFileSystem counting;
  write_new(counting, folder / "f");
  for (const int fault : {ENOSPC, EIO}) {
    for (uint64_t n = 1; n <= counting.operations(); ++n) {
      folder.put("f", "old");
      FaultyFileSystem fs({{.nth = n, .errno_value = fault}});
      const std::string error = error_of([&] { write_new(fs, folder / "f"); });
      const std::string found = text_of(folder / "f");
      EXPECT_TRUE(found == "old" || found == kNew) << n;
      EXPECT_EQ(error.empty(), n == counting.operations()) << n;
      EXPECT_FALSE(found == "old" && FileSystem::real().exists(folder / "f.tmp") && n != 1) << n;
    }
  }
}

TEST(AtomicFile, AFailedSyncIsNotTriedAgain) {
  TempFolder folder;
  FaultyFileSystem fs({{.op = FileOp::kSync, .nth = 1}});
  uint64_t after = 0;
  {
    AtomicFile file(fs, folder / "f");
    file.write("x");
    EXPECT_THROW(file.commit(), Error);
    after = fs.operations();
  }
  EXPECT_FALSE(FileSystem::real().exists(folder / "f"));
  EXPECT_LE(fs.operations() - after, 2u) << "close and unlink, nothing else";
}

}  // namespace
}  // namespace penstock::io
