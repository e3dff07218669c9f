#include "io/table/feature_table.h"

#include <filesystem>
#include <limits>

#include <gmock/gmock.h>

#include "io/table/hdf5_writer.h"
#include "tests/io/temp_folder.h"
#include "tests/support/feature_file.h"

namespace penstock::io {
namespace {

using test::FeatureRow;
using test::write_features;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal(const std::string& path, Code code) {
  try {
    const auto table = open_features(path);
    std::vector<float> values(table->rows() * table->width());
    table->read(0, values);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << path << " was not refused";
  return "";
}

std::vector<FeatureRow> many(int64_t rows) {
  std::vector<FeatureRow> out;
  for (int64_t i = 0; i < rows; ++i) {
    const bool bad = i % 7 == 3 || (i > 100 && i < 120);
    out.push_back({.id = 3 * i, .values = {static_cast<float>(i), -0.5f, 1e-30f}, .error = bad ? "cut, short" : ""});
  }
  return out;
}

TEST(FeatureTable, AnyPartComesBackWithoutTheRowsThatHoldErrors) {
  TempFolder folder;
  const std::vector<FeatureRow> rows = many(1500);
  std::vector<int64_t> good;
  for (const FeatureRow& row : rows)
    if (row.error.empty()) good.push_back(row.id);
  for (const char* name : {"f.h5", "f.csv"}) {
    write_features(folder / name, 3, rows);
    const auto table = open_features(folder / name);
    ASSERT_EQ(table->rows(), good.size()) << name;
    EXPECT_EQ(table->width(), 3u);
    EXPECT_EQ(table->faults(), rows.size() - good.size());
    EXPECT_EQ(table->listed_faults().size(), FeatureTable::kFaultsListed);
    EXPECT_EQ(table->listed_faults()[1].id, 30);
    EXPECT_EQ(table->listed_faults()[1].error, "cut, short");
    // Forwards, backwards, across the gap, one row, none.
    for (const auto& [first, count] : std::vector<std::pair<size_t, size_t>>{
             {0, 50}, {50, 300}, {350, 1}, {80, 30}, {0, good.size()}, {good.size() - 1, 1}, {300, 0}, {255, 2}}) {
      std::vector<float> values(count * 3);
      std::vector<FeatureName> names(count);
      std::vector<int64_t> ids(count);
      table->read(first, values);
      table->read_names(first, names);
      table->read_ids(first, ids);
      for (size_t i = 0; i < count; ++i) {
        const int64_t id = good[first + i];
        ASSERT_EQ(ids[i], id) << name << " " << first;
        ASSERT_EQ(names[i].id, id);
        ASSERT_EQ(names[i].file, "a, \"" + std::to_string(id) + "\".jpg");
        ASSERT_EQ(values[3 * i], static_cast<float>(id / 3));
        ASSERT_EQ(values[3 * i + 2], 1e-30f);
      }
    }
  }
}

TEST(FeatureTable, ForeignFilesNeedNoNames) {
  TempFolder folder;
  {
    const auto writer = Hdf5Writer::open(folder / "f.h5", {{.name = "features", .width = 2}});
    writer->append(0, std::vector<float>{1, 2, 3, 4});
    writer->finish();
  }
  folder.put("f.csv", "f0,f1\r\n1,2\r\n3,4");  // no line feed at its end
  for (const char* name : {"f.h5", "f.csv"}) {
    const auto table = open_features(folder / name);
    std::vector<float> values(4);
    std::vector<FeatureName> names(2);
    table->read(0, values);
    table->read_names(0, names);
    EXPECT_THAT(values, ElementsAre(1, 2, 3, 4)) << name;
    EXPECT_EQ(names[1].id, 1);
    EXPECT_EQ(names[1].file, "");
  }
}

TEST(FeatureTable, ValuesThatAreNotFiniteNameTheirRow) {
  TempFolder folder;
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  for (const char* name : {"f.h5", "f.csv"}) {
    write_features(folder / name, 2, {{.id = 10, .values = {1, 2}}, {.id = 20, .values = {3, nan}}});
    EXPECT_THAT(refusal(folder / name, Code::kData), HasSubstr("feature 1 of the row with id 20"));
    write_features(folder / name, 2, {{.id = 10, .values = {-inf, 2}}});
    EXPECT_THAT(refusal(folder / name, Code::kData), HasSubstr("is infinite"));
  }
  write_features(folder / "f.h5", 2, {{.id = 10, .values = {1, 2}}, {.id = 30, .values = {1, -1e19f}}});
  EXPECT_THAT(refusal(folder / "f.h5", Code::kData), HasSubstr("the row with id 30"));
  EXPECT_THAT(refusal(folder / "f.h5", Code::kData), HasSubstr("too large: distances between such rows overflow"));
  folder.put("large.csv", "f0\n1e60\n");
  EXPECT_THAT(refusal(folder / "large.csv", Code::kData), HasSubstr("is infinite"));
}

TEST(FeatureTable, WhatHoldsNoFeaturesIsRefusedWithAWayOut) {
  TempFolder folder;
  folder.put("p.csv", "id,file,label_predicted,class,probability,error\n0,a.jpg,1,dog,0.9,\n");
  EXPECT_THAT(refusal(folder / "p.csv", Code::kUsage), HasSubstr("it holds predictions"));
  folder.put("empty.csv", "");
  EXPECT_THAT(refusal(folder / "empty.csv", Code::kUsage), HasSubstr("is empty"));
  folder.put("f.txt", "f0\n1\n");
  EXPECT_THAT(refusal(folder / "f.txt", Code::kUsage), HasSubstr("neither in .h5 nor in .csv"));
  EXPECT_THAT(refusal(folder / "none.h5", Code::kUsage), HasSubstr("there is no file"));
  std::filesystem::create_directory(folder / "folder.h5");
  EXPECT_THAT(refusal(folder / "folder.h5", Code::kUsage), HasSubstr("is a folder"));
  folder.put("text.h5", "no HDF5");
  EXPECT_THAT(refusal(folder / "text.h5", Code::kData), HasSubstr("as HDF5"));
  {
    const auto writer = Hdf5Writer::open(folder / "p.h5", {{.name = "probabilities", .width = 2}});
    writer->finish();
  }
  EXPECT_THAT(refusal(folder / "p.h5", Code::kUsage), HasSubstr("but predictions"));
  {
    const auto writer = Hdf5Writer::open(folder / "t.h5", {{.name = "features", .text = true}});
    writer->finish();
  }
  EXPECT_THAT(refusal(folder / "t.h5", Code::kUsage), HasSubstr("dimensions"));
}

TEST(FeatureTable, DamageIsNamed) {
  TempFolder folder;
  folder.put("cells.csv", "f0,f1\n1,2\n3\n");
  EXPECT_THAT(refusal(folder / "cells.csv", Code::kData), HasSubstr("has 1 cells"));
  folder.put("words.csv", "f0,f1\n1,dog\n");
  EXPECT_THAT(refusal(folder / "words.csv", Code::kData), HasSubstr("'dog'"));
  folder.put("quote.csv", "file,f0\n\"a.jpg,1\n");
  EXPECT_THAT(refusal(folder / "quote.csv", Code::kData), HasSubstr("within quotes"));
  write_features(folder / "f.h5", 3, many(3000));
  std::filesystem::resize_file(folder / "f.h5", std::filesystem::file_size(folder / "f.h5") / 2);
  refusal(folder / "f.h5", Code::kData);
}

}  // namespace
}  // namespace penstock::io
