#include <cerrno>

#include <gmock/gmock.h>

#include "io/file/append_file.h"
#include "io/file/checksum.h"
#include "io/file/faulty_file_system.h"
#include "io/file/framed_log.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

constexpr uint32_t kKind = 7;

std::vector<std::string> frames_of(const std::string& path) {
  FramedLogReader reader(FileSystem::real(), path, kKind);
  std::vector<std::string> all;
  while (const auto payload = reader.next())
    all.emplace_back(reinterpret_cast<const char*>(payload->data()), payload->size());
  return all;
}

TEST(Checksum, KnownAnswers) {
  EXPECT_EQ(hex(checksum("")), "2d06800538d394c2");  // xxhsum -H3
  EXPECT_EQ(hex(checksum("penstock")), hex(Checksum().add("pen").add("stock").value()));
  EXPECT_EQ(from_hex(hex(0x0123456789abcdef)), 0x0123456789abcdefu);
  EXPECT_FALSE(from_hex("xyz"));
  EXPECT_FALSE(from_hex("0123456789ABCDEF"));
}

TEST(AppendFile, IsCutBackToACheckpoint) {
  TempFolder folder;
  uint64_t checkpoint = 0;
  {
    AppendFile log(FileSystem::real(), folder / "metrics.jsonl");
    log.append("one\n");
    log.sync();
    checkpoint = log.size();
    log.append("two\n");
  }
  EXPECT_EQ(text_of(folder / "metrics.jsonl"), "one\ntwo\n");
  AppendFile log(FileSystem::real(), folder / "metrics.jsonl");
  log.truncate(checkpoint);
  log.append("again\n");
  log.flush();
  EXPECT_EQ(text_of(folder / "metrics.jsonl"), "one\nagain\n");
  EXPECT_THAT(error_of([&] { log.truncate(1000); }), ::testing::HasSubstr("the checkpoint counts on 1000"));
}

TEST(AppendFile, IsOfNoUseAfterAFailedSync) {
  TempFolder folder;
  FaultyFileSystem fs({{.op = FileOp::kSync, .nth = 1}});
  AppendFile log(fs, folder / "f");
  log.append("x");
  EXPECT_THROW(log.sync(), Error);
  EXPECT_THAT(error_of([&] { log.sync(); }), ::testing::HasSubstr("cannot be trusted"));
}

TEST(FramedLog, GivesBackWhatWasAppended) {
  TempFolder folder;
  {
    FramedLogWriter log(FileSystem::real(), folder / "ledger", kKind);
    log.append(bytes_of("a"));
    log.append(bytes_of(""));
    log.append(bytes_of(std::string(100'000, 'b')));
    log.sync();
  }
  EXPECT_EQ(frames_of(folder / "ledger"), (std::vector<std::string>{"a", "", std::string(100'000, 'b')}));
  EXPECT_THAT(error_of([&] { FramedLogReader(FileSystem::real(), folder / "ledger", kKind + 1); }),
              ::testing::HasSubstr("not the log"));
}

TEST(FramedLog, StopsCleanlyAtATailTornAtAnyByteAndGoesOn) {
  TempFolder folder;
  std::vector<uint64_t> ends{sizeof(FramedLogHeader)};
  {
    FramedLogWriter log(FileSystem::real(), folder / "whole", kKind);
    for (const char* text : {"first", "second", "third"}) ends.push_back(log.append(bytes_of(text)));
  }
  const std::string whole = text_of(folder / "whole");
  for (size_t cut = 0; cut <= whole.size(); ++cut) {
    folder.put("torn", whole.substr(0, cut));
    size_t expected = 0;
    while (expected + 1 < ends.size() && ends[expected + 1] <= cut) ++expected;
    EXPECT_EQ(frames_of(folder / "torn").size(), expected) << cut;
    FramedLogWriter log(FileSystem::real(), folder / "torn", kKind);
    log.append(bytes_of("more"));
    log.flush();
    const auto frames = frames_of(folder / "torn");
    ASSERT_EQ(frames.size(), expected + 1) << cut;
    EXPECT_EQ(frames.back(), "more");
  }
}

TEST(FramedLog, AFlippedBitEndsIt) {
  TempFolder folder;
  {
    FramedLogWriter log(FileSystem::real(), folder / "f", kKind);
    for (int i = 0; i < 3; ++i) log.append(bytes_of("payload"));
  }
  std::string text = text_of(folder / "f");
  text[16 + 23 + 20] ^= 4;
  folder.put("f", text);
  EXPECT_EQ(frames_of(folder / "f").size(), 1u);
}

TEST(FramedLog, IsCutBack) {
  TempFolder folder;
  FramedLogWriter log(FileSystem::real(), folder / "f", kKind);
  log.append(bytes_of("kept"));
  const uint64_t checkpoint = log.offset();
  log.append(bytes_of("dropped"));
  log.cut_back(checkpoint);
  log.append(bytes_of("new"));
  log.flush();
  EXPECT_EQ(frames_of(folder / "f"), (std::vector<std::string>{"kept", "new"}));
}

TEST(FramedLog, ACrashAtAnyOperationKeepsWhatWasSynced) {
  TempFolder folder;
  uint64_t operations = 1;
  for (uint64_t n = 1; n <= operations; ++n) {
    FileSystem::real().remove_all(folder / "f");
    FaultyFileSystem fs({{.nth = n, .does = PlannedFault::Does::kCrash}});
    size_t synced = 0;
    try {
      FramedLogWriter log(fs, folder / "f", kKind);
      for (int i = 0; i < 3; ++i) {
        log.append(bytes_of("payload"));
        log.sync();
        ++synced;
      }
    } catch (const Error&) {}
    if (fs.operations() >= n) operations = n + 1;
    if (!fs.crashed()) break;
    if (!FileSystem::real().exists(folder / "f")) {
      EXPECT_EQ(synced, 0u);
      continue;
    }
    EXPECT_GE(frames_of(folder / "f").size(), synced) << "crash at " << n;
  }
  EXPECT_GT(operations, 10u);
}

}  // namespace
}  // namespace penstock::io
