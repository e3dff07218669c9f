// Files whose checksums are right and whose numbers are not: what lies among the user's files may be anybody's.
#include <cstdint>
#include <cstring>
#include <filesystem>

#include <gmock/gmock.h>

#include "io/data/folder_manifest.h"
#include "io/data/lmdb_dataset.h"
#include "io/data/lmdb_writer.h"
#include "io/file/checksum.h"
#include "tests/io/collected.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::HasSubstr;

template <class T>
T at(const std::string& bytes, size_t place) {
  T value;
  std::memcpy(&value, bytes.data() + place, sizeof value);
  return value;
}

template <class T>
void set(std::string& bytes, size_t place, T value) {
  std::memcpy(bytes.data() + place, &value, sizeof value);
}

// Both formats: the last sixteen bytes of the header are the body's checksum and the header's.
std::string signed_again(std::string bytes, size_t header_bytes) {
  set(bytes, header_bytes - 16, checksum(std::string_view(bytes).substr(header_bytes)));
  set(bytes, header_bytes - 8, checksum(std::string_view(bytes).substr(0, header_bytes - 8)));
  return bytes;
}

// --- the manifest: header of 88 bytes, then folders {mtime i64, label i64}, then files {name u64, bytes u64, folder u32, mtime u32}

constexpr size_t kManifestHeader = 88;
constexpr size_t kLayout = 12, kStarted = 16, kClasses = 32, kFolders = 40, kFiles = 48, kTextBytes = 56,
                 kNamesBytes = 64;

class CraftedManifest : public ::testing::Test {
 protected:
  CraftedManifest() {
    for (const char* name : {"data/ant/a.jpg", "data/ant/b.jpg", "data/bee/c.jpg"}) folder_.put(name, "x");
    for (const char* name : {"data/ant", "data/bee"}) {
      std::filesystem::last_write_time(folder_ / name,
                                       std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
    }
    whole_ = to_bytes(list_pictures(FileSystem::real(), folder_ / "data", FolderLayout::kClasses));
  }
  static size_t label_at(size_t folder) { return kManifestHeader + folder * 16 + 8; }
  size_t file_at(size_t file) const { return kManifestHeader + at<uint64_t>(whole_, kFolders) * 16 + file * 24; }

  template <class T>
  void expect_refused(size_t place, T value, const std::string& what) const {
    std::string bad = whole_;
    set(bad, place, value);
    bad = signed_again(std::move(bad), kManifestHeader);
    EXPECT_FALSE(listing_from(bad)) << what;
    folder_.put("data/.penstock-manifest", bad);
    const FolderManifest manifest(FileSystem::real(), folder_ / "data", FolderLayout::kClasses, "");
    EXPECT_FALSE(manifest.load()) << what;
  }

  TempFolder folder_;
  std::string whole_;
};

TEST_F(CraftedManifest, IsWalkedAgainWhereACountOrAPlaceCannotBe) {
  ASSERT_EQ(signed_again(whole_, kManifestHeader), whole_);
  ASSERT_TRUE(listing_from(whole_));
  folder_.put("data/.penstock-manifest", whole_);
  ASSERT_TRUE(FolderManifest(FileSystem::real(), folder_ / "data", FolderLayout::kClasses, "").load());
  for (const size_t count : {kClasses, kFolders, kFiles, kTextBytes, kNamesBytes}) {
    // 2^60 and 2^61 of 16 and 24 bytes are 0 modulo 2^64: the sum of the sizes stays what it was.
    for (const uint64_t more : {uint64_t{1} << 60, uint64_t{1} << 61, uint64_t{1} << 63}) {
      expect_refused(count, at<uint64_t>(whole_, count) + more, "count at " + std::to_string(count));
    }
  }
  expect_refused(kLayout, uint32_t{256}, "a layout that is none");
  expect_refused(kStarted, INT64_MIN, "begun before all time");
  expect_refused(file_at(1) + 16, uint32_t{3}, "a folder behind the last");
  expect_refused(file_at(1) + 16, uint32_t{0}, "a picture in the root of class folders");
  expect_refused(file_at(2), uint64_t{1000}, "a name behind the last");
  expect_refused(file_at(1), uint64_t{11}, "names that fall");
  expect_refused(label_at(1), int64_t{2}, "a label behind the last class");
  expect_refused(label_at(1), int64_t{-1}, "pictures without a class among class folders");
  expect_refused(label_at(0), int64_t{-2}, "a label below -1");
  expect_refused(label_at(1), int64_t{1} << 32, "a label of more bits than there are");
}

// --- the head of an LMDB

LmdbWriterOptions options_of(Schema schema) {
  LmdbWriterOptions options;
  options.head = {std::move(schema), {"ant"}, 1, 0, 3};
  return options;
}

void pack(const std::string& dest, Schema schema) {
  const auto writer = LmdbWriter::open(dest, options_of(std::move(schema)));
  for (uint64_t id = 0; id < 3; ++id) writer->append({id, "name", 0, true, id, bytes_of("bytes")});
  writer->finish();
}

TEST(CraftedHead, OfOtherFieldsIsRefusedBeforeARecordIsRead) {
  TempFolder folder;
  for (const Schema& schema : {Schema{}, Schema{Field::encoded("bytes")},
                               Schema{Field::encoded("bytes"), Field::fixed("label", DType::kU8)}}) {
    const std::string dest = folder / "d" + std::to_string(schema.size()) + schema.text().substr(0, 1);
    EXPECT_THAT(error_of([&] { pack(dest, schema); }), HasSubstr("records of other fields than encoded bytes"));
    std::filesystem::remove_all(dest);
  }
}

TEST(CraftedHead, WithAShapeOrAnExtentThatCannotBeIsDamaged) {
  PackHead head;
  head.schema = {Field::ragged("boxes", DType::kF32, {4}, 9)};
  const std::string text = head.to_json();
  ASSERT_EQ(PackHead::from_json(text, "x"), head);
  const std::pair<std::string, std::string> changes[] = {{"\"extent\": 1", "\"extent\": 257"},
                                                         {"\"extent\": 1", "\"extent\": -1"},
                                                         {"\"max_rows\": 9", "\"max_rows\": -9"},
                                                         {"    4", "    -4"}};
  for (const auto& [from, to] : changes) {
    std::string bad = text;
    ASSERT_NE(bad.find(from), std::string::npos) << from << " in " << text;
    bad.replace(bad.find(from), from.size(), to);
    EXPECT_THAT(error_of([&] { PackHead::from_json(bad, "x"); }), HasSubstr("data: the description in 'x' is damaged"))
        << to;
  }
}

}  // namespace
}  // namespace penstock::io
