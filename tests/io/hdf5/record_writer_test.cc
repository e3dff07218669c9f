#include "io/hdf5/record_writer.h"

#include <array>
#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

#include "io/data/dataset.h"
#include "io/file/checksum.h"
#include "io/file/faulty_file_system.h"
#include "io/hdf5/record_layout.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

constexpr uint64_t kRecords = 23;

std::string record_text(uint64_t id) { return std::string(40 + id * 7, static_cast<char>('a' + id)); }

RecordWriterOptions options_for() {
  RecordWriterOptions options;
  options.head.schema = Dataset::picture_schema();
  options.head.classes = {"cat", "dog", "owl"};
  options.head.source_fingerprint = 77;
  options.head.expected_records = kRecords;
  options.commit_bytes = 600;  // several chunks
  return options;
}

// Record ids in another order than that of the places: 5 and 23 have no common divisor.
uint64_t id_at(uint64_t place) { return place * 5 % kRecords; }

void pack(const std::string& dest, FileSystem& fs) {
  const auto writer = Hdf5RecordWriter::open(dest, options_for(), fs);
  if (writer->already_complete()) return;
  for (uint64_t place = writer->resume_source_position(); place < kRecords; ++place) {
    const uint64_t id = id_at(place);
    const std::string text = record_text(id), name = "n/" + std::to_string(id) + ".jpg";
    writer->append({.id = id,
                    .name = name,
                    .label = static_cast<int64_t>(id % 3),
                    .verified = id % 2 == 0,
                    .source_position = place,
                    .bytes = bytes_of(text)});
  }
  writer->finish();
}

template <class T>
std::vector<T> part_of(const std::string& path, const Hdf5Layout& layout, Hdf5Layout::Part part) {
  std::vector<T> out(layout.parts[part].elements);
  File(FileSystem::real(), path, OpenMode::kRead)
      .read_exactly(layout.parts[part].offset, std::as_writable_bytes(std::span(out)));
  return out;
}

void expect_all_records(const std::string& path) {
  const Hdf5Layout layout = read_hdf5_layout(path, FileSystem::real().stat(path).bytes);
  ASSERT_EQ(layout.records(), kRecords);
  EXPECT_EQ(layout.head.classes, options_for().head.classes);
  EXPECT_EQ(layout.head.fingerprint(), 77u);
  const auto bytes = part_of<char>(path, layout, Hdf5Layout::kBytes);
  const auto ends = part_of<uint64_t>(path, layout, Hdf5Layout::kOffsets);
  const auto ids = part_of<uint64_t>(path, layout, Hdf5Layout::kId);
  const auto labels = part_of<int32_t>(path, layout, Hdf5Layout::kLabel);
  const auto sums = part_of<uint64_t>(path, layout, Hdf5Layout::kChecksum);
  const auto verified = part_of<uint8_t>(path, layout, Hdf5Layout::kVerified);
  const auto names = part_of<char>(path, layout, Hdf5Layout::kNames);
  const auto name_ends = part_of<uint64_t>(path, layout, Hdf5Layout::kNameOffsets);
  for (uint64_t i = 0; i < kRecords; ++i) {
    ASSERT_EQ(ids[i], id_at(i));
    EXPECT_EQ(std::string(bytes.data() + ends[i], bytes.data() + ends[i + 1]), record_text(ids[i]));
    EXPECT_EQ(labels[i], static_cast<int32_t>(ids[i] % 3));
    EXPECT_EQ(sums[i], checksum(record_text(ids[i])));
    EXPECT_EQ(verified[i], ids[i] % 2 == 0 ? 1 : 0);
    EXPECT_EQ(std::string(names.data() + name_ends[i], names.data() + name_ends[i + 1]),
              "n/" + std::to_string(ids[i]) + ".jpg");
  }
}

TEST(Hdf5RecordWriter, KeepsEveryRecordWithItsIdLabelNameAndChecksum) {
  const TempFolder folder;
  pack(folder / "set.h5", FileSystem::real());
  expect_all_records(folder / "set.h5");
  EXPECT_FALSE(std::filesystem::exists(folder / "set.h5.partial"));
}

TEST(Hdf5RecordWriter, GoesOnAfterACrashAtAnyOperation) {
  FaultyFileSystem counting;
  uint64_t operations = 0;
  {
    const TempFolder folder;
    pack(folder / "set.h5", counting);
    operations = counting.operations();
  }
  ASSERT_GT(operations, 40u);
  for (uint64_t k = 2; k < 2 * operations + 2; ++k) {
    const uint64_t n = k / 2;
    const TempFolder folder;
    FaultyFileSystem fs({{.nth = n, .does = k % 2 == 0 ? PlannedFault::Does::kCrash : PlannedFault::Does::kCrashTorn}});
    try {
      pack(folder / "set.h5", fs);
    } catch (const Error&) {}
    ASSERT_TRUE(fs.crashed()) << n;
    if (std::filesystem::exists(folder / "set.h5")) expect_all_records(folder / "set.h5");
    pack(folder / "set.h5", FileSystem::real());
    expect_all_records(folder / "set.h5");
    EXPECT_FALSE(std::filesystem::exists(folder / "set.h5.partial")) << n;
    if (HasFailure()) FAIL() << "crash at operation " << n;
  }
}

TEST(Hdf5RecordWriter, RefusesAnIdThatIsTwiceInIt) {
  const TempFolder folder;
  const auto writer = Hdf5RecordWriter::open(folder / "set.h5", options_for());
  for (uint64_t i = 0; i < 2; ++i) writer->append({.id = 0, .name = "a", .source_position = i, .bytes = {}});
  EXPECT_NE(error_of([&] { writer->finish(); }).find("id 0 is in it twice"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "set.h5"));
}

TEST(Hdf5RecordWriter, LeavesWhatOthersWroteAlone) {
  const TempFolder folder;
  folder.put("set.h5", "something");
  EXPECT_NE(error_of([&] { Hdf5RecordWriter::open(folder / "set.h5", options_for()); }).find("did not write it"),
            std::string::npos);
  folder.put("other.h5.partial/mine", "x");
  EXPECT_NE(error_of([&] { Hdf5RecordWriter::open(folder / "other.h5", options_for()); }).find("did not write it"),
            std::string::npos);
  EXPECT_EQ(text_of(folder / "set.h5"), "something");
}

TEST(Hdf5RecordWriter, SecondWriterOfOneDestIsRefused) {
  const TempFolder folder;
  const auto first = Hdf5RecordWriter::open(folder / "set.h5", options_for());
  EXPECT_NE(error_of([&] { Hdf5RecordWriter::open(folder / "set.h5", options_for()); }).find("another program"),
            std::string::npos);
}

TEST(Hdf5Layout, FlippedBytesAreAnErrorAndNeverACrash) {
  const TempFolder folder;
  pack(folder / "set.h5", FileSystem::real());
  const std::string whole = text_of(folder / "set.h5");
  const uint64_t description_bytes = read_hdf5_layout(folder / "set.h5", whole.size()).parts[Hdf5Layout::kBytes].offset;
  uint64_t refused = 0, state = 1;
  for (int i = 0; i < 600; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    std::string bad = whole;
    bad[(state >> 33) % std::min<uint64_t>(description_bytes, bad.size())] ^= static_cast<char>(1u << (i % 8));
    const std::string path = folder.put("bad.h5", bad);
    try {
      const Hdf5Layout layout = read_hdf5_layout(path, bad.size());
      for (size_t part = 0; part < Hdf5Layout::kParts; ++part) {
        const uint64_t bytes = layout.parts[part].elements * kind_of(static_cast<Hdf5Layout::Part>(part)).element_bytes;
        ASSERT_LE(layout.parts[part].offset + bytes, bad.size());
      }
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::kData);
      ++refused;
    }
  }
  EXPECT_GT(refused, 50u);
}

TEST(Hdf5Layout, TruncatedEmptyAndOtherFilesAreRefused) {
  const TempFolder folder;
  pack(folder / "set.h5", FileSystem::real());
  const std::string whole = text_of(folder / "set.h5");
  for (const size_t bytes : {size_t{0}, size_t{7}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    const std::string path = folder.put("cut.h5", whole.substr(0, bytes));
    EXPECT_TRUE(error_of([&] { read_hdf5_layout(path, bytes); }).starts_with("data: cannot use")) << bytes;
  }
  const std::string path = folder.put("text.h5", std::string(3000, 'x'));
  EXPECT_FALSE(is_hdf5_layout(path));
  EXPECT_NE(error_of([&] { read_hdf5_layout(path, 3000); }).find("cannot be opened as HDF5"), std::string::npos);
}

}  // namespace
}  // namespace penstock::io
