#include "io/hdf5/array_dataset.h"

#include <filesystem>
#include <thread>

#include <gmock/gmock.h>

#include "io/data/open.h"
#include "tests/io/hdf5/made_file.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Pixels and labels of records, as read() gives them.
class Pixels final : public Intake {
 public:
  Pixels(const Dataset& data, std::vector<uint64_t> ids)
      : pixels(ids.size(), std::vector<uint8_t>(data.bytes() / data.size())), labels(ids.size()), reasons(ids.size()) {
    data.read(ids, *this);
  }
  size_t count() const override { return pixels.size(); }
  std::byte* row(size_t field, size_t i) override {
    return field == Hdf5ArrayDataset::kPixelsField ? reinterpret_cast<std::byte*>(pixels[i].data())
                                                   : reinterpret_cast<std::byte*>(&labels[i]);
  }
  std::byte* rows(size_t, size_t, size_t) override { return nullptr; }
  void lend(size_t, size_t, std::span<const std::byte>) override {}
  void absent(size_t, size_t) override {}
  void reject(size_t i, std::string reason) override { reasons[i] = std::move(reason); }

  std::vector<std::vector<uint8_t>> pixels;
  std::vector<int64_t> labels;
  std::vector<std::string> reasons;
};

std::string open_error(const std::string& path) {
  return error_of([&] { open(path, {.cache_folder = ""}); });
}

// Record `id` of MadeFile::counted, (N, H, W, C) as stored.
std::vector<uint8_t> counted(uint64_t id, size_t bytes) {
  std::vector<uint8_t> out(bytes);
  for (size_t i = 0; i < bytes; ++i) out[i] = static_cast<uint8_t>((id * bytes + i) % 251);
  return out;
}

// The same of (N, C, H, W), turned.
std::vector<uint8_t> counted_planes(uint64_t id, size_t pixels, size_t channels) {
  const std::vector<uint8_t> planes = counted(id, pixels * channels);
  std::vector<uint8_t> out(planes.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = planes[i % channels * pixels + i / channels];
  return out;
}

TEST(Hdf5Array, GivesTheSamePixelsContiguousChunkedAndCompressed) {
  const TempFolder folder;
  const std::vector<std::pair<std::string, MadeAs>> ways{{"whole.h5", {}},
                                                         {"chunked.h5", {.chunk = {3, 6, 7, 3}}},
                                                         {"packed.hdf5", {.chunk = {4, 6, 2, 3}, .compressed = true}}};
  uint64_t fingerprint = 0;
  for (const auto& [name, as] : ways) {
    {
      MadeFile file(folder / name);
      file.counted("images", {10, 6, 7, 3}, as);
      file.labels("labels", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    }
    const auto data = open(folder / name);
    EXPECT_EQ(data->format(), "hdf5");
    EXPECT_EQ(data->size(), 10u);
    EXPECT_EQ(data->schema().text(), "pixels u8 (N, 6, 7, 3)\nlabel i64 (N)\n");
    EXPECT_EQ(dynamic_cast<const Hdf5ArrayDataset&>(*data).is_contiguous(), as.chunk.empty()) << name;
    const Pixels got(*data, {7, 0, 9, 3});
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(got.pixels[i], counted(std::array{7u, 0u, 9u, 3u}[i], 126)) << name;
      EXPECT_EQ(got.reasons[i], "");
    }
    EXPECT_THAT(got.labels, ElementsAre(7, 0, 9, 3));
    if (fingerprint == 0) fingerprint = data->fingerprint();
    EXPECT_EQ(data->fingerprint(), fingerprint) << "a function of what is in it, not of how it lies";
    EXPECT_EQ(data->name(4), "images[4]");
  }
}

TEST(Hdf5Array, TurnsPlanesIntoPixelsAndGivesGreyOneChannel) {
  const TempFolder folder;
  for (const bool chunked : {false, true}) {
    {
      MadeFile file(folder / "a.h5");
      file.counted("x", {5, 3, 8, 9}, {.chunk = chunked ? std::vector<hsize_t>{2, 3, 8, 9} : std::vector<hsize_t>{}});
    }
    const auto data = open(folder / "a.h5");
    EXPECT_EQ(data->schema().text(), "pixels u8 (N, 8, 9, 3)\nlabel i64 (N)\n");
    EXPECT_EQ(Pixels(*data, {4}).pixels[0], counted_planes(4, 72, 3));
  }
  { MadeFile(folder / "grey.h5").counted("data", {5, 8, 9}); }
  const auto grey = open(folder / "grey.h5");
  EXPECT_EQ(grey->schema().text(), "pixels u8 (N, 8, 9, 1)\nlabel i64 (N)\n");
  EXPECT_EQ(Pixels(*grey, {2}).pixels[0], counted(2, 72));
}

TEST(Hdf5Array, MayLackLabelsAndSaysSo) {
  const TempFolder folder;
  { MadeFile(folder / "a.h5").counted("images", {3, 8, 8, 3}); }
  const auto data = open(folder / "a.h5");
  EXPECT_THAT(data->notes(), ElementsAre(HasSubstr("there are no labels beside 'images'")));
  EXPECT_THAT(Pixels(*data, {0, 2}).labels, ElementsAre(-1, -1));
}

TEST(Hdf5Array, TakesLabelsInAColumnAndOfAnyIntegerType) {
  const TempFolder folder;
  {
    MadeFile file(folder / "a.h5");
    file.counted("images", {3, 8, 8, 3});
    const std::array<uint8_t, 3> labels{2, 0, 1};
    file.array("y", H5T_STD_U8LE, {3, 1}, labels.data(), {});
  }
  EXPECT_THAT(Pixels(*open(folder / "a.h5"), {0, 1, 2}).labels, ElementsAre(2, 0, 1));
}

TEST(Hdf5Array, ClassesAreNumbersAndAreMatchedByName) {
  const TempFolder folder;
  {
    MadeFile file(folder / "a.h5");
    file.counted("images", {3, 8, 8, 3});
    file.labels("labels", {2, -1, 1});
  }
  EXPECT_THAT(open(folder / "a.h5")->class_names(), ElementsAre("0", "1", "2"));
  const auto data = open(folder / "a.h5", {.classes = {"3", "2", "1", "0"}});
  EXPECT_THAT(Pixels(*data, {0, 1, 2}).labels, ElementsAre(1, -1, 2));
  EXPECT_EQ(data->fingerprint(), open(folder / "a.h5")->fingerprint());
  EXPECT_THAT(error_of([&] { open(folder / "a.h5", {.classes = {"cat"}}); }), HasSubstr("a class '0'"));
}

TEST(Hdf5Array, GroupsTrainAndValAreSplits) {
  const TempFolder folder;
  {
    MadeFile file(folder / "a.h5");
    for (const char* group : {"test", "train", "val"}) file.group(group);
    file.counted("test/images", {1, 8, 8, 3});
    file.counted("train/images", {5, 8, 8, 3});
    file.counted("val/images", {3, 8, 8, 3});
    file.labels("val/labels", {2, 1, 0});
  }
  EXPECT_EQ(open(folder / "a.h5")->size(), 5u);
  EXPECT_TRUE(has_split(folder / "a.h5", Split::kVal));
  const auto val = open("hdf5:" + (folder / "a.h5"), {.split = Split::kVal});
  EXPECT_EQ(val->size(), 3u);
  EXPECT_THAT(Pixels(*val, {0, 2}).labels, ElementsAre(2, 0));
}

TEST(Hdf5Array, WhatDoesNotFitIsRefusedWithWhatIsThere) {
  const TempFolder folder;
  const std::string path = folder / "a.h5";
  const std::vector<float> floats(3 * 8 * 8 * 3);
  {
    MadeFile file(path);
    file.array("images", H5T_NATIVE_FLOAT, {3, 8, 8, 3}, floats.data(), {});
    file.counted("other", {4, 4});
  }
  EXPECT_THAT(open_error(path), testing::AllOf(HasSubstr("usage:"), HasSubstr("holds no array of pictures"),
                                               HasSubstr("'images' float32 (3, 8, 8, 3)"), HasSubstr("'other'")));
  { MadeFile file(path); }
  EXPECT_THAT(open_error(path), HasSubstr("in it: no arrays"));
  { MadeFile(path).counted("images", {0, 8, 8, 3}); }
  EXPECT_THAT(open_error(path), HasSubstr("holds no pictures"));
  {
    MadeFile file(path);
    file.counted("images", {3, 8, 8, 3});
    file.labels("labels", {1, 2});
  }
  EXPECT_THAT(open_error(path), HasSubstr("there are 2 labels in 'labels' for 3 pictures"));
  {
    MadeFile file(path);
    file.counted("images", {3, 8, 8, 3});
    file.array("labels", H5T_NATIVE_FLOAT, {3}, floats.data(), {});
  }
  EXPECT_THAT(open_error(path), HasSubstr("the labels 'labels' are float32 (3), not integers (N)"));
  {
    MadeFile file(path);
    file.counted("images", {3, 8, 8, 3});
    const std::array<int64_t, 3> none{};
    file.array("labels", H5T_STD_I64LE, {3}, none.data(), {.late = true});
  }
  EXPECT_THAT(open_error(path), HasSubstr("never written"));
  EXPECT_THAT(open_error(folder.put("no.h5", "text")), HasSubstr("does not begin like one"));
  EXPECT_THAT(error_of([&] { open("hdf5:" + (folder / "no.h5")); }), HasSubstr("cannot be opened as HDF5"));
  EXPECT_THAT(error_of([&] { open(path, {.labels = "x.csv"}); }), HasSubstr("one too many"));
}

TEST(Hdf5Array, PicturesThatWereNeverWrittenAreZeros) {
  const TempFolder folder;
  { MadeFile(folder / "a.h5").counted("images", {3, 8, 8, 3}, {.late = true}); }
  EXPECT_EQ(Pixels(*open(folder / "a.h5"), {1}).pixels[0], std::vector<uint8_t>(192));
}

TEST(Hdf5Array, CutShortIsRefusedAndNeverCrashes) {
  const TempFolder folder;
  for (const bool chunked : {false, true}) {
    {
      MadeFile file(folder / "a.h5");
      file.counted(
          "images", {40, 8, 8, 3},
          {.chunk = chunked ? std::vector<hsize_t>{4, 8, 8, 3} : std::vector<hsize_t>{}, .compressed = chunked});
      file.labels("labels", std::vector<int64_t>(40, 1));
    }
    const std::string whole = text_of(folder / "a.h5");
    for (size_t bytes = 8; bytes < whole.size(); bytes += 97) {
      const std::string path = folder.put("cut.h5", whole.substr(0, bytes));
      EXPECT_THAT(open_error(path), HasSubstr("cannot use")) << bytes;
    }
  }
}

TEST(Hdf5Array, CutShortAfterItWasOpenedRejectsTheRecordsThatAreGone) {
  const TempFolder folder;
  { MadeFile(folder / "a.h5").counted("images", {40, 8, 8, 3}); }
  const auto data = open(folder / "a.h5");
  std::filesystem::resize_file(folder / "a.h5", data->locate(20).offset + 10);
  const Pixels got(*data, {3, 20, 39});
  EXPECT_EQ(got.reasons[0], "");
  EXPECT_THAT(got.reasons[1], HasSubstr("was cut short"));
  EXPECT_THAT(got.reasons[2], HasSubstr("was cut short"));
}

TEST(Hdf5Array, ADamagedChunkIsARejectedRecord) {
  const TempFolder folder;
  {
    MadeFile file(folder / "a.h5");
    file.counted("images", {200, 8, 8, 3}, {.chunk = {1, 8, 8, 3}, .compressed = true});
  }
  // Every byte of the packed chunk of one record that opening does not look at.
  const auto before = open(folder / "a.h5");
  std::string bytes = text_of(folder / "a.h5");
  const size_t header = bytes.find("\x78\x5e", bytes.size() / 2);
  ASSERT_NE(header, std::string::npos);
  for (size_t i = 0; i < 8; ++i) bytes[header + i] = '\x55';
  folder.put("bad.h5", bytes);
  try {
    const auto data = open(folder / "bad.h5");
    std::vector<uint64_t> all(200);
    std::iota(all.begin(), all.end(), 0);
    const Pixels got(*data, all);
    EXPECT_EQ(std::count_if(got.reasons.begin(), got.reasons.end(), [](const auto& r) { return !r.empty(); }), 1);
  } catch (const Error& error) { EXPECT_EQ(error.code(), Code::kData); }
}

// Of arrays that lie in one piece, which are read by offset. What is chunked is unpacked by the HDF5 library, which trusts the description of chunks.
TEST(Hdf5Array, FlippedBytesAreNeverACrash) {
  const TempFolder folder;
  {
    MadeFile file(folder / "a.h5");
    file.counted("images", {6, 8, 8, 3});
    file.labels("labels", {0, 1, 2, 3, 4, 5});
  }
  const std::string whole = text_of(folder / "a.h5");
  for (size_t at = 0; at < whole.size(); at += 3) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    const std::string path = folder.put("bad.h5", bad);
    try {
      const auto data = open(path);
      if (data->size() <= 100) Pixels(*data, {0, data->size() - 1});
    } catch (const Error&) {}
  }
}

TEST(Hdf5Array, IsReadByManyThreadsAtOnce) {
  const TempFolder folder;
  { MadeFile(folder / "a.h5").counted("images", {64, 8, 8, 3}, {.chunk = {8, 8, 8, 3}, .compressed = true}); }
  const auto data = open(folder / "a.h5");
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (uint64_t id = t; id < 64; id += 4) wrong += Pixels(*data, {id}).pixels[0] != counted(id, 192);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace penstock::io
