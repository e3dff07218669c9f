// HDF5 tables: arrays side by side, compound, two-dimensional; what is refused.
#include <array>
#include <cstring>
#include <filesystem>

#include <gmock/gmock.h>
#include <hdf5/serial/hdf5.h>

#include "tests/io/table/made_table.h"
#include "tests/io/temp_folder.h"
#include "tests/support/data_dir.h"

namespace penstock::io {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A file that is being made.
struct Made {
  explicit Made(const std::string& path) : file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}
  ~Made() { H5Fclose(file); }
  hid_t put(const char* name, hid_t type, std::vector<hsize_t> shape, const void* values, hsize_t chunk = 0) const {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk > 0) {
      shape[0] = chunk;
      H5Pset_chunk(how, static_cast<int>(shape.size()), shape.data());
      H5Pset_deflate(how, 4);
    }
    const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    EXPECT_GE(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    H5Sclose(space);
    H5Pclose(how);
    return set;
  }
  hid_t file;
};

hid_t text_type(size_t bytes) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, bytes);
  return type;
}

TEST(Hdf5Table, ArraysOfOneLengthAreColumns) {
  TempFolder folder;
  {
    const Made made(folder / "t.h5");
    const std::array<int16_t, 3> a{1, 2, 3};
    const std::array<float, 3> b{0.5f, std::numeric_limits<float>::quiet_NaN(), -2};
    const char fixed[] = "ab\0cdexyz";
    const std::array<const char*, 3> c{"", "variable", "x"};
    const std::array<uint64_t, 3> u{1, UINT64_MAX, 2};
    H5Dclose(made.put("a", H5T_STD_I16BE, {3}, a.data()));
    H5Dclose(made.put("b", H5T_NATIVE_FLOAT, {3, 1}, b.data(), 2));
    H5Dclose(made.put("fixed", text_type(3), {3}, fixed));
    H5Dclose(made.put("vlen", text_type(H5T_VARIABLE), {3}, c.data()));
    H5Dclose(made.put("u", H5T_NATIVE_UINT64, {3}, u.data()));
  }
  EXPECT_FALSE(is_table(folder / "t.h5")) << "the ending is that of pictures";
  const auto table = open_columns("table-hdf5:" + folder.path() + "/t.h5");
  EXPECT_EQ(table->schema().text(), "a int, b real, fixed text, u int, vlen text");
  const auto lines = lines_of(*table);
  EXPECT_EQ(lines[0], "256|0.5|'ab'|1|''") << "written as bytes of the other order";
  EXPECT_EQ(lines[1], "bad: the number 18446744073709551615 needs more than 63 bits");
  EXPECT_EQ(lines[2].substr(lines[2].find('|')), "|-2|'xyz'|2|'x'");
}

TEST(Hdf5Table, MembersOfACompoundArrayAreColumns) {
  struct Row {
    int32_t id;
    double values[2];
    char name[4];
    int8_t flag;
  };
  TempFolder folder;
  std::vector<Row> rows;
  for (int i = 0; i < 1000; ++i) {
    Row row{i, {i / 2.0, -i / 4.0}, "", static_cast<int8_t>(i % 2)};
    std::snprintf(row.name, sizeof row.name, "n%d", i % 10);
    rows.push_back(row);
  }
  {
    const Made made(folder / "t.h5");
    const hsize_t two = 2;
    const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(Row)), flag = H5Tenum_create(H5T_NATIVE_INT8);
    for (int8_t v = 0; v < 2; ++v) H5Tenum_insert(flag, v == 0 ? "FALSE" : "TRUE", &v);
    H5Tinsert(type, "id", HOFFSET(Row, id), H5T_NATIVE_INT32);
    H5Tinsert(type, "v", HOFFSET(Row, values), H5Tarray_create2(H5T_NATIVE_DOUBLE, 1, &two));
    H5Tinsert(type, "name", HOFFSET(Row, name), text_type(4));
    H5Tinsert(type, "flag", HOFFSET(Row, flag), flag);
    const hid_t group = H5Gcreate2(made.file, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dclose(made.put("g/rows", type, {rows.size()}, rows.data(), 128));
    H5Gclose(group);
  }
  for (const char* inside : {"", ":g", ":g/rows"}) {
    const auto table = open_columns("table-hdf5:" + folder.path() + "/t.h5" + inside);
    EXPECT_EQ(table->schema().text(), "id int, v_0 real, v_1 real, name text, flag bool");
    EXPECT_EQ(table->rows(), 1000u);
    EXPECT_EQ(lines_of(*table)[777], "777|388.5|-194.25|'n7'|1");
    TableBlock block;
    const std::vector<size_t> some{4, 2};
    table->fetch(0, some)->decode(998, 2, block);
    EXPECT_THAT(lines_of(block), ElementsAre("0|-249.5", "1|-249.75"));
  }
  EXPECT_THAT(error_of([&] { open_columns("table-hdf5:" + folder.path() + "/t.h5:h"); }),
              HasSubstr("nothing called 'h'"));
}

TEST(Hdf5Table, ATwoDimensionalArrayHasColumnsByAttributeOrNumber) {
  TempFolder folder;
  const std::array<int32_t, 6> values{1, 2, 3, 4, 5, 6};
  const std::array<const char*, 3> names{"x", "y", "z"};
  {
    H5Dclose(Made(folder / "plain.h5").put("data", H5T_NATIVE_INT32, {2, 3}, values.data()));
    const Made made(folder / "named.h5");
    const hid_t set = made.put("data", H5T_NATIVE_INT32, {2, 3}, values.data());
    const hsize_t three = 3;
    const hid_t type = text_type(H5T_VARIABLE), space = H5Screate_simple(1, &three, nullptr);
    const hid_t attribute = H5Acreate2(set, "columns", type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, names.data());
    H5Aclose(attribute);
    H5Dclose(set);
  }
  EXPECT_EQ(open_columns("table-hdf5:" + folder.path() + "/plain.h5")->schema().text(), "c0 int, c1 int, c2 int");
  const auto named = open_columns("table-hdf5:" + folder.path() + "/named.h5");
  EXPECT_EQ(named->schema().text(), "x int, y int, z int");
  EXPECT_THAT(lines_of(*named), ElementsAre("1|2|3", "4|5|6"));
  TableBlock block;
  const std::vector<size_t> last{2};
  named->fetch(0, last)->decode(0, 2, block);
  EXPECT_THAT(lines_of(block), ElementsAre("3", "6"));
}

TEST(Hdf5Table, WhatIsNoTableSaysWhatThereIs) {
  TempFolder folder;
  const std::array<int32_t, 6> values{1, 2, 3, 4, 5, 6};
  {
    const Made made(folder / "t.h5");
    H5Dclose(made.put("a", H5T_NATIVE_INT32, {6}, values.data()));
    H5Dclose(made.put("b", H5T_NATIVE_INT32, {5}, values.data()));
  }
  EXPECT_THAT(error_of([&] { open_columns("table-hdf5:" + folder.path() + "/t.h5"); }),
              AllOf(HasSubstr("usage: "), HasSubstr("differ in length"), HasSubstr("'b' (5)")));
  folder.put("x.h5", "no HDF5");
  EXPECT_THAT(error_of([&] { open_columns("table-hdf5:" + folder.path() + "/x.h5"); }), StartsWith("data: "));
}

TEST(Hdf5Table, OddFilesEndInAnErrorOrInRows) {
  const auto odd = test::data_dir("odd-files/hdf5/valid");
  if (odd.empty()) GTEST_SKIP() << "no odd files: set PENSTOCK_DATA";
  for (const auto& entry : std::filesystem::directory_iterator(odd)) {
    const std::string error = error_of([&] { lines_of(*open_columns("table-hdf5:" + entry.path().string())); });
    EXPECT_THAT(error, AnyOf("", StartsWith("data: "), StartsWith("usage: "))) << entry.path();
  }
}

}  // namespace
}  // namespace penstock::io
