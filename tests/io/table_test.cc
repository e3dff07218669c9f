#include <cerrno>
#include <filesystem>
#include <limits>

#include <gmock/gmock.h>
// Read back by the library itself.
#include <hdf5/serial/hdf5.h>

#include "io/file/faulty_file_system.h"
#include "io/table/csv_writer.h"
#include "io/table/hdf5_writer.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kColumns{"file", "label", "p"};

TEST(CsvWriter, QuotesWhatNeedsIt) {
  TempFolder folder;
  CsvWriter csv(FileSystem::real(), folder / "f.csv", kColumns);
  csv.add("plain.jpg").add(int64_t{-3}).add(0.1f).end_row();
  csv.add("a, \"b\".jpg").add(int64_t{0}).add(std::numeric_limits<double>::quiet_NaN()).end_row();
  csv.add("two\nlines").add("").add(1e-30).end_row();
  EXPECT_EQ(csv.rows(), 3u);
  EXPECT_FALSE(std::filesystem::exists(folder / "f.csv"));
  csv.finish();
  EXPECT_EQ(text_of(folder / "f.csv"),
            "file,label,p\nplain.jpg,-3,0.1\n\"a, \"\"b\"\".jpg\",0,nan\n\"two\nlines\",,1e-30\n");
}

TEST(CsvWriter, AFullDiskLeavesWhatWasThere) {
  TempFolder folder;
  folder.put("f.csv", "old");
  FaultyFileSystem fs({{.op = FileOp::kWrite, .errno_value = ENOSPC}});
  EXPECT_THAT(error_of([&] {
                CsvWriter csv(fs, folder / "f.csv", kColumns);
                csv.finish();
              }),
              HasSubstr("free some space"));
  EXPECT_EQ(text_of(folder / "f.csv"), "old");
}

template <class T>
std::vector<T> read_set(hid_t file, const char* name, hid_t type, std::vector<hsize_t>* shape) {
  const hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  const hid_t space = H5Dget_space(set);
  shape->resize(static_cast<size_t>(H5Sget_simple_extent_ndims(space)));
  H5Sget_simple_extent_dims(space, shape->data(), nullptr);
  std::vector<T> values(static_cast<size_t>(H5Sget_simple_extent_npoints(space)));
  EXPECT_GE(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
  H5Sclose(space);
  H5Dclose(set);
  return values;
}

TEST(Hdf5Writer, RowBatchesComeBackAsOneTable) {
  TempFolder folder;
  {
    const auto writer = Hdf5Writer::open(
        folder / "f.h5", {{"features", DType::kF32, 3}, {"id", DType::kI64, 1}, {.name = "file", .text = true}});
    for (int64_t batch = 0; batch < 40; ++batch) {
      std::vector<float> features;
      std::vector<int64_t> ids;
      std::vector<std::string> files;
      for (int64_t i = 0; i <= batch % 3; ++i) {
        ids.push_back(batch * 10 + i);
        for (int64_t k = 0; k < 3; ++k) features.push_back(static_cast<float>(ids.back() + k * 1000));
        files.push_back("ä" + std::to_string(ids.back()));
      }
      writer->append(0, features);
      writer->append(1, ids);
      writer->append(2, files);
    }
    EXPECT_FALSE(std::filesystem::exists(folder / "f.h5"));
    writer->finish();
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "f.h5.partial"));
  const hid_t file = H5Fopen((folder / "f.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  std::vector<hsize_t> shape;
  const auto ids = read_set<int64_t>(file, "id", H5T_NATIVE_INT64, &shape);
  EXPECT_THAT(shape, ElementsAre(79, 1));
  const auto features = read_set<float>(file, "features", H5T_NATIVE_FLOAT, &shape);
  EXPECT_THAT(shape, ElementsAre(79, 3));
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, H5T_VARIABLE);
  H5Tset_cset(text, H5T_CSET_UTF8);
  const auto files = read_set<char*>(file, "file", text, &shape);
  EXPECT_THAT(shape, ElementsAre(79));
  for (size_t i = 0; i < 79; ++i) {
    EXPECT_EQ(features[i * 3 + 2], static_cast<float>(ids[i] + 2000));
    EXPECT_EQ(files[i], "ä" + std::to_string(ids[i]));
    H5free_memory(files[i]);
  }
  H5Tclose(text);
  H5Fclose(file);
}

TEST(Hdf5Writer, WhatIsAtDestStaysUntilFinish) {
  TempFolder folder;
  { const auto writer = Hdf5Writer::open(folder / "f.h5", {{"x", DType::kF32, 1}}); }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  folder.put("f.h5", "old");
  { const auto writer = Hdf5Writer::open(folder / "f.h5", {{"x", DType::kF32, 1}}); }
  EXPECT_EQ(text_of(folder / "f.h5"), "old");
  Hdf5Writer::open(folder / "f.h5", {{"x", DType::kF32, 1}})->finish();
  EXPECT_EQ(text_of(folder / "f.h5").substr(1, 3), "HDF");
  EXPECT_THAT(error_of([&] { Hdf5Writer::open(folder / "none/f.h5", {}); }), HasSubstr("No such file"));
  FaultyFileSystem fs({{.op = FileOp::kRename, .errno_value = ENOSPC}});
  EXPECT_THAT(error_of([&] {
                Hdf5Writer::open(folder / "g.h5", {{"x", DType::kF32, 1}}, fs)->finish();
              }),
              HasSubstr("rename"));
  EXPECT_FALSE(std::filesystem::exists(folder / "g.h5"));
}

TEST(Hdf5Writer, ColumnsOfDifferentLengthAreABrokenPromise) {
  TempFolder folder;
  const auto writer = Hdf5Writer::open(folder / "f.h5", {{"x", DType::kF32, 1}, {"y", DType::kF32, 1}});
  writer->append(0, std::vector<float>{1.f});
  EXPECT_THAT(error_of([&] { writer->finish(); }), HasSubstr("differ in rows"));
}

}  // namespace
}  // namespace penstock::io
