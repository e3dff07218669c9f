#include "io/tar/tar_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/base/error.h"
#include "io/data/image_folder.h"
#include "io/data/open.h"
#include "io/file/faulty_file_system.h"
#include "io/tar/tar_format.h"
#include "io/tar/tar_writer.h"
#include "tests/io/collected.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using testing::HasSubstr;

FileSystem& real() { return FileSystem::real(); }

std::string member(const std::string& name, const std::string& data) {
  std::string out = tar_header(name, data.size()) + data;
  out.resize(out.size() + tar_padded(data.size()) - data.size(), '\0');
  return out;
}
const std::string kEnd(2 * kTarBlock, '\0');

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

void make_photos(const TempFolder& folder) {
  for (int i = 0; i < 12; ++i)
    folder.put(
        "set/" + std::string(i % 3 == 0 ? "zebra" : "ant") + (i == 5 ? "/deep/" : "/") + std::to_string(i) + ".jpg",
        "picture " + std::string(static_cast<size_t>(i * 100), static_cast<char>('a' + i)));
}

TEST(Tar, OfClassFoldersIsTheSameDataSetAsTheFolderInEveryFormatOfGnuTar) {
  const TempFolder folder;
  make_photos(folder);
  for (const char* format : {"v7", "ustar", "gnu", "pax", "posix"}) {
    if (std::string(format) == "gnu") folder.put("set/ant/" + std::string(120, 'n') + ".jpg", "long name");
    const auto plain = ImageFolder::open(real(), folder / "set");
    const std::string tar = folder / (std::string(format) + ".tar");
    ASSERT_EQ(
        std::system(("tar -C " + (folder / "set") + " --format=" + format + " -cf " + tar + " zebra ant").c_str()), 0);
    const auto data = open(tar);
    EXPECT_EQ(data->fingerprint(), plain->fingerprint()) << format;
    EXPECT_EQ(names_of(*data), names_of(*plain)) << format;
    EXPECT_EQ(data->class_names(), plain->class_names());
    EXPECT_EQ(read_all(*data).bytes, read_all(*plain).bytes) << format;
    EXPECT_EQ(read_all(*data).labels, read_all(*plain).labels) << format;
    // Archived from within, every name begins with "./": the short ones, and those that stand in headers of their own.
    const std::string within = folder / (std::string(format) + "-within.tar");
    ASSERT_EQ(std::system(("tar -C " + (folder / "set") + " --format=" + format + " -cf " + within + " .").c_str()), 0);
    EXPECT_EQ(names_of(*open(within)), names_of(*plain)) << format;
    EXPECT_EQ(open(within)->class_names(), plain->class_names()) << format;
    // Places are where the bytes lie.
    std::vector<uint64_t> order(data->size());
    std::iota(order.begin(), order.end(), 0);
    data->ids_at(order);
    for (size_t i = 1; i < order.size(); ++i)
      EXPECT_LT(data->locate(order[i - 1]).offset, data->locate(order[i]).offset);
  }
}

TEST(Tar, OfClassTarsIsReadInPlace) {
  const TempFolder folder;
  make_photos(folder);
  const std::string make =
      "cd " + (folder / "set") +
      " && for c in ant zebra; do tar -C $c -cf ../$c.tar .; done && cd .. && tar -cf train.tar zebra.tar ant.tar";
  ASSERT_EQ(std::system(make.c_str()), 0);
  const auto plain = ImageFolder::open(real(), folder / "set");
  const auto data = open(folder / "train.tar");
  EXPECT_EQ(names_of(*data), names_of(*plain));
  EXPECT_EQ(data->fingerprint(), plain->fingerprint());
  EXPECT_EQ(read_all(*data).bytes, read_all(*plain).bytes);
  EXPECT_EQ(read_all(*data).labels, read_all(*plain).labels);
}

TEST(Tar, OfWebDatasetGroupsMembersByKeyOverShards) {
  const TempFolder folder;
  folder.put("a-000.tar", member("k1.jpg", "one") + member("k1.cls", "3\n") + member("k2.json", R"({"label": 5})") +
                              member("k2.png", "two") + member("k3.txt", "no picture") + kEnd);
  folder.put("a-001.tar", member("k1.jpg", "three") + member("k1.cls", "0") + member("x/k2.seg.png", "four") + kEnd);
  for (const char* pattern : {"a-*.tar", "a-{000..001}.tar", "a-00[01].tar", "a-{000,001}.tar"}) {
    const auto data = open(folder / pattern);
    ASSERT_EQ(data->size(), 4u) << pattern;
    const Collected all = read_all(*data);
    EXPECT_EQ(all.bytes, (std::vector<std::string>{"one", "two", "three", "four"}));
    EXPECT_EQ(all.labels, (std::vector<int64_t>{3, 5, 0, -1}));
    EXPECT_EQ(data->class_names().size(), 6u);
    ASSERT_EQ(data->notes().size(), 1u);
    EXPECT_THAT(data->notes()[0], HasSubstr("1 of ending .txt"));
    EXPECT_THAT(data->notes()[0], HasSubstr("1 keys have no picture"));
  }
}

TEST(Tar, MakesItsIndexAgainWhenAShardChanged) {
  const TempFolder folder;
  folder.put("a.tar", member("k1.jpg", "one") + kEnd);
  EXPECT_EQ(open(folder / "a.tar")->size(), 1u);
  EXPECT_TRUE(real().exists(folder / "a.tar.penstock-index"));
  folder.put("a.tar", member("k1.jpg", "one") + member("k2.jpg", "two") + kEnd);
  EXPECT_EQ(open(folder / "a.tar")->size(), 2u);
  folder.put("a.tar.penstock-index", "torn");
  EXPECT_EQ(open(folder / "a.tar")->size(), 2u);
}

TEST(Tar, ThatIsDamagedIsRefusedAndSaysWhere) {
  const TempFolder folder;
  const std::string good = member("k1.jpg", std::string(2000, 'x'));
  const auto says = [&](const std::string& bytes) {
    folder.put("bad.tar", bytes);
    return message_of([&] { open("tar:" + (folder / "bad.tar")); });
  };
  EXPECT_THAT(says(good + member("k2.jpg", std::string(2000, 'y')).substr(0, 1500)),
              HasSubstr("in the middle of 'k2.jpg'"));
  EXPECT_THAT(says(good + member("../../etc/passwd.jpg", "x") + kEnd), HasSubstr("leads out of the archive"));
  EXPECT_THAT(says(good + member("/etc/x.jpg", "x") + kEnd), HasSubstr("absolute path"));
  EXPECT_THAT(says(good + member("k2.jpg", "x") + member("k1.jpg", "x") + kEnd), HasSubstr("the key 'k1' comes twice"));
  EXPECT_THAT(says(good + member("k2.jpg", "x") + member("k2.cls", "cat") + kEnd), HasSubstr("is no label: 'cat'"));
  std::string flipped = good + member("k2.jpg", "x") + kEnd;
  flipped[2560 + 10] ^= 1;
  EXPECT_THAT(says(flipped), HasSubstr("the header at offset 2560 has a wrong checksum"));
  EXPECT_THAT(says(kEnd), HasSubstr("holds no pictures"));
  EXPECT_THAT(message_of([&] { open(folder / "none-*.tar"); }), HasSubstr("no file matches"));
  EXPECT_THAT(message_of([&] { open(folder / "x{5..2}.tar"); }), HasSubstr("is no range"));
}

TEST(Tar, LinksAndSparseFilesAreCountedAndPartsAreNoClasses) {
  const TempFolder folder;
  make_photos(folder);
  ASSERT_EQ(std::system(
                ("cd " + (folder / "set") +
                 " && ln zebra/0.jpg zebra/hard.jpg && ln -s 0.jpg zebra/soft.jpg && truncate -s 3M zebra/holes.jpg && "
                 "tar --sparse --format=gnu -cf ../gnu.tar . && tar --sparse --format=pax -cf ../pax.tar .")
                    .c_str()),
            0);
  for (const char* name : {"gnu.tar", "pax.tar"}) {
    const auto data = open(folder / name);
    EXPECT_EQ(data->size(), 12u) << name;
    ASSERT_EQ(data->notes().size(), 1u) << name;
    EXPECT_THAT(data->notes()[0], HasSubstr("2 links and 1 sparse files are left out")) << name;
  }
  ASSERT_EQ(
      std::system(("cd " + folder.path() +
                   " && mkdir both && cp -r set both/train && cp -r set both/val && tar -C both -cf both.tar train val")
                      .c_str()),
      0);
  EXPECT_THAT(message_of([&] { open(folder / "both.tar"); }), HasSubstr("the parts train and val, not classes"));
}

TEST(Tar, WithoutItsClosingZerosIsRead) {
  const TempFolder folder;
  folder.put("a.tar", member("k1.jpg", "one") + member("k2.jpg", "two"));
  EXPECT_EQ(open(folder / "a.tar")->size(), 2u);
}

TEST(Tar, CutShortAfterItWasIndexedRejectsTheRecordAndNothingElse) {
  const TempFolder folder;
  folder.put("a.tar", member("k1.jpg", "one") + member("k2.jpg", std::string(5000, 'z')) + kEnd);
  const auto data = open(folder / "a.tar");
  std::filesystem::resize_file(folder / "a.tar", 3000);
  const Collected all = read_all(*data);
  EXPECT_EQ(all.reasons[0], "");
  EXPECT_THAT(all.reasons[1], HasSubstr("behind the end of 'a.tar'"));
}

// ---- what Penstock packs

struct Sample {
  uint64_t id;
  std::string name, bytes;
  int64_t label;
};

std::vector<Sample> samples() {
  std::vector<Sample> out;
  for (uint64_t i = 0; i < 20; ++i) {
    const uint64_t id = i * 7 % 20;
    out.push_back(
        {id, "c/" + std::to_string(id), "\xff\xd8\xff" + std::string(id * 37, 'q'), static_cast<int64_t>(id % 3)});
  }
  return out;
}

RecordWriterOptions writer_options() {
  return {.head = {.schema = Dataset::picture_schema(),
                   .classes = {"a", "b", "c"},
                   .source_fingerprint = 9,
                   .expected_records = 20},
          .commit_bytes = 1000};
}

void write_all(const std::string& dest, FileSystem& fs) {
  const auto writer = open_tar_writer(dest, writer_options(), fs);
  if (writer->already_complete()) return;
  const std::vector<Sample> all = samples();
  for (uint64_t i = writer->resume_source_position(); i < all.size(); ++i)
    writer->append({.id = all[i].id,
                    .name = all[i].name,
                    .label = all[i].label,
                    .verified = true,
                    .source_position = i,
                    .bytes = bytes_of(all[i].bytes)});
  writer->finish();
}

void expect_whole(const std::string& path) {
  const auto data = open(path);
  ASSERT_EQ(data->size(), 20u);
  const Collected all = read_all(*data);
  std::vector<uint64_t> order(20);
  std::iota(order.begin(), order.end(), 0);
  data->ids_at(order);
  const std::vector<Sample> in = samples();
  for (size_t i = 0; i < in.size(); ++i) {
    EXPECT_EQ(all.bytes[in[i].id], in[i].bytes);
    EXPECT_EQ(all.labels[in[i].id], in[i].label);
    EXPECT_EQ(data->name(in[i].id), in[i].name);
    EXPECT_TRUE(data->verified(in[i].id));
    EXPECT_TRUE(data->stored_checksum(in[i].id).has_value());
    EXPECT_EQ(order[i], in[i].id);
  }
}

TEST(TarWriter, KeepsIdsLabelsNamesAndTheOrderOnDisk) {
  const TempFolder folder;
  write_all(folder / "out.tar", real());
  expect_whole(folder / "out.tar");
  real().unlink(folder / "out.tar.penstock-index");  // the tar alone says it all
  expect_whole(folder / "out.tar");
  EXPECT_EQ(std::system(("tar -tf " + (folder / "out.tar") + " > " + (folder / "list")).c_str()), 0);
  EXPECT_THAT(read_file(real(), folder / "list"), HasSubstr("000000007.jpg\n000000007.cls\n"));
}

TEST(TarWriter, GoesOnAfterACrashAtAnyOperation) {
  const TempFolder whole;
  write_all(whole / "out.tar", real());
  const std::string expected = read_file(real(), whole / "out.tar");
  for (const auto crash : {PlannedFault::Does::kCrash, PlannedFault::Does::kCrashTorn}) {
    for (uint64_t n = 1;; ++n) {
      const TempFolder folder;
      FaultyFileSystem fs({{.nth = n, .does = crash}});
      try {
        write_all(folder / "out.tar", fs);
      } catch (const Error&) {}
      const bool crashed = fs.crashed();
      write_all(folder / "out.tar", real());
      ASSERT_EQ(read_file(real(), folder / "out.tar"), expected) << "crashed at operation " << n;
      expect_whole(folder / "out.tar");
      if (!crashed) break;
      ASSERT_LT(n, 2000u);
    }
  }
}

TEST(TarWriter, RefusesWhatIsAnotherPacking) {
  const TempFolder folder;
  write_all(folder / "out.tar", real());
  RecordWriterOptions other = writer_options();
  other.head.source_fingerprint = 10;
  EXPECT_THAT(message_of([&] { open_tar_writer(folder / "out.tar", other); }), HasSubstr("is not this packing"));
  folder.put("dest.tar.partial", std::string(3 << 20, 'x'));
  EXPECT_THAT(message_of([&] { open_tar_writer(folder / "dest.tar", other); }), HasSubstr("no unfinished packing"));
}

}  // namespace
}  // namespace penstock::io
