#include <filesystem>

#include <gmock/gmock.h>

#include <arrow/util/compression.h>

#include "io/table/csv/csv_table.h"
#include "tests/io/table/csv_text.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string packed(const std::string& text, arrow::Compression::type kind) {
  const auto codec = arrow::util::Codec::Create(kind).ValueOrDie();
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int64_t>(text.size());
  std::string out(static_cast<size_t>(codec->MaxCompressedLen(size, bytes)), '\0');
  out.resize(static_cast<size_t>(
      codec->Compress(size, bytes, static_cast<int64_t>(out.size()), reinterpret_cast<uint8_t*>(out.data()))
          .ValueOrDie()));
  return out;
}

class PackedText : public ::testing::TestWithParam<std::pair<const char*, arrow::Compression::type>> {
 protected:
  std::unique_ptr<Table> open(const std::string& bytes) {
    folder_.put(name(), bytes);
    return open_columns(folder_ / name(), {.cache_folder = folder_ / "cache"});
  }
  std::string pack(const std::string& text) const { return packed(text, GetParam().second); }
  std::string name() const { return std::string("t.csv") + GetParam().first; }
  std::vector<std::string> copies() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "cache"))
      out.push_back(entry.path().filename().string());
    return out;
  }
  TempFolder folder_;
};

TEST_P(PackedText, HasTheRowsOfTheText) {
  std::string text = "id,word\n";
  for (int i = 0; i < 300000; ++i) text += std::to_string(i) + ",w" + std::to_string(i % 7) + "\n";
  folder_.put("plain.csv", text);
  const auto plain = open_columns(folder_ / "plain.csv", {.cache_folder = folder_ / "cache"});
  // Two members or frames are one text.
  const auto table = open(pack(text.substr(0, 1000000)) + pack(text.substr(1000000)));
  EXPECT_EQ(table->rows(), 300000u);
  EXPECT_EQ(table->fingerprint(), plain->fingerprint());
  EXPECT_EQ(table->schema(), plain->schema());
  EXPECT_THAT(table->notes(), ElementsAre(AllOf(HasSubstr("were unpacked into"), HasSubstr("cache"))));
  ASSERT_EQ(copies().size(), 1u);
  const std::vector<size_t> columns = {0, 1};
  const uint64_t last = table->pieces() - 1;
  TableBlock block;
  table->fetch(last, columns)->decode(std::vector<uint32_t>{5}, block);
  EXPECT_EQ(block.columns[0].ints[0], static_cast<int64_t>(table->piece_begin(last)) + 5);
}

TEST_P(PackedText, IsUnpackedOnceForEachVersion) {
  EXPECT_EQ(open(pack("a\n1\n"))->rows(), 1u);
  const std::vector<std::string> first = copies();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(open_columns(folder_ / name(), {.cache_folder = folder_ / "cache"})->rows(), 1u);
  EXPECT_EQ(copies(), first);
  EXPECT_EQ(open(pack("a\n1\n2\n"))->rows(), 2u);
  ASSERT_EQ(copies().size(), 1u) << "the old copy is gone";
  EXPECT_NE(copies(), first);
  std::filesystem::remove((folder_ / "cache/") + copies()[0]);
  EXPECT_EQ(open_columns(folder_ / name(), {.cache_folder = folder_ / "cache"})->rows(), 2u) << "made again";
}

TEST_P(PackedText, RefusesDamage) {
  const std::string whole = pack("a,b\n1,2\n3,4\n");
  EXPECT_THAT(error_of([&] { open(whole.substr(0, whole.size() - 3)); }),
              AllOf(HasSubstr("data: "), HasSubstr("cut short")));
  EXPECT_THAT(error_of([&] { open("a,b\n1,2\n"); }), AllOf(HasSubstr("data: "), HasSubstr("cannot be unpacked")));
  EXPECT_THAT(error_of([&] { open(whole + "rubbish"); }), HasSubstr("data: "));
  EXPECT_THAT(error_of([&] { open(""); }), HasSubstr("data: "));
  EXPECT_TRUE(copies().empty());
  EXPECT_THAT(error_of([&] { open_columns(folder_ / name(), {.cache_folder = ""}); }),
              AllOf(HasSubstr("usage: "), HasSubstr("no cache folder")));
}

INSTANTIATE_TEST_SUITE_P(Kinds, PackedText,
                         ::testing::Values(std::pair(".gz", arrow::Compression::GZIP),
                                           std::pair(".zst", arrow::Compression::ZSTD)));

}  // namespace
}  // namespace penstock::io
