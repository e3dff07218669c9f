#include <atomic>
#include <csignal>
#include <filesystem>
#include <functional>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/data/lmdb_dataset.h"
#include "io/data/lmdb_writer.h"
#include "io/data/open.h"
#include "io/file/checksum.h"
#include "io/file/faulty_file_system.h"
#include "tests/io/collected.h"
#include "tests/io/temp_folder.h"
#include "tests/support/data_dir.h"

namespace penstock::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// Lengths from 1 byte to some pages: values inside leaf pages and values on pages of their own.
std::string value_of(uint64_t id) {
  std::string text = "record " + std::to_string(id) + ":";
  text.resize(1 + (id * 2654435761u >> 7) % (id % 5 == 0 ? 30'000 : 1'500), static_cast<char>('a' + id % 26));
  return text;
}

LmdbWriterOptions small_commits() {
  LmdbWriterOptions options;
  options.head = {Dataset::picture_schema(), {"ant", "bee", "cat"}, 11, 0, 500};
  options.commit_bytes = 100'000;
  return options;
}

void append(LmdbWriter& writer, uint64_t id) {
  const std::string value = value_of(id);
  writer.append(
      {id, "class/" + std::to_string(id) + ".jpg", static_cast<int64_t>(id % 3), id % 2 == 0, id, bytes_of(value)});
}

void pack(const std::string& dest, uint64_t records) {
  const auto writer = LmdbWriter::open(dest, small_commits());
  for (uint64_t id = writer->resume_source_position(); id < records; ++id) append(*writer, id);
  writer->finish();
}

void expect_whole(const std::string& dest, uint64_t records) {
  const auto data = LmdbDataset::open(FileSystem::real(), dest);
  ASSERT_EQ(data->size(), records);
  const Collected all = read_all(*data);
  for (uint64_t id = 0; id < records; ++id) {
    ASSERT_EQ(all.reasons[id], "") << id;
    ASSERT_EQ(all.bytes[id], value_of(id)) << id;
    ASSERT_EQ(all.labels[id], static_cast<int64_t>(id % 3));
    ASSERT_EQ(data->verified(id), id % 2 == 0);
    ASSERT_EQ(data->name(id), "class/" + std::to_string(id) + ".jpg");
    ASSERT_EQ(data->stored_checksum(id), checksum(value_of(id)));
  }
}

TEST(Lmdb, GivesBackWhatWasPacked) {
  TempFolder folder;
  pack(folder / "d", 500);
  EXPECT_FALSE(std::filesystem::exists(folder / "d.partial"));
  expect_whole(folder / "d", 500);
  const auto data = open(folder / "d", {.classes = {"zebra", "cat", "bee", "ant"}});
  EXPECT_EQ(data->format(), "lmdb");
  EXPECT_EQ(data->fingerprint(), 11u) << "records as they are in the source";
  EXPECT_EQ(data->schema(), Dataset::picture_schema());
  const std::vector<uint64_t> ids{499, 0, 250, 250};
  const Collected some(*data, ids);
  EXPECT_THAT(some.bytes, ElementsAre(value_of(499), value_of(0), value_of(250), value_of(250)));
  EXPECT_THAT(some.labels, ElementsAre(2, 3, 2, 2));
  const Location place = data->locate(7);
  File file(FileSystem::real(), place.file, OpenMode::kRead);
  std::string bytes(place.length, '?');
  file.read_exactly(place.offset, std::as_writable_bytes(std::span(bytes)));
  EXPECT_EQ(bytes, value_of(7));
}

TEST(Lmdb, OneRecordAndShuffledRecordsKeepTheirIds) {
  TempFolder folder;
  LmdbWriterOptions options = small_commits();
  options.head.options_hash = 5;
  const auto writer = LmdbWriter::open(folder / "d", options);
  for (uint64_t i = 0; i < 100; ++i) append(*writer, i * 37 % 100);
  writer->finish();
  expect_whole(folder / "d", 100);
  const auto data = LmdbDataset::open(FileSystem::real(), folder / "d");
  EXPECT_GT(data->locate(1).offset, data->locate(37).offset);
  EXPECT_NE(data->fingerprint(), 11u);
  pack(folder / "one", 1);
  expect_whole(folder / "one", 1);
}

TEST(Lmdb, MissingOrDoubleIdsAreFoundBeforeAnythingIsPublished) {
  TempFolder folder;
  for (const uint64_t wrong : {uint64_t{0}, uint64_t{7}, (uint64_t{1} << 40) - 1}) {
    const auto writer = LmdbWriter::open(folder / "d" + std::to_string(wrong), small_commits());
    for (const uint64_t id : {uint64_t{0}, uint64_t{1}, wrong}) append(*writer, id);
    EXPECT_THAT(error_of([&] { writer->finish(); }), HasSubstr("an id is missing among its records, or in it twice"));
    EXPECT_FALSE(std::filesystem::exists(folder / "d" + std::to_string(wrong)));
  }
}

TEST(Lmdb, FinishedIsSaidAndForeignIsRefused) {
  TempFolder folder;
  pack(folder / "d", 10);
  EXPECT_TRUE(LmdbWriter::open(folder / "d/", small_commits())->already_complete());
  LmdbWriterOptions other = small_commits();
  other.head.source_fingerprint = 12;
  EXPECT_THAT(error_of([&] { LmdbWriter::open(folder / "d", other); }),
              HasSubstr("usage: '" + folder / "d" + "' is there already"));
  folder.put("mine/thesis.txt", "x");
  EXPECT_THAT(error_of([&] { LmdbWriter::open(folder / "mine", other); }), HasSubstr("Penstock did not write it"));
  EXPECT_EQ(text_of(folder / "mine/thesis.txt"), "x");
  EXPECT_THAT(error_of([&] { LmdbWriter::open(folder / "mine/thesis.txt", other); }), HasSubstr("did not write it"));
  folder.put("e.partial/thesis.txt", "x");
  EXPECT_THAT(error_of([&] { LmdbWriter::open(folder / "e", other); }), HasSubstr("did not write it"));
  {
    const auto begun = LmdbWriter::open(folder / "f", small_commits());
    EXPECT_THAT(error_of([&] { LmdbWriter::open(folder / "f", small_commits()); }), HasSubstr("right now"));
  }
  EXPECT_THAT(error_of([&] { LmdbWriter::open(folder / "f", other); }),
              HasSubstr("an unfinished packing of another source"));
}

// Runs `at_once` just before the description is written.
class Meanwhile final : public FileSystem {
 public:
  explicit Meanwhile(std::function<void()> at_once) : at_once_(std::move(at_once)) {}
  int sys_open(const char* path, int flags, mode_t mode) override {
    if (std::string_view(path).ends_with("penstock.json.tmp")) {
      if (const auto work = std::exchange(at_once_, {})) work();
    }
    return FileSystem::sys_open(path, flags, mode);
  }

 private:
  std::function<void()> at_once_;
};

TEST(Lmdb, OfTwoWritersThatStartTogetherOneIsRefused) {
  TempFolder folder;
  std::unique_ptr<LmdbWriter> second;
  std::string error = "not begun";
  Meanwhile fs([&] { error = error_of([&] { second = LmdbWriter::open(folder / "d", small_commits()); }); });
  const auto first = LmdbWriter::open(folder / "d", small_commits(), fs);
  EXPECT_THAT(error, HasSubstr("right now"));
  EXPECT_FALSE(second);
  append(*first, 0);
  first->finish();
  expect_whole(folder / "d", 1);
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "d")) left.push_back(entry.path().filename());
  EXPECT_THAT(left, UnorderedElementsAre("data.mdb", "penstock.json", "penstock.index")) << "no lock";
}

TEST(Lmdb, AForeignFolderIsLeftAsItIs) {
  TempFolder folder;
  folder.put("d.partial/thesis.txt", "x");
  EXPECT_THAT(error_of([&] { LmdbWriter::open(folder / "d", small_commits()); }), HasSubstr("did not write it"));
  EXPECT_EQ(FileSystem::real().list(folder / "d.partial").size(), 1u);
}

TEST(Lmdb, AWriterKilledAnywhereGoesOnAndEndsWithTheSameRecordsInTheSamePlaces) {
  TempFolder folder;
  constexpr uint64_t kRecords = 300;
  pack(folder / "straight", kRecords);
  const uint64_t straight_bytes = std::filesystem::file_size(folder / "straight/data.mdb");
  int resumed = 0;
  for (uint64_t kill_at = 1; kill_at <= kRecords; kill_at += 23) {
    const std::string dest = folder / "killed" + std::to_string(kill_at);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto writer = LmdbWriter::open(dest, small_commits());
      for (uint64_t id = 0; id < kill_at; ++id) append(*writer, id);
      ::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_FALSE(std::filesystem::exists(dest));
    resumed += LmdbWriter::open(dest, small_commits())->committed() > 0;
    pack(dest, kRecords);
    expect_whole(dest, kRecords);
    // The index holds place, length and checksum of each record, and LMDB's transaction and last page. (LMDB leaves what its memory held in the
    // unused parts of its pages, so data.mdb itself may differ there.)
    EXPECT_EQ(std::filesystem::file_size(dest + "/data.mdb"), straight_bytes) << "killed at " << kill_at;
    EXPECT_TRUE(text_of(dest + "/penstock.index") == text_of(folder / "straight/penstock.index"))
        << "killed at " << kill_at;
  }
  EXPECT_GT(resumed, 8);
}

TEST(Lmdb, ACrashAtAnyFileOperationOfTheEndLosesNothing) {
  TempFolder folder;
  uint64_t operations = 0;
  {
    FaultyFileSystem counting;
    const auto writer = LmdbWriter::open(folder / "count", small_commits(), counting);
    for (uint64_t id = 0; id < 20; ++id) append(*writer, id);
    writer->finish();
    operations = counting.operations();
  }
  ASSERT_GT(operations, 20u);
  for (uint64_t n = 1; n <= operations; ++n) {
    const std::string dest = folder / "d" + std::to_string(n);
    FaultyFileSystem crashing({{.nth = n, .does = PlannedFault::Does::kCrash}});
    try {
      const auto writer = LmdbWriter::open(dest, small_commits(), crashing);
      for (uint64_t id = writer->resume_source_position(); id < 20; ++id) append(*writer, id);
      writer->finish();
    } catch (const Error&) {}
    if (std::filesystem::exists(dest)) expect_whole(dest, 20);
    if (!LmdbWriter::open(dest, small_commits())->already_complete()) pack(dest, 20);
    expect_whole(dest, 20);
  }
}

TEST(Lmdb, ADamagedRecordIsRejectedAlone) {
  TempFolder folder;
  pack(folder / "d", 50);
  const uint64_t at = LmdbDataset::open(FileSystem::real(), folder / "d")->locate(13).offset;
  std::string bytes = text_of(folder / "d/data.mdb");
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  folder.put("d/data.mdb", bytes);
  const auto data = LmdbDataset::open(FileSystem::real(), folder / "d");
  const Collected all = read_all(*data);
  for (size_t id = 0; id < 50; ++id) EXPECT_EQ(all.reasons[id].empty(), id != 13);
  EXPECT_THAT(all.reasons[13], HasSubstr("the bytes are damaged"));
}

TEST(Lmdb, AFileCutAnywhereIsAnErrorAndADamagedIndexIsMadeAgain) {
  TempFolder folder;
  pack(folder / "d", 60);
  const std::string whole = text_of(folder / "d/data.mdb");
  for (size_t cut = 0; cut + 4096 < whole.size(); cut += 9111) {
    folder.put("d/data.mdb", whole.substr(0, cut));
    EXPECT_THAT(error_of([&] { LmdbDataset::open(FileSystem::real(), folder / "d"); }), HasSubstr("data: ")) << cut;
  }
  folder.put("d/data.mdb", whole);
  const std::string index = text_of(folder / "d/penstock.index");
  for (size_t i = 0; i < index.size(); i += 307) {
    std::string bad = index;
    bad[i] = static_cast<char>(bad[i] ^ 2);
    folder.put("d/penstock.index", bad);
    try {  // a page of the body is checked when it is read, the rest at once
      const auto data = LmdbDataset::open(FileSystem::real(), folder / "d");
      const Collected all = read_all(*data);
      for (uint64_t id = 0; id < 60; ++id) ASSERT_EQ(all.bytes[id], value_of(id));
    } catch (const Error& error) { EXPECT_THAT(error.what(), HasSubstr("was damaged and is removed")) << i; }
    folder.put("d/penstock.index", index.substr(0, i));
    expect_whole(folder / "d", 60);
  }
  std::filesystem::remove(folder / "d/penstock.index");
  expect_whole(folder / "d", 60);  // made again from data.mdb
}

TEST(Lmdb, ADamagedTreeIsAnErrorOrTheSameRecordsButNeverASignal) {
  TempFolder folder;
  pack(folder / "d", 60);
  std::filesystem::remove(folder / "d/penstock.index");
  const std::string whole = text_of(folder / "d/data.mdb");
  uint32_t random = 1;
  int errors = 0;
  for (int i = 0; i < 150; ++i) {
    std::string bad = whole;
    for (int k = 0; k < 40; ++k) {
      random = random * 1664525 + 1013904223;
      const size_t page = random % (whole.size() / 4096);
      random = random * 1664525 + 1013904223;
      bad[page * 4096 + (random >> 8) % 400] = static_cast<char>(random >> 24);
    }
    folder.put("d/data.mdb", bad);
    std::filesystem::remove(folder / "d/penstock.index");
    try {
      read_all(*LmdbDataset::open(FileSystem::real(), folder / "d"));
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::kData) << e.what();
      ++errors;
    }
  }
  EXPECT_GT(errors, 40);
}

TEST(Lmdb, OthersDatabasesAreWalkedOnce) {
  const auto samples = test::data_dir("odd-files/lmdb");
  if (samples.empty()) GTEST_SKIP() << "no data set odd-files: set PENSTOCK_DATA";
  TempFolder folder;
  for (int round = 0; round < 2; ++round) {
    const auto data = open((samples / "demo.lmdb").string(), {.cache_folder = folder / "cache"});
    ASSERT_EQ(data->size(), 1u);
    EXPECT_EQ(data->name(0), "baboon");
    const Collected all = read_all(*data);
    EXPECT_EQ(all.bytes[0].substr(0, 4), "\x89PNG");
    EXPECT_EQ(all.bytes[0].substr(all.bytes[0].size() - 8, 4), "IEND");
    EXPECT_THAT(all.labels, ElementsAre(-1));
    EXPECT_EQ(data->notes().empty(), round == 1);
  }
  EXPECT_THAT(
      error_of([&] { open((samples / "demo_truncated_30000.lmdb").string(), {.cache_folder = folder / "cache"}); }),
      HasSubstr("it is cut short: it has 30000 bytes"));
}

TEST(Lmdb, ManyThreadsReadAtOnce) {
  TempFolder folder;
  pack(folder / "d", 100);
  const auto data = LmdbDataset::open(FileSystem::real(), folder / "d");
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        const Collected all = read_all(*data);
        for (uint64_t id = 0; id < 100; ++id) wrong += all.bytes[id] != value_of(id) || data->name(id).empty();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Lmdb, AReadFaultOfTheDiskIsAnError) {
  TempFolder folder;
  pack(folder / "d", 20);
  FaultyFileSystem faulty;
  const auto data = LmdbDataset::open(faulty, folder / "d");
  faulty.plan({{.op = FileOp::kRead, .nth = 5, .path_part = "data.mdb"}});
  EXPECT_THAT(error_of([&] { read_all(*data); }), HasSubstr("io: cannot read"));
  faulty.plan({{.op = FileOp::kRead, .does = PlannedFault::Does::kShort, .times = 1000}});
  EXPECT_EQ(read_all(*data).bytes[19], value_of(19));
}

}  // namespace
}  // namespace penstock::io
