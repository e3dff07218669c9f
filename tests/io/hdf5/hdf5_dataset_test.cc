#include "io/hdf5/hdf5_dataset.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "io/data/open.h"
#include "io/data/open_writer.h"
#include "io/file/checksum.h"
#include "io/hdf5/record_layout.h"
#include "tests/io/collected.h"
#include "tests/io/hdf5/made_file.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FileSystem& real() { return FileSystem::real(); }

// Records "0", "11", "222", ... stored as 2, 0, 1, ...; the last is empty.
void pack(const std::string& dest, uint64_t records = 6) {
  RecordWriterOptions options;
  options.head.schema = Dataset::picture_schema();
  options.head.classes = {"cat", "dog"};
  options.head.source_fingerprint = 5;
  options.head.expected_records = records;
  const auto writer = open_writer("hdf5", dest, options);
  for (uint64_t place = 0; place < records; ++place) {
    const uint64_t id = (place + 2) % records;
    const std::string text(id + 1 == records ? 0 : id + 1, static_cast<char>('0' + id));
    writer->append({.id = id,
                    .name = "n" + std::to_string(id),
                    .label = static_cast<int64_t>(id % 2),
                    .verified = id == 1,
                    .source_position = place,
                    .bytes = bytes_of(text)});
  }
  writer->finish();
}

std::string open_error(const std::string& path) {
  return error_of([&] { open(path, {.cache_folder = ""}); });
}

TEST(Hdf5Dataset, GivesRecordsByIdWithNamesLabelsAndChecksums) {
  const TempFolder folder;
  pack(folder / "a.h5");
  for (const std::string& where : {folder / "a.h5", std::string("hdf5:") + (folder / "a.h5")}) {
    const auto data = open(where);
    EXPECT_EQ(data->format(), "hdf5");
    EXPECT_EQ(data->fingerprint(), 5u);
    EXPECT_THAT(names_of(*data), ElementsAre("n0", "n1", "n2", "n3", "n4", "n5"));
    const Collected all = read_all(*data);
    EXPECT_THAT(all.bytes, ElementsAre("0", "11", "222", "3333", "44444", ""));
    EXPECT_THAT(all.labels, ElementsAre(0, 1, 0, 1, 0, 1));
    EXPECT_THAT(all.reasons, ElementsAre("", "", "", "", "", HasSubstr("empty")));
    EXPECT_TRUE(data->verified(1));
    EXPECT_FALSE(data->verified(2));
    EXPECT_EQ(data->stored_checksum(1), checksum("11"));
    std::vector<uint64_t> order{0, 1, 2, 3, 4, 5};
    data->ids_at(order);
    EXPECT_THAT(order, ElementsAre(2, 3, 4, 5, 0, 1));
  }
  EXPECT_TRUE(real().exists(folder / "a.h5.penstock-index"));
  EXPECT_THAT(read_all(*open(folder / "a.h5", {.classes = {"dog", "cat"}})).labels, ElementsAre(1, 0, 1, 0, 1, 0));
}

TEST(Hdf5Dataset, MakesItsIndexAgainWhenTheFileChangedOrTheIndexIsTorn) {
  const TempFolder folder;
  pack(folder / "a.h5", 4);
  EXPECT_EQ(open(folder / "a.h5")->size(), 4u);
  std::filesystem::remove(folder / "a.h5");
  pack(folder / "a.h5", 6);
  EXPECT_EQ(open(folder / "a.h5")->size(), 6u);
  folder.put("a.h5.penstock-index", "torn");
  EXPECT_EQ(open(folder / "a.h5")->size(), 6u);
}

TEST(Hdf5Dataset, AFlippedByteRejectsItsRecord) {
  const TempFolder folder;
  pack(folder / "a.h5");
  const auto data = open(folder / "a.h5");
  File(real(), folder / "a.h5", OpenMode::kUpdate).write_at(data->locate(3).offset, bytes_of("x"));
  const Collected all = read_all(*data);
  EXPECT_EQ(all.reasons[2], "");
  EXPECT_THAT(all.reasons[3], HasSubstr("checksum"));
}

TEST(Hdf5Dataset, CutShortAfterItWasIndexedRejectsTheRecordsThatAreGone) {
  const TempFolder folder;
  pack(folder / "a.h5");
  const auto data = open(folder / "a.h5");
  std::filesystem::resize_file(folder / "a.h5", data->locate(1).offset);  // the last one on disk
  const Collected all = read_all(*data);
  EXPECT_THAT(all.reasons[1], HasSubstr("behind the end of 'a.h5'"));
  EXPECT_EQ(all.reasons[2], "");
  EXPECT_THAT(open_error(folder / "a.h5"), HasSubstr("data: cannot use"));
}

// Each value of a part that cannot be: an error that names it.
TEST(Hdf5Dataset, OffsetsLabelsAndIdsOutOfRangeAreErrors) {
  const TempFolder folder;
  const auto says = [&](Hdf5Layout::Part part, uint64_t element, uint64_t value) {
    std::filesystem::remove(folder / "a.h5");
    std::filesystem::remove(folder / "a.h5.penstock-index");
    pack(folder / "a.h5");
    const Hdf5Layout layout = read_hdf5_layout(folder / "a.h5", real().stat(folder / "a.h5").bytes);
    const uint64_t bytes = kind_of(part).element_bytes;
    File(real(), folder / "a.h5", OpenMode::kUpdate)
        .write_at(layout.parts[part].offset + element * bytes, std::as_bytes(std::span(&value, 1)).first(bytes));
    return open_error(folder / "a.h5");
  };
  EXPECT_THAT(says(Hdf5Layout::kOffsets, 0, 3), HasSubstr("'offsets' begins with 3"));
  EXPECT_THAT(says(Hdf5Layout::kOffsets, 2, 1 << 20), HasSubstr("'offsets' points to 1048576"));
  EXPECT_THAT(says(Hdf5Layout::kOffsets, 3, 0), HasSubstr("'offsets' points to 0"));
  EXPECT_THAT(says(Hdf5Layout::kOffsets, 6, UINT64_MAX), HasSubstr("'offsets' points to"));
  EXPECT_THAT(says(Hdf5Layout::kNameOffsets, 6, UINT64_MAX / 2), HasSubstr("'name_offsets' points to"));
  EXPECT_THAT(says(Hdf5Layout::kLabel, 1, 2), HasSubstr("a label 2 but 2 classes"));
  EXPECT_THAT(says(Hdf5Layout::kLabel, 1, 0xffff0000), HasSubstr("a label -65536"));
  for (const auto& [part, value] :
       {std::pair(Hdf5Layout::kId, 2), std::pair(Hdf5Layout::kId, 6), std::pair(Hdf5Layout::kLabel, 0),
        std::pair(Hdf5Layout::kChecksum, 5), std::pair(Hdf5Layout::kNames, 120)})
    EXPECT_THAT(says(part, 1, static_cast<uint64_t>(value)), HasSubstr("are not those that were packed"))
        << kind_of(part).name;
}

TEST(Hdf5Dataset, AMissingDataSetAndAWrongTypeAreNamed) {
  const TempFolder folder;
  const auto without = [&](const std::string& name, const std::function<void(MadeFile&)>& instead) {
    std::filesystem::remove(folder / "a.h5");
    std::filesystem::remove(folder / "a.h5.penstock-index");
    pack(folder / "a.h5");
    {
      const Hdf5Lock lock;
      const Hdf5Handle file(H5Fopen((folder / "a.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
      EXPECT_GE(H5Ldelete(file, name.c_str(), H5P_DEFAULT), 0);
    }
    if (instead) {
      MadeFile file(folder / "a.h5", MadeFile::kThere);
      instead(file);
    }
    return open_error(folder / "a.h5");
  };
  for (const char* name :
       {"bytes", "offsets", "label", "id", "checksum", "verified", "names", "name_offsets", "head"}) {
    EXPECT_THAT(without(name, {}), testing::AllOf(HasSubstr("data: cannot use"),
                                                  HasSubstr(std::string("the data set '") + name + "' is missing")));
  }
  EXPECT_THAT(without("offsets", [](MadeFile& file) { file.counted("offsets", {7}); }),
              HasSubstr("'offsets' has another type"));
  EXPECT_THAT(without("verified", [](MadeFile& file) { file.counted("verified", {5}); }),
              HasSubstr("'verified' has 5 elements, not 6"));
  EXPECT_THAT(without("verified",
                      [](MadeFile& file) {
                        file.counted("verified", {6, 1});
                      }),
              HasSubstr("'verified' has not one dimension"));
  EXPECT_THAT(without("bytes", [](MadeFile& file) { file.counted("bytes", {15}, {.chunk = {5}}); }),
              HasSubstr("'bytes' does not lie in one piece"));
  EXPECT_THAT(without("head", [](MadeFile& file) { file.counted("head", {1}); }), HasSubstr("'head' is not one text"));
}

}  // namespace
}  // namespace penstock::io
