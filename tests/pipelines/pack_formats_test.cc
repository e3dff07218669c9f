#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <map>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "io/data/open.h"
#include "io/file/checksum.h"
#include "io/file/faulty_file_system.h"
#include "pipelines/job/read_ahead.h"
#include "pipelines/job/subset.h"
#include "pipelines/pack/buckets.h"
#include "pipelines/pack/pack.h"
#include "tests/support/tiny_photos.h"

namespace penstock::test {
namespace {

namespace fs = std::filesystem;

/// A data set's records by id, or as they are stored.
uint64_t contents(const io::Dataset& data, bool as_stored = false) {
  io::Checksum sum;
  ReadAhead reader(data, data.size(), [&](uint64_t place) {
    if (as_stored) data.ids_at({&place, 1});
    return place;
  });
  for (RawChunk chunk = reader.next(); !chunk.records.empty(); chunk = reader.next()) {
    for (const RawRecord& record : chunk.records) {
      EXPECT_EQ(record.fault, "");
      sum.add(record.id).add(data.name(record.id)).add(static_cast<uint64_t>(record.label)).add(record.bytes);
    }
  }
  return sum.value();
}

struct World {
  World() { make_photos(folder / "photos", 4, 60); }
  PackResult packed(const std::string& from, const std::string& to, const std::string& format, PackOptions options = {},
                    io::FileSystem& files = io::FileSystem::real()) {
    options.dest = folder / to;
    options.format = format;
    return pack(*io::open(folder / from), options, cores, progress, {}, files);
  }
  TempFolder folder;
  Cores cores{2};
  NoProgress progress;
};

TEST(PackFormats, AnyIntoAnyKeepsRecordsAndDigest) {
  World here;
  const auto source = io::open(here.folder / "photos");
  const std::vector<std::pair<std::string, std::string>> formats{
      {"lmdb", "a.lmdb"}, {"tar", "a.tar"}, {"hdf5", "a.h5"}};
  for (const auto& [format, dest] : formats) {
    EXPECT_EQ(here.packed("photos", dest, format).records, 240u);
    const auto made = io::open(here.folder / dest);
    EXPECT_EQ(made->format(), format);
    EXPECT_EQ(contents(*made), contents(*source)) << format;
    EXPECT_EQ(data_digest(*made), data_digest(*source)) << format;
    EXPECT_EQ(made->class_names(), source->class_names());
    EXPECT_TRUE(here.packed("photos", dest, format).already_complete);
    for (const auto& [other, ignored] : formats) {
      here.packed(dest, format + ".to." + other, other);
      const auto again = io::open(here.folder / (format + ".to." + other));
      EXPECT_EQ(contents(*again), contents(*source)) << format << " to " << other;
    }
  }
}

TEST(PackFormats, AShuffleIsTheSameInEveryFormatAndThroughAnyMemory) {
  World here;
  uint64_t order = 0;
  for (const auto& [format, dest] :
       {std::pair<std::string, std::string>{"lmdb", "b"}, {"tar", "b.tar"}, {"hdf5", "b.h5"}}) {
    for (const uint64_t memory : {uint64_t{1} << 30, uint64_t{1} << 18}) {
      const std::string name = std::to_string(memory) + dest;
      here.packed("photos", name, format, {.shuffle = true, .memory_bytes = memory});
      const auto made = io::open(here.folder / name);
      EXPECT_EQ(contents(*made), contents(*io::open(here.folder / "photos"))) << "by id nothing changes";
      const uint64_t stored = contents(*made, true);
      if (order == 0) order = stored;
      EXPECT_EQ(stored, order) << format << " " << memory;
      EXPECT_FALSE(fs::exists((here.folder / name) + ".shuffle"));
    }
  }
  EXPECT_NE(order, contents(*io::open(here.folder / "photos"), true));
}

TEST(PackFormats, AShuffleThatCrashesAtAnyWriteGoesOn) {
  for (const std::string format : {"lmdb", "tar", "hdf5"}) {
    World here;
    const PackOptions options{.shuffle = true, .memory_bytes = 100'000, .commit_bytes = 40'000};
    here.packed("photos", "whole", format, options);
    const uint64_t wanted = contents(*io::open(here.folder / "whole"), true);
    uint64_t crashes = 0;
    for (uint64_t at = 1;; at = at + 1 + at / 6) {
      io::FaultyFileSystem faulty({{.nth = at, .does = io::PlannedFault::Does::kCrash}});
      bool crashed = true;
      try {
        here.packed("photos", "crashed", format, options, faulty);
        crashed = false;
      } catch (const Error&) {}
      if (!crashed) break;
      ++crashes;
      EXPECT_EQ(here.packed("photos", "crashed", format, options).records, 240u);
      ASSERT_EQ(contents(*io::open(here.folder / "crashed"), true), wanted) << format << " at " << at;
      fs::remove_all(here.folder / "crashed");
      fs::remove((here.folder / "crashed") + ".penstock-index");
    }
    EXPECT_GT(crashes, 10u);
  }
}

TEST(PackFormats, ASampleTakesAsManyOfEachClass) {
  World here;
  for (int i = 10; i < 60; ++i) {
    char name[40];
    std::snprintf(name, sizeof name, "photos/a/%02d.jpg", i);
    fs::remove(here.folder / name);
  }
  std::map<int64_t, int> counts;
  const auto sample = sample_records(io::open(here.folder / "photos"), 61);
  EXPECT_EQ(sample->size(), 61u);
  for (uint64_t id = 0; id < sample->size(); ++id) ++counts[sample->label(id)];
  EXPECT_EQ(counts[0], 10) << "all that there are";
  EXPECT_EQ(counts[1] + counts[2] + counts[3], 51);
  for (int c = 1; c < 4; ++c) EXPECT_EQ(counts[c], 17);
}

TEST(PackFormats, RecordsThatAreNoPicturesAreCopiedUnchecked) {
  World here;
  write_bytes(here.folder / "photos/a/note.jpg", std::vector<std::byte>(99));
  EXPECT_EQ(here.packed("photos", "checked.tar", "tar").records, 240u);
  EXPECT_EQ(here.packed("photos", "all.tar", "tar", {.checked = false}).records, 241u);
  EXPECT_FALSE(io::open(here.folder / "all.tar")->verified(3));
}

}  // namespace
}  // namespace penstock::test
