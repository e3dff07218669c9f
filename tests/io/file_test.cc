#include "io/file/file.h"

#include <cerrno>

#include <gmock/gmock.h>

#include "io/file/faulty_file_system.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::HasSubstr;

TEST(File, ErrorsNamePathCauseAndHint) {
  TempFolder folder;
  const std::string error = error_of([&] { File(FileSystem::real(), folder / "none", OpenMode::kRead); });
  EXPECT_THAT(error, HasSubstr("io: cannot open"));
  EXPECT_THAT(error, HasSubstr("none"));
  EXPECT_THAT(error, HasSubstr("No such file"));
  EXPECT_THAT(error, HasSubstr("check the path"));
}

TEST(File, ShortReadsAndWritesAreContinued) {
  TempFolder folder;
  FaultyFileSystem fs({{.op = FileOp::kRead, .nth = 1, .does = PlannedFault::Does::kShort, .times = 1000},
                       {.op = FileOp::kWrite, .nth = 1, .does = PlannedFault::Does::kShort, .times = 1000},
                       {.op = FileOp::kRead, .nth = 2, .errno_value = EINTR}});
  const std::string text = "a penstock carries water";
  File file(fs, folder / "f", OpenMode::kCreate);
  file.write_at(0, bytes_of(text));
  EXPECT_EQ(read_file(fs, folder / "f"), text);
}

TEST(File, AFullDiskSaysSo) {
  TempFolder folder;
  FaultyFileSystem fs({{.op = FileOp::kWrite, .nth = 2, .errno_value = ENOSPC}});
  File file(fs, folder / "f", OpenMode::kCreate);
  file.write_at(0, bytes_of("x"));
  EXPECT_THAT(error_of([&] { file.write_at(1, bytes_of("y")); }), HasSubstr("free some space"));
}

TEST(File, ReadingPastTheEndIsAFaultOfTheData) {
  TempFolder folder;
  folder.put("f", "12345");
  File file(FileSystem::real(), folder / "f", OpenMode::kRead);
  std::byte room[9];
  EXPECT_EQ(file.read_at(2, room), 3u);
  EXPECT_THAT(error_of([&] { file.read_exactly(2, room); }), HasSubstr("data: "));
}

TEST(FileSystem, PathsAreTakenApart) {
  EXPECT_EQ(parent_of("a/b"), "a");
  EXPECT_EQ(parent_of("a"), ".");
  EXPECT_EQ(parent_of("/a"), "/");
  EXPECT_EQ(parent_of("a/b/"), "a");
  EXPECT_EQ(base_name("a/b/"), "b");
  EXPECT_EQ(base_name("/"), "/");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
}

TEST(FileSystem, MakesAndRemovesTreesAndDoesNotFollowLinks) {
  TempFolder folder;
  FileSystem& fs = FileSystem::real();
  fs.make_folders(folder / "a/b/c");
  fs.make_folders(folder / "a/b/c");
  folder.put("kept/file", "x");
  std::filesystem::create_directory_symlink(folder / "kept", folder / "a/link");
  fs.remove_all(folder / "a");
  EXPECT_FALSE(fs.exists(folder / "a"));
  EXPECT_TRUE(fs.exists(folder / "kept/file"));
  fs.remove_all(folder / "a");
}

TEST(FaultyFileSystem, ACrashLosesWhatWasNotSynced) {
  TempFolder folder;
  FaultyFileSystem fs;
  File file(fs, folder / "f", OpenMode::kCreate);
  file.write_at(0, bytes_of("safe"));
  file.sync();
  file.write_at(4, bytes_of("lost"));
  fs.plan({{.does = PlannedFault::Does::kCrash}});
  EXPECT_THROW(file.sync(), Error);
  EXPECT_TRUE(fs.crashed());
  EXPECT_EQ(text_of(folder / "f"), "safe");
}

}  // namespace
}  // namespace penstock::io
