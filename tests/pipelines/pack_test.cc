#include <gtest/gtest.h>

#include <filesystem>
#include <stop_token>

#include "engine/base/error.h"
#include "io/data/open.h"
#include "io/file/checksum.h"
#include "io/file/faulty_file_system.h"
#include "io/file/file.h"
#include "pipelines/job/read_ahead.h"
#include "pipelines/job/subset.h"
#include "pipelines/pack/pack.h"
#include "stages/image/picture_decoder.h"
#include "tests/support/tiny_photos.h"

namespace penstock::test {
namespace {

namespace fs = std::filesystem;

/// All records by id: name, label, bytes.
uint64_t contents(const io::Dataset& data) {
  io::Checksum sum;
  ReadAhead reader(data, data.size(), [](uint64_t place) { return place; });
  for (RawChunk chunk = reader.next(); !chunk.records.empty(); chunk = reader.next()) {
    for (const RawRecord& record : chunk.records) {
      EXPECT_EQ(record.fault, "");
      EXPECT_EQ(record.label, data.label(record.id));
      sum.add(record.id).add(data.name(record.id)).add(static_cast<uint64_t>(record.label)).add(record.bytes);
    }
  }
  return sum.value();
}

struct Packed {
  TempFolder folder;
  Cores cores{2};
  NoProgress progress;
  PackResult pack_photos(const std::string& dest, PackOptions options = {}) {
    options.dest = folder / dest;
    return pack(*io::open(folder / "photos"), options, cores, progress);
  }
};

TEST(Pack, KeepsRecordsIdsNamesAndLabels) {
  Packed here;
  make_photos(here.folder / "photos");
  const auto source = io::open(here.folder / "photos");
  const PackResult plain = here.pack_photos("plain");
  EXPECT_EQ(plain.records, 24u);
  EXPECT_EQ(plain.dest_bytes, source->bytes());
  EXPECT_EQ(contents(*io::open(here.folder / "plain")), contents(*source));
  here.pack_photos("shuffled", {.shuffle = true});
  const auto shuffled = io::open(here.folder / "shuffled");
  EXPECT_EQ(contents(*shuffled), contents(*source));
  for (uint64_t id = 0; id < shuffled->size(); ++id) EXPECT_TRUE(shuffled->verified(id));
  EXPECT_EQ(io::open(here.folder / "plain")->class_names(), source->class_names());
}

TEST(Pack, IdsAreThePlacesAmongTheGoodRecords) {
  for (const bool shuffle : {false, true}) {
    Packed here;
    make_photos(here.folder / "photos");
    truncate_file(here.folder / "photos/a/02.jpg");
    write_bytes(here.folder / "photos/c/07.jpg", {});
    const PackResult result = here.pack_photos("packed", {.shuffle = shuffle});
    EXPECT_EQ(result.records, 22u);
    ASSERT_EQ(result.rejected.size(), 2u);
    EXPECT_EQ(result.rejected[0].id, 2u);
    EXPECT_EQ(result.rejected[1].name, "c/07.jpg");
    const auto packed = io::open(here.folder / "packed");
    EXPECT_EQ(packed->name(1), "a/01.jpg");
    EXPECT_EQ(packed->name(2), "a/03.jpg");
    EXPECT_EQ(packed->name(21), "c/06.jpg");
  }
}

TEST(Pack, AFinishedOneSaysWhatLiesThereAndTidies) {
  Packed here;
  make_photos(here.folder / "photos");
  truncate_file(here.folder / "photos/a/02.jpg");
  here.pack_photos("packed", {.shuffle = true});
  fs::remove((here.folder / "packed") + ".rejected.jsonl");
  fs::create_directory((here.folder / "packed") + ".shuffle");
  const PackResult again = here.pack_photos("packed", {.shuffle = true});
  EXPECT_TRUE(again.already_complete);
  EXPECT_EQ(again.records, 23u);
  EXPECT_FALSE(fs::exists((here.folder / "packed") + ".shuffle"));
}

TEST(Pack, AFolderOfTheNameOfItsScratchIsNotItsOwn) {
  Packed here;
  make_photos(here.folder / "photos");
  here.pack_photos("set.shuffle", {});
  const uint64_t bytes = fs::file_size(here.folder / "set.shuffle/data.mdb");
  EXPECT_THROW(here.pack_photos("set", {.shuffle = true}), Error);
  here.pack_photos("set", {});
  EXPECT_TRUE(here.pack_photos("set", {}).already_complete);
  EXPECT_EQ(fs::file_size(here.folder / "set.shuffle/data.mdb"), bytes);
  EXPECT_EQ(io::open(here.folder / "set.shuffle")->size(), 24u);
}

TEST(Pack, MakesPicturesSmaller) {
  Packed here;
  make_photos(here.folder / "photos");
  here.pack_photos("small", {.encoding = {.resize = 44}});
  const auto data = io::open(here.folder / "small");
  image::PictureDecoder decoder;
  const std::vector<uint64_t> ids{0, 7};
  const RawChunk chunk = read_raw(*data, ids);
  ASSERT_FALSE(decoder.open(chunk.records[0].bytes));  // 40 x 48: not above 44
  EXPECT_EQ(decoder.header().width, 40);
  ASSERT_FALSE(decoder.open(chunk.records[1].bytes));  // 75 x 48
  EXPECT_EQ(decoder.header().height, 44);
  EXPECT_EQ(decoder.header().width, 44 * 75 / 48);
}

TEST(Pack, AppendsOnceAndMatchesClassesByName) {
  Packed here;
  make_photos(here.folder / "photos", 2, 4);
  here.pack_photos("packed");
  make_photos(here.folder / "more", 3, 2);
  fs::rename(here.folder / "more/a", here.folder / "more/aa");
  PackOptions options;
  options.dest = here.folder / "packed";
  for (const bool again : {false, true}) {
    const PackResult result = append_pack(io::open(here.folder / "more"), options, here.cores, here.progress);
    EXPECT_EQ(result.already_complete, again);
    EXPECT_EQ(result.records, 14u);
  }
  const auto data = io::open(here.folder / "packed");
  EXPECT_EQ(data->class_names(), (std::vector<std::string>{"a", "aa", "b", "c"}));
  EXPECT_EQ(data->name(8), "aa/00.jpg");
  EXPECT_EQ(data->label(8), 1);
  EXPECT_EQ(data->label(4), 2);
  EXPECT_FALSE(fs::exists(here.folder / "packed.appending"));
}

TEST(Pack, RefusesWhereThereIsNoRoomBeforeItWritesAnything) {
  Packed here;
  make_photos(here.folder / "photos");
  io::FaultyFileSystem files;
  files.set_free_space(1000);
  try {
    PackOptions options;
    options.dest = here.folder / "packed";
    pack(*io::open(here.folder / "photos"), options, here.cores, here.progress, {}, files);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kIo);
    EXPECT_NE(std::string(error.what()).find("free"), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(here.folder / "packed.partial"));
}

TEST(Pack, ALittleRoomIsEnoughForALittleData) {
  Packed here;
  make_photos(here.folder / "photos");
  io::FaultyFileSystem files;
  files.set_free_space(6 << 20);
  PackOptions options;
  options.dest = here.folder / "packed";
  EXPECT_EQ(pack(*io::open(here.folder / "photos"), options, here.cores, here.progress, {}, files).records, 24u);
}

/// Asks for a stop when so many chunks have gone by.
class StoppingProgress final : public ProgressSink {
 public:
  explicit StoppingProgress(uint64_t after) : after_(after) {}
  std::stop_token token() const { return stop_.get_token(); }
  void begin(std::string_view, uint64_t, std::string_view, uint64_t already) override {
    already_ = std::max(already_, already);
  }
  void update(uint64_t, std::string_view) override {
    if (++updates_ >= after_) stop_.request_stop();
  }
  void say(std::string_view) override {}
  void end() override {}
  uint64_t already() const { return already_; }

 private:
  std::stop_source stop_;
  uint64_t after_, updates_ = 0, already_ = 0;
};

TEST(Pack, GoesOnWhereItWasStoppedAndGivesTheSameRecords) {
  for (const bool shuffle : {false, true}) {
    Packed here;
    make_photos(here.folder / "photos", 3, 1400);  // more than one chunk of 4096
    truncate_file(here.folder / "photos/a/02.jpg");
    truncate_file(here.folder / "photos/c/102.jpg");
    here.pack_photos("whole", {.shuffle = shuffle, .commit_bytes = 100'000});
    PackOptions options{.shuffle = shuffle, .commit_bytes = 100'000};
    options.dest = here.folder / "stopped";
    const auto source = io::open(here.folder / "photos");
    bool went_on = false;
    for (uint64_t after = 1; after <= 5; ++after) {
      StoppingProgress progress(after);
      bool finished = true;
      try {
        pack(*source, options, here.cores, progress, progress.token());
      } catch (const Error& error) {
        finished = false;
        EXPECT_EQ(error.code(), Code::kCancelled);
        EXPECT_FALSE(fs::exists(options.dest));
      }
      went_on = went_on || progress.already() > 0;
      if (finished) break;
    }
    EXPECT_TRUE(went_on);
    const PackResult result = pack(*source, options, here.cores, here.progress);
    EXPECT_EQ(result.rejected.size(), 2u);
    EXPECT_EQ(contents(*io::open(options.dest)), contents(*io::open(here.folder / "whole")));
    const auto stopped = io::open(options.dest), whole = io::open(here.folder / "whole");
    for (uint64_t id = 1; id < whole->size(); ++id) {
      EXPECT_EQ(stopped->locate(id).offset < stopped->locate(id - 1).offset,
                whole->locate(id).offset < whole->locate(id - 1).offset);
    }
  }
}

TEST(Subset, SplitKeepsAShareOfEachClass) {
  const TempFolder folder;
  make_photos(folder / "photos", 3, 10);
  const std::shared_ptr<const io::Dataset> data = io::open(folder / "photos");
  const auto [train, val] = split_for_validation(data, 0.2, true, 7);
  EXPECT_EQ(train->size(), 24u);
  EXPECT_EQ(val->size(), 6u);
  std::vector<int> seen(30), of_class(3);
  for (uint64_t id = 0; id < train->size(); ++id) ++seen[train->whole_id(id)];
  for (uint64_t id = 0; id < val->size(); ++id) {
    ++seen[val->whole_id(id)];
    ++of_class[static_cast<size_t>(val->label(id))];
  }
  EXPECT_EQ(seen, std::vector<int>(30, 1));
  EXPECT_EQ(of_class, std::vector<int>(3, 2));
  const auto again = split_for_validation(data, 0.2, true, 7);
  EXPECT_EQ(again.second->fingerprint(), val->fingerprint());
  EXPECT_NE(split_for_validation(data, 0.2, true, 8).second->fingerprint(), val->fingerprint());
  EXPECT_NE(data_digest(*train), data_digest(*data));
  EXPECT_EQ(contents(*first_records(data, 30)), contents(*data));
  EXPECT_EQ(sample_records(data, 12)->size(), 12u);
}

}  // namespace
}  // namespace penstock::test
