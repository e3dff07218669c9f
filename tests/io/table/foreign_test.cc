// Arrow and Parquet files that others wrote: every type, several files, what is refused, what is damaged.
#include <filesystem>

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <gmock/gmock.h>
#include <parquet/arrow/writer.h>

#include "io/table/arrow/arrow_table.h"
#include "io/table/arrow/parquet_table.h"
#include "tests/io/table/made_table.h"
#include "tests/io/temp_folder.h"
#include "tests/support/data_dir.h"

namespace penstock::io {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

template <class Builder, class Value>
std::shared_ptr<arrow::Array> array_of(Builder builder, const std::vector<std::optional<Value>>& values) {
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return *builder.Finish();
}

template <class Type, class Value = typename Type::c_type>
std::shared_ptr<arrow::Array> numbers(
    const std::vector<std::optional<Value>>& values,
    const std::shared_ptr<arrow::DataType>& type = arrow::TypeTraits<Type>::type_singleton()) {
  return array_of(typename arrow::TypeTraits<Type>::BuilderType(type, arrow::default_memory_pool()), values);
}
template <class Builder>
std::shared_ptr<arrow::Array> texts(const std::vector<std::optional<std::string>>& values) {
  return array_of(Builder(), values);
}

std::shared_ptr<arrow::Table> every_type() {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  const auto add = [&](const char* name, const std::shared_ptr<arrow::Array>& array) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  };
  add("i8", numbers<arrow::Int8Type>({-128, {}, 127}));
  add("u16", numbers<arrow::UInt16Type>({0, 65535, {}}));
  add("i64", numbers<arrow::Int64Type>({{}, INT64_MIN, INT64_MAX}));
  add("f32", numbers<arrow::FloatType>({0.5f, {}, std::numeric_limits<float>::quiet_NaN()}));
  add("f64", numbers<arrow::DoubleType>({1e300, -1.5, {}}));
  add("bool", numbers<arrow::BooleanType, bool>({true, {}, false}));
  add("text", texts<arrow::StringBuilder>({"a", {}, ""}));
  add("large", texts<arrow::LargeStringBuilder>({{}, "b\nc", "d"}));
  add("coded", array_of(arrow::StringDictionaryBuilder(), std::vector<std::optional<std::string>>{"x", {}, "x"}));
  add("date", numbers<arrow::Date32Type>({0, -1, {}}));
  add("ms", numbers<arrow::TimestampType, int64_t>({1999, -1, {}}, arrow::timestamp(arrow::TimeUnit::MILLI)));
  add("us",
      numbers<arrow::TimestampType, int64_t>({1'999'999, {}, -1}, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")));
  add("decimal",
      array_of(arrow::Decimal128Builder(arrow::decimal128(9, 2)),
               std::vector<std::optional<arrow::Decimal128>>{arrow::Decimal128(-1234), {}, arrow::Decimal128(5)}));
  const auto list =
      std::make_shared<arrow::ListBuilder>(arrow::default_memory_pool(), std::make_shared<arrow::Int32Builder>());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(list->Append().ok());
  add("list", *list->Finish());
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

const std::vector<std::string> kEveryType{"-128|0|-|0.5|1.0000000000000001e+300|1|'a'|-|'x'|0|1|1|-12.34",
                                          "-|65535|-9223372036854775808|-|-1.5|-|-|'b\nc'|-|-1|-1|-|-",
                                          "127|-|9223372036854775807|-|-|0|''|'d'|'x'|-|-|-1|0.050000000000000003"};

void write_arrow(const std::string& path, const arrow::Table& table, int64_t rows,
                 arrow::ipc::IpcWriteOptions how = arrow::ipc::IpcWriteOptions::Defaults()) {
  const auto out = *arrow::io::FileOutputStream::Open(path);
  const auto writer = *arrow::ipc::MakeFileWriter(out, table.schema(), how);
  ASSERT_TRUE(writer->WriteTable(table, rows).ok());
  ASSERT_TRUE(writer->Close().ok() && out->Close().ok());
}

void write_parquet(const std::string& path, const arrow::Table& table, int64_t rows) {
  const auto out = *arrow::io::FileOutputStream::Open(path);
  ASSERT_TRUE(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), out, rows,
                                         parquet::WriterProperties::Builder().enable_page_checksum()->build())
                  .ok());
  ASSERT_TRUE(out->Close().ok());
}

std::shared_ptr<arrow::Table> sevens(int64_t rows, const char* name = "n") {
  arrow::Int64Builder n;
  arrow::StringBuilder s;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(n.Append(7 * i).ok());
    EXPECT_TRUE(s.Append("s" + std::to_string(i % 50)).ok());
  }
  return arrow::Table::Make(arrow::schema({arrow::field(name, arrow::int64()), arrow::field("s", arrow::utf8())}),
                            arrow::ArrayVector{*n.Finish(), *s.Finish()});
}

TEST(ForeignTables, GiveEveryTypeAndNameWhatTheyLeaveOut) {
  TempFolder folder;
  write_arrow(folder / "a.arrow", *every_type(), 2);
  write_parquet(folder / "a.parquet", *every_type(), 2);
  for (const char* name : {"a.arrow", "a.parquet"}) {
    const auto table = open_columns(folder / name);
    EXPECT_EQ(lines_of(*table), kEveryType) << name;
    EXPECT_EQ(table->pieces(), 2u);
    EXPECT_EQ(table->piece_begin(1), 2u);
    EXPECT_THAT(table->notes(), Contains(HasSubstr("column 'list'"))) << name;
    EXPECT_THAT(table->notes(), Contains(HasSubstr("column 'decimal'"))) << name;
    EXPECT_LE(table->fetch(0, all_columns(*table))->bytes(), table->max_piece_bytes(all_columns(*table))) << name;
  }
}

TEST(ForeignTables, GiveSingleRowsOfSomeColumns) {
  TempFolder folder;
  write_arrow(folder / "a.arrow", *every_type(), 3);
  write_parquet(folder / "a.parquet", *every_type(), 3);
  for (const char* name : {"a.arrow", "a.parquet"}) {
    const auto table = open_columns(folder / name);
    const std::vector<size_t> columns{12, 8, 0};
    const std::vector<uint32_t> rows{2, 0, 2};
    TableBlock block;
    const auto fetched = table->fetch(0, columns);
    fetched->decode(rows, block);
    EXPECT_THAT(lines_of(block),
                ElementsAre("0.050000000000000003|'x'|127", "-12.34|'x'|-128", "0.050000000000000003|'x'|127"));
  }
}

TEST(ForeignTables, ALargeRowGroupIsReadInPiecesAndGivesTheSameRows) {
  TempFolder folder;
  write_parquet(folder / "a.parquet", *sevens(5000), 4000);
  const auto whole = open_columns(folder / "a.parquet");
  EXPECT_EQ(whole->pieces(), 2u);
  EXPECT_THAT(whole->notes(), IsEmpty());
  const auto cut = open_parquet(folder / "a.parquet", FileSystem::real(), 32768);
  EXPECT_GT(cut->pieces(), 5u);
  EXPECT_EQ(cut->rows(), 5000u);
  EXPECT_THAT(cut->notes(), ElementsAre(HasSubstr("row group 0 has 4000 rows")));
  EXPECT_EQ(lines_of(*cut), lines_of(*whole));
  // Out of order, and with the columns turned round: each piece is the same as when it is read in its turn.
  const std::vector<size_t> turned{1, 0};
  for (const uint64_t p : {cut->pieces() - 1, uint64_t{3}, uint64_t{1}, uint64_t{2}, uint64_t{2}, uint64_t{0}}) {
    const auto rows = cut->fetch(p, turned);
    ASSERT_EQ(rows->first(), cut->piece_begin(p));
    EXPECT_LE(rows->bytes(), cut->max_piece_bytes(turned));
    TableBlock block;
    rows->decode(0, rows->count(), block);
    for (size_t i = 0; i < block.rows; ++i) {
      const uint64_t row = rows->first() + i;
      ASSERT_EQ(block.columns[1].ints[i], static_cast<int64_t>(7 * row));
      ASSERT_EQ(block.columns[0].text(i), "s" + std::to_string(row % 50));
    }
  }
}

TEST(ForeignTables, AreKeptByPacking) {
  TempFolder folder;
  write_parquet(folder / "a.parquet", *every_type(), 2);
  const auto table = open_columns(folder / "a.parquet");
  const auto writer = write_columns(folder / "b.arrow", table->schema(), {.fingerprint = table->fingerprint()});
  for (uint64_t p = 0; p < table->pieces(); ++p) {
    const auto rows = table->fetch(p, all_columns(*table));
    TableBlock block;
    rows->decode(0, rows->count(), block);
    writer->append(block);
  }
  writer->finish();
  const auto packed = open_columns(folder / "b.arrow");
  EXPECT_EQ(lines_of(*packed), kEveryType);
  EXPECT_EQ(packed->fingerprint(), table->fingerprint());
}

TEST(ForeignTables, OfSeveralFilesFollowOneAnother) {
  TempFolder folder;
  for (const std::string ending : {".arrow", ".parquet"}) {
    const auto write = ending == ".arrow"
                           ? [](const std::string& p, const arrow::Table& t) { write_arrow(p, t, 400); }
                           : [](const std::string& p, const arrow::Table& t) { write_parquet(p, t, 400); };
    std::filesystem::create_directory(folder / ending);
    write(folder / (ending + "/b" + ending), *sevens(1000));
    write(folder / (ending + "/a" + ending), *sevens(10));
    write(folder / (ending + "/c" + ending), *sevens(0));
    for (const std::string& where : {folder / ending, folder / (ending + "/*" + ending)}) {
      EXPECT_TRUE(is_table(where));
      const auto table = open_columns(where);
      EXPECT_EQ(table->rows(), 1010u);
      EXPECT_EQ(table->pieces(), 4u);
      EXPECT_EQ(table->piece_begin(3), 810u);
      EXPECT_EQ(table->piece_of(9), 0u);
      EXPECT_EQ(table->piece_of(10), 1u);
      EXPECT_EQ(table->fetch(3, all_columns(*table))->first(), 810u);
      EXPECT_EQ(lines_of(*table)[1009], "6993|'s49'");
    }
    write(folder / (ending + "/d" + ending), *sevens(10, "m"));
    EXPECT_THAT(error_of([&] { open_columns(folder / ending); }),
                AllOf(HasSubstr("usage: "), HasSubstr("/d" + ending + "'"), HasSubstr("it has no column 'n'")));
  }
}

TEST(ForeignTables, TheSameNameTwiceAndTooLargeNumbersAreErrors) {
  TempFolder folder;
  const auto twice =
      arrow::Table::Make(arrow::schema({arrow::field("a", arrow::int8()), arrow::field("a", arrow::int8())}),
                         arrow::ArrayVector{numbers<arrow::Int8Type>({1}), numbers<arrow::Int8Type>({2})});
  write_arrow(folder / "t.arrow", *twice, 10);
  EXPECT_THAT(error_of([&] { open_columns(folder / "t.arrow"); }), HasSubstr("two columns are called 'a'"));
  const auto large = arrow::Table::Make(arrow::schema({arrow::field("a", arrow::uint64())}),
                                        arrow::ArrayVector{numbers<arrow::UInt64Type>({1, UINT64_MAX, 3})});
  write_arrow(folder / "l.arrow", *large, 10);
  EXPECT_THAT(lines_of(*open_columns(folder / "l.arrow")),
              ElementsAre("1", "bad: the number 18446744073709551615 needs more than 63 bits", "3"));
}

TEST(ForeignTables, OfCompressedArrowAreReadAndStreamsAreRefused) {
  TempFolder folder;
  auto how = arrow::ipc::IpcWriteOptions::Defaults();
  how.codec = *arrow::util::Codec::Create(arrow::Compression::ZSTD);
  write_arrow(folder / "z.arrow", *sevens(5000), 1000, how);
  EXPECT_EQ(lines_of(*open_columns(folder / "z.arrow"))[4999], "34993|'s49'");
  const auto out = *arrow::io::FileOutputStream::Open(folder / "s.arrow");
  const auto stream = *arrow::ipc::MakeStreamWriter(out, sevens(10)->schema());
  ASSERT_TRUE(stream->WriteTable(*sevens(10)).ok() && stream->Close().ok() && out->Close().ok());
  EXPECT_THAT(error_of([&] { open_columns(folder / "s.arrow"); }), HasSubstr("is an Arrow stream"));
}

// Opens and reads all; an Error is all that may come of damage.
std::string read_all(const std::string& path) {
  return error_of([&] { lines_of(*open_columns(path)); });
}

TEST(ForeignTables, CutAndFlippedFilesEndInAnErrorOrInRows) {
  TempFolder folder;
  write_arrow(folder / "a.arrow", *sevens(60), 20);
  write_parquet(folder / "a.parquet", *sevens(60), 20);
  for (const std::string ending : {".arrow", ".parquet"}) {
    const std::string good = text_of(folder / ("a" + ending)), bad = folder / ("bad" + ending);
    for (size_t bytes = 0; bytes < good.size(); bytes += 97) {
      folder.put("bad" + ending, good.substr(0, bytes));
      EXPECT_THAT(read_all(bad), StartsWith("data: ")) << bytes;
    }
    for (size_t at = 0; at < good.size(); at += 11) {
      std::string flipped = good;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
      folder.put("bad" + ending, flipped);
      EXPECT_THAT(read_all(bad), AnyOf("", StartsWith("data: "), StartsWith("usage: "), StartsWith("memory: ")))
          << ending << " " << at;
    }
  }
}

TEST(ForeignTables, OddParquetFilesEndInAnErrorOrInRows) {
  const auto odd = test::data_dir("odd-files/parquet");
  if (odd.empty()) GTEST_SKIP() << "no odd files: set PENSTOCK_DATA";
  size_t files = 0, errors = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(odd)) {
    if (!entry.is_regular_file()) continue;
    const std::string error = read_all("parquet:" + entry.path().string());
    EXPECT_THAT(error, AnyOf("", StartsWith("data: "), StartsWith("usage: "), StartsWith("memory: "))) << entry.path();
    errors += !error.empty();
    ++files;
  }
  EXPECT_GE(files, 15u);
  EXPECT_GE(errors, files / 2);
}

}  // namespace
}  // namespace penstock::io
