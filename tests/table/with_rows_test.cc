// Photographs and rows of features in one graph, matched by the photograph's file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/graph/graph_spec.h"
#include "engine/run/run.h"
#include "io/data/open.h"
#include "io/tier/storage.h"
#include "stages/image/registry.h"
#include "stages/table/fitter.h"
#include "stages/table/with_rows.h"
#include "tests/io/temp_folder.h"
#include "tests/support/data_dir.h"
#include "tests/support/memory_table.h"

namespace penstock::table {
namespace {

using io::error_of;
using test::MemoryTable;
using testing::Contains;
using testing::HasSubstr;

std::string stem(const std::string& name) {
  const std::string file = name.substr(name.rfind('/') + 1);
  return file.substr(0, file.rfind('.'));
}

class WithRowsTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto folder = test::data_dir("hymenoptera");
    if (folder.empty()) GTEST_SKIP() << "no data set hymenoptera: set PENSTOCK_DATA";
    photos_ = io::open(folder.string(), {.split = io::Split::kVal});
    table_ = std::make_shared<MemoryTable>(io::TableSchema({{"photo", io::ColumnType::kText},
                                                            {"place", io::ColumnType::kText},
                                                            {"wind", io::ColumnType::kReal},
                                                            {"weight", io::ColumnType::kReal}}));
  }
  void add(const std::string& photo, uint64_t i) {
    table_->add({photo, i % 2 == 0 ? "wood" : "field", std::to_string(i % 9), std::to_string(i)});
  }
  EncodedTable encoded() {
    Cores cores(1);
    Budgets budgets;
    const TableSpec spec{.target = "weight",
                         .target_scale = TargetScale::kNone,
                         .categories = {"place"},
                         .numbers = {"wind"},
                         .scale = Scale::kNone};
    return EncodedTable(
        table_, RowSet::all(table_->rows()),
        std::make_shared<const Fitted>(fit(*table_, RowSet::all(table_->rows()), spec, cores, budgets).fitted));
  }

  std::shared_ptr<const io::Dataset> photos_;
  std::shared_ptr<MemoryTable> table_;
};

TEST_F(WithRowsTest, EachPhotographComesWithTheRowOfItsFile) {
  // Rows in another order than the photographs, and each one's number is its weight.
  const uint64_t count = photos_->size();
  for (uint64_t i = count; i-- > 0;) add(stem(photos_->name(i)), i);
  const WithRows data(photos_, encoded(), {.key = "photo"});
  EXPECT_EQ(data.counts().matched, count);
  StageRegistry registry;
  image::register_image_stages(registry);
  const GraphSpec spec = GraphSpec{}.add("image.decode", {{"view", "center-crop"}, {"size", 32}});
  const io::Storage storage(data, {});
  std::vector<std::vector<uint8_t>> pixels;
  for (const Source* source : {static_cast<const Source*>(&data), static_cast<const Source*>(&storage)}) {
    penstock::Run run = penstock::Run::start(spec.bind(data.schema(), registry), *source,
                                             {.seed = 3, .last = Last::kKeep, .batch = 16});
    uint64_t seen = 0;
    pixels.emplace_back();
    for (const Batch& batch : run) {
      const auto bytes = batch["pixels"].as<uint8_t>();
      pixels.back().insert(pixels.back().end(), bytes.begin(), bytes.end());
      for (size_t i = 0; i < batch.size(); ++i, ++seen) {
        const uint64_t id = batch.ids()[i];
        ASSERT_EQ(batch["target"].as<float>()[i], static_cast<float>(id));
        ASSERT_EQ(batch["cont"].as<float>()[i], static_cast<float>(id % 9));
        ASSERT_EQ(batch["label"].as<int64_t>()[i], photos_->label(id));
        ASSERT_GT(batch["cat"].as<int32_t>()[i], 0);
      }
    }
    EXPECT_EQ(seen, count);
  }
  EXPECT_EQ(pixels[0], pixels[1]);
}

TEST_F(WithRowsTest, KeysThatMatchTwiceOrNeverAreCountedOrRefused) {
  const uint64_t half = photos_->size() / 2;
  for (uint64_t i = 0; i < half; ++i) add(stem(photos_->name(i)), i);
  add(stem(photos_->name(3)), 99);
  add("nowhere", 41);
  const EncodedTable rows = encoded();
  EXPECT_THAT(error_of([&] { WithRows(photos_, rows, {.key = "photo"}); }),
              HasSubstr("rows 3 and " + std::to_string(half) + " of 'memory' have the same key"));
  EXPECT_THAT(error_of([&] { WithRows(photos_, rows, {.key = "photo", .twice = Twice::kFirst}); }),
              HasSubstr("has no row in 'memory'"));
  const WithRows data(photos_, rows, {.key = "photo", .no_row = NoRow::kLeaveOut, .twice = Twice::kFirst});
  EXPECT_EQ(data.size(), half);
  EXPECT_EQ(data.counts().keys_twice, 1u);
  EXPECT_EQ(data.counts().pictures_without_row, photos_->size() - half);
  EXPECT_EQ(data.counts().rows_without_picture, 2u);
  EXPECT_THAT(data.notes(), Contains(HasSubstr("2 rows have no picture")));
  EXPECT_THAT(
      error_of([&] { WithRows(photos_, rows, {.key = "place", .no_row = NoRow::kLeaveOut, .twice = Twice::kFirst}); }),
      HasSubstr("no picture of"));
  EXPECT_THAT(error_of([&] { WithRows(photos_, rows, {.key = "photos"}); }),
              HasSubstr("the nearest right one is 'photo'"));
}

}  // namespace
}  // namespace penstock::table
