// New files whose cells alone would give their columns other types than those that the model was trained on.
#include "pipelines/table/known_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>

#include "engine/base/error.h"
#include "engine/run/run.h"
#include "pipelines/stream/digest.h"
#include "pipelines/table/table_data.h"
#include "tests/pipelines/recipe_folder.h"

namespace penstock::pipelines {
namespace {

using testing::HasSubstr;

constexpr const char* kRecipe = R"(
data = { batch = 8, order = "sequential", last = "keep", val = { fraction = 0.2 } }
faults = { eval = "skip", budget = "100%" }
table = { task = "regression", target = "y", categories = ["holiday", "code"], numbers = ["visits", "tax"] }
net = { arch = "tabular" }
)";

const std::string kSince = R"(
[[prepare.step]]
do = "since"
event = "holiday = a"
name = "since"
by = ["code"]
time = "visits"
)";

std::string training_rows() {
  std::ostringstream out;
  out << "holiday,code,visits,tax,y\n";
  for (int i = 0; i < 200; ++i)
    out << "0ab"[i % 3] << "," << i % 5 + 100 << "," << i % 17 << "," << i % 4 << "," << i % 13 + 1 << "\n";
  return out.str();
}

class NewFiles : public testing::Test {
 protected:
  void train(const std::string& text) {
    recipe_ = parse_recipe(text, "test");
    train_ = open_table_data({.data = folder_.write("train.csv", training_rows())}, recipe_, world_);
  }
  std::shared_ptr<const io::Dataset> open(const std::string& path, bool needs_target = false,
                                          const std::string& history = "") {
    return open_table_rows(path, recipe_, train_.fitted, TablePart::kAll, needs_target, history, world_);
  }
  std::vector<std::string> digests(const io::Dataset& data) {
    RunOptions options = run_options(recipe_, Mode::kEval, data.size());
    options.cores = std::make_shared<Cores>(1);
    penstock::Run run = penstock::Run::start(bind_graph(recipe_, data, Mode::kEval), data, options);
    std::vector<std::string> out;
    while (Batch batch = run.next()) out.push_back(digest_line(batch));
    report_ = run.report();
    return out;
  }

  RecipeFolder folder_;
  TableWorld world_{.threads = 1, .cache_folder = folder_.path("cache")};
  Recipe recipe_;
  JobData train_;
  Report report_;
};

TEST_F(NewFiles, AreReadWithTheTypesOfTraining) {
  train(kRecipe);
  // "0" alone looks like a number, halves are no int, and columns without a value are text: the target is one of them.
  const std::string rows = "holiday,code,visits,tax,y\n0,101,2.5,,\n0,104.0,3,,\n0,100,16,,\n";
  const std::string found = folder_.write("new.csv", rows), stated = folder_.write("stated.csv", rows);
  folder_.write("stated.csv.schema", "column,type,format\nholiday,text,\ncode,int,\nvisits,real,\ntax,int,\ny,int,\n");
  const auto by_training = open(found), by_schema = open(stated);
  EXPECT_THAT(digests(*by_training), testing::SizeIs(1));
  EXPECT_EQ(report_.rejected, 0u);
  EXPECT_EQ(digests(*by_training), digests(*by_schema));
}

TEST_F(NewFiles, ACellThatIsNoValueOfItsColumnCostsItsRowAlone) {
  train(kRecipe);
  const auto rows =
      open(folder_.write("odd.csv", "holiday,code,visits,tax,y\n0,101,2,,\n0,101.5,3,,\n0,100,many,,\n0,100,1,,\n"));
  digests(*rows);
  EXPECT_EQ(report_.records, 2u);
  EXPECT_EQ(report_.rejected, 2u);
}

TEST_F(NewFiles, AColumnOfHalvesIsReadSoHoweverManyWholeNumbersComeFirst) {
  recipe_ = parse_recipe(
      "data = { batch = 8, order = \"sequential\", last = \"keep\", val = { fraction = 0.2 } }\n"
      "table = { task = \"regression\", target = \"y\", numbers = [\"x\"] }\n"
      "net = { arch = \"tabular\" }",
      "test");
  std::string text = "x,y\n";
  for (int i = 0; i < 50; ++i) text += std::to_string(i) + ".5," + std::to_string(i) + "\n";
  train_ = open_table_data({.data = folder_.write("train.csv", text)}, recipe_, world_);
  const auto rows = open(folder_.write("whole.csv", "x,y\n1,\n2,\n"));
  EXPECT_EQ(dynamic_cast<const table::EncodedTable&>(*rows).table().schema().text(), "x real, y int");
}

TEST_F(NewFiles, ATableThatIsJoinedKeepsItsOwnTypes) {
  const std::string recipe = R"(
data = { batch = 8, order = "sequential", last = "keep" }
table = { task = "regression", target = "y", categories = ["shop_rank", "holiday"], numbers = ["visits"] }
net = { arch = "tabular" }
[[prepare.step]]
do = "join"
file = "shops.csv"
on = ["code"]
prefix = "shop_"
)";
  recipe_ = parse_recipe(recipe, "test");
  folder_.write("shops.csv", "code,rank,visits\n100,a,few\n101,b,few\n102,a,many\n103,c,few\n104,b,many\n");
  std::string text = "rank,holiday,code,visits,y\n";
  for (int i = 0; i < 60; ++i)
    text += std::to_string(i % 4) + "," + "0ab"[i % 3] + "," + std::to_string(100 + i % 5) + "," + std::to_string(i) +
            "," + std::to_string(i) + "\n";
  const std::string train = folder_.write("train.csv", text);
  train_ = open_table_data({.data = train, .val = train}, recipe_, world_);
  EXPECT_EQ(digests(*train_.val), digests(*open(train, true)));
  const auto opened = open(train, true);
  digests(*opened);
  const auto& rows = dynamic_cast<const table::EncodedTable&>(*opened);
  EXPECT_EQ(rows.table().schema().columns().at(rows.table().schema().index_of("shop_rank")).type,
            io::ColumnType::kText);
  EXPECT_THAT(rows.notes(), testing::IsEmpty());
}

TEST_F(NewFiles, BehindAHistoryARowThatCannotBeReadKeepsItsPlaceAndAColumnThatIsReadMustBeThere) {
  const std::string recipe = R"(
data = { batch = 8, order = "sequential", last = "keep" }
faults = { eval = "skip", budget = "100%" }
table = { task = "regression", target = "y", categories = ["holiday"], numbers = ["tax", "since"] }
net = { arch = "tabular" }
)";
  recipe_ = parse_recipe(recipe + kSince, "test");
  const std::string before = folder_.write("train.csv", training_rows());
  train_ = open_table_data({.data = before}, recipe_, world_);
  const auto rows =
      open(folder_.write("new.csv", "holiday,code,visits,tax\n0,101,20,1\n0,x,21,2\n0,104,22,3\n"), false, before);
  ASSERT_EQ(rows->size(), 3u);
  digests(*rows);
  EXPECT_EQ(report_.records, 2u);
  EXPECT_EQ(report_.rejected, 1u);
  for (const auto& [header, missing] :
       {std::pair("holiday,kode,visits,tax", "code"), std::pair("holiday,code,visits,tacks", "tax")})
    try {
      open(folder_.write("renamed.csv", std::string(header) + "\n0,101,20,1\n0,104,21,2\n"), false, before);
      FAIL() << header;
    } catch (const Error& error) { EXPECT_THAT(error.what(), HasSubstr(missing)); }
}

TEST_F(NewFiles, TheirSchemaFileWinsAndIsRefusedWhereItDoesNotFit) {
  train(kRecipe);
  const std::string path = folder_.write("new.csv", "holiday,code,visits,tax,y\n0,101,2,,\n");
  folder_.write("new.csv.schema", "column,type,format\nholiday,int,\ncode,int,\nvisits,real,\ntax,int,\ny,int,\n");
  try {
    open(path);
    FAIL() << "a column of ints was taken for text";
  } catch (const Error& error) { EXPECT_THAT(error.what(), HasSubstr("'holiday' is int and was text")); }
}

TEST_F(NewFiles, WithoutAHeaderMayLackTheTarget) {
  const std::string header = "header = [\"holiday\", \"y\", \"visits\"]";
  recipe_ = parse_recipe(
      "data = { batch = 8, order = \"sequential\", last = \"keep\", val = { fraction = 0.2 } }\n"
      "table = { task = \"regression\", target = \"y\", categories = [\"holiday\"], numbers = "
      "[\"visits\"], " +
          header + " }\nnet = { arch = \"tabular\" }",
      "test");
  std::ostringstream text;
  for (int i = 0; i < 100; ++i) text << "0ab"[i % 3] << "," << i % 13 + 1 << "," << i % 17 << "\n";
  train_ = open_table_data({.data = folder_.write("train.csv", text.str())}, recipe_, world_);
  const std::string with = folder_.write("with.csv", "0,7,1.5\n0,8,2\n"),
                    without = folder_.write("without.csv", "0,1.5\n0,2\n");
  const auto rows = open(without);
  EXPECT_EQ(rows->size(), 2u);
  digests(*rows);
  EXPECT_EQ(report_.rejected, 0u);
  const auto* encoded = dynamic_cast<const table::EncodedTable*>(rows.get());
  ASSERT_NE(encoded, nullptr);
  EXPECT_EQ(encoded->table().schema().text(), "holiday text, visits real");
  EXPECT_NO_THROW(open(with, true));
  EXPECT_THROW(open(without, true), Error);
}

TEST_F(NewFiles, ValidationRowsAndRowsBehindAHistoryToo) {
  const std::string recipe = R"(
data = { batch = 8, order = "sequential", last = "keep" }
table = { task = "regression", target = "y", categories = ["holiday"], numbers = ["visits", "since"] }
net = { arch = "tabular" }
)";
  recipe_ = parse_recipe(recipe + kSince, "test");
  const std::string before = folder_.write("train.csv", training_rows());
  const std::string rows = folder_.write("new.csv", "holiday,code,visits,tax,y\n0,101,20,,5\n0,104,21,,6\n");
  train_ = open_table_data({.data = before, .val = rows}, recipe_, world_);
  ASSERT_EQ(train_.val->size(), 2u);
  EXPECT_THAT(digests(*train_.val), testing::SizeIs(1));
  const auto behind = open(rows, false, before);
  EXPECT_EQ(behind->size(), 2u);
  EXPECT_THAT(digests(*behind), testing::SizeIs(1));
}

}  // namespace
}  // namespace penstock::pipelines
