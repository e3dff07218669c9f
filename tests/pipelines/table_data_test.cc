// From a file on disk and a recipe to batches, as every job opens tables.
#include "pipelines/table/table_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "engine/base/error.h"
#include "engine/run/run.h"
#include "io/table/table.h"
#include "pipelines/stream/digest.h"
#include "stages/table/fitted.h"
#include "tests/pipelines/recipe_folder.h"

namespace penstock::pipelines {
namespace {

using testing::HasSubstr;

constexpr const char* kRecipe = R"(
data = { batch = 32, order = "full", val = { by = "time", column = "day", last = "10d" } }
table = { task = "regression", target = "y", rest = "auto", ignore = ["day"] }
net = { arch = "tabular" }
[[prepare.step]]
do = "since"
event = "kind = b"
by = ["store"]
time = "day"
)";

std::string rows(int count) {
  std::ostringstream out;
  out << "store,day,kind,x,y\n";
  for (int i = 0; i < count; ++i)
    out << i % 7 << ",2024-01-" << (i / 20 % 28 + 1 < 10 ? "0" : "") << i / 20 % 28 + 1 << ","
        << "abc"[i * 7 % 3] << "," << (i % 11 == 0 ? "" : std::to_string(i * 0.25)) << "," << i % 13 + 1 << "\n";
  return out.str();
}

std::string digests(const io::Dataset& data, const Recipe& recipe, unsigned threads, uint64_t from = 0) {
  RunOptions options = run_options(recipe, Mode::kTrain, data.size());
  options.cores = std::make_shared<Cores>(threads);
  options.step = from;
  Run run = Run::start(bind_graph(recipe, data, Mode::kTrain), data, options);
  std::string out;
  while (Batch batch = run.next()) out += digest_line(batch) + "\n";
  return out;
}

class TableData : public testing::Test {
 protected:
  JobData open(const std::string& data, const Recipe& recipe) {
    return open_table_data({.data = data}, recipe, {.threads = 2, .cache_folder = folder_.path("cache")});
  }
  RecipeFolder folder_;
  Recipe recipe_ = parse_recipe(kRecipe, "test");
};

TEST_F(TableData, TextAndItsPackedFormGiveTheSameBatchesForAnyThreads) {
  const std::string csv = folder_.write("t.csv", rows(560)), arrow = folder_.path("t.arrow");
  {
    const auto table = io::open_columns(csv);
    std::vector<size_t> columns;
    for (size_t c = 0; c < table->schema().size(); ++c) columns.push_back(c);
    const auto writer =
        io::write_columns(arrow, table->schema(), {.fingerprint = table->fingerprint(), .piece_rows = 100});
    io::TableBlock block;
    for (uint64_t piece = 0; piece < table->pieces(); ++piece) {
      const auto raw = table->fetch(piece, columns);
      raw->decode(0, raw->count(), block);
      writer->append(block);
    }
    writer->finish();
  }
  const JobData text = open(csv, recipe_), packed = open(arrow, recipe_);
  EXPECT_EQ(text.train->fingerprint(), packed.train->fingerprint());
  const std::string whole = digests(*text.train, recipe_, 1);
  EXPECT_FALSE(whole.empty());
  EXPECT_EQ(digests(*text.train, recipe_, 3), whole);
  EXPECT_EQ(digests(*packed.train, recipe_, 2), whole);
  const std::string later = digests(*packed.train, recipe_, 2, 5);
  EXPECT_EQ(later, whole.substr(whole.size() - later.size()));
}

TEST_F(TableData, TheLastDaysValidateAndNothingOfThemIsFitted) {
  const JobData data = open(folder_.write("t.csv", rows(560)), recipe_);
  ASSERT_NE(data.val, nullptr);
  EXPECT_EQ(data.train->size(), 18u * 20);
  EXPECT_EQ(data.val->size(), 10u * 20);
  EXPECT_EQ(data.fitted->rows, 360u);
}

TEST_F(TableData, WhatWasFittedIsAppliedToRowsWithoutATarget) {
  const JobData data = open(folder_.write("t.csv", rows(560)), recipe_);
  const std::string later = folder_.write("new.csv", "store,day,kind,x\n3,2024-02-01,b,1.5\n99,2024-02-02,z,\n");
  const TableWorld world{.threads = 1, .cache_folder = folder_.path("cache")};
  const auto rows = open_table_rows(later, recipe_, data.fitted, TablePart::kAll, false, "", world);
  EXPECT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->schema(), data.train->schema());
  const auto missing = [&] {
    open_table_rows(folder_.write("less.csv", "store,day,kind\n3,2024-02-01,b\n"), recipe_, data.fitted,
                    TablePart::kAll, false, "", world);
  };
  EXPECT_THAT([&] { missing(); }, testing::ThrowsMessage<Error>(HasSubstr("'x'")));
}

// Kaggle's rows have a header and an Id, those of the terabyte set have neither.
TEST_F(TableData, CriteosRecipesLookAtItsCountsAndItsCategoriesAlone) {
  std::string header = "Id,Label", kaggle, terabyte;
  for (int c = 1; c <= 13; ++c) header += ",I" + std::to_string(c);
  for (int c = 1; c <= 26; ++c) header += ",C" + std::to_string(c);
  for (int i = 0; i < 300; ++i) {
    std::string row = std::to_string(i % 3 == 0);
    for (int c = 0; c < 13; ++c) row += i % 5 == 0 ? "," : "," + std::to_string((i + c) % 17);
    for (int c = 0; c < 26; ++c) row += std::string(",") + "abcdef"[(i + c) % 6] + "0c4";
    kaggle += std::to_string(1000000 + i) + "," + row + "\n";
    terabyte += row + "\n";
  }
  const std::string named = folder_.write("kaggle.csv", header + "\n" + kaggle),
                    bare = folder_.write("day.csv", terabyte);
  for (const std::string& data : {named, bare}) {
    const JobData net = open(data, load_recipe("criteo")), trees = open(data, load_recipe("criteo-trees"));
    EXPECT_EQ(net.fitted->cat_names().size(), 26u);
    EXPECT_EQ(net.fitted->cont_names().size(), 26u);  // and whether each is missing
    EXPECT_EQ(net.fitted->cont_names()[0], "I1");
    EXPECT_EQ(trees.fitted->cat_names().size(), 0u);
    EXPECT_EQ(trees.fitted->cont_names().size(), 39u);
    EXPECT_EQ(trees.fitted->cont_names()[13], "frequency of C1");
  }
}

TEST_F(TableData, AFittedFileThatIsDamagedIsMadeAgain) {
  const std::string csv = folder_.write("t.csv", rows(560));
  const std::string before = table::to_text(*open(csv, recipe_).fitted);
  size_t damaged = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path("cache")))
    if (entry.path().filename().string().starts_with("fitted-") && entry.path().extension() == ".txt") {
      std::ofstream(entry.path()) << "nothing";
      ++damaged;
    }
  EXPECT_EQ(damaged, 1u);
  EXPECT_EQ(table::to_text(*open(csv, recipe_).fitted), before);
}

TEST_F(TableData, AnImageRecipeSaysThatATableNeedsItsSection) {
  const std::string csv = folder_.write("t.csv", rows(50));
  EXPECT_THAT([&] { open_job_data({.data = csv}, load_recipe("imagenette-resnet18")); },
              testing::ThrowsMessage<Error>(HasSubstr("no [table]")));
}

// Texts of what a job says while it opens its data.
class Said final : public ProgressSink {
 public:
  void begin(std::string_view, uint64_t, std::string_view, uint64_t) override {}
  void update(uint64_t, std::string_view) override {}
  void end() override {}
  void say(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

TEST_F(TableData, WarnsOfALeakAtEveryStart) {
  std::ostringstream text;
  text << "x,answer,y\n";
  for (int i = 0; i < 300; ++i) text << i * 37 % 101 << "," << i * i % 83 << "," << i * i % 83 << "\n";
  const std::string csv = folder_.write("leak.csv", text.str());
  const Recipe recipe = parse_recipe(
      "table = { task = \"regression\", target = \"y\", rest = \"auto\" }\nnet = { arch = \"tabular\" }", "test");
  std::vector<std::string> first;
  for (int start = 0; start < 3; ++start) {
    Said said;
    open_table_data({.data = csv}, recipe, {.threads = 1, .progress = &said, .cache_folder = folder_.path("cache")});
    EXPECT_THAT(said.lines, testing::Contains(HasSubstr("warning: leak: column 'answer' equals the target 'y'")))
        << start;
    if (start == 0) first = said.lines;
    EXPECT_EQ(said.lines, first);
    if (start == 1)  // warnings that are damaged are made anew, with what was fitted
      for (const auto& entry : std::filesystem::directory_iterator(folder_.path("cache")))
        if (entry.path().extension() == ".warnings") std::ofstream(entry.path(), std::ios::app) << "x";
  }
}

TEST_F(TableData, ATableWithoutRowsAndASplitThatLeavesNoneNameTheFile) {
  const auto refusal = [this](const std::string& csv, auto open_it) {
    try {
      open_it(csv);
    } catch (const Error& error) { return std::string(error.what()); }
    return std::string();
  };
  const Recipe recipe = parse_recipe(
      "data = { val = { fraction = 0.1 } }\ntable = { task = \"regression\", target = \"y\", numbers = [\"x\"] }\nnet "
      "= { arch = \"tabular\" }",
      "test");
  const auto training = [&](const std::string& csv) { open(csv, recipe); };
  EXPECT_THAT(refusal(folder_.write("header.csv", "x,y\n"), training),
              AllOf(HasSubstr("header.csv' names its columns and has no rows"), HasSubstr("cut short")));
  EXPECT_THAT(refusal(folder_.write("one.csv", "x,y\n1,2\n"), training),
              AllOf(HasSubstr("of the 1 rows there are, data.val leaves 1 for training and 0 for validation"),
                    HasSubstr("one.csv' aside")));
  const JobData data = open(folder_.write("some.csv",
                                          "x,y\n1,2\n2,3\n3,4\n4,5\n5,6\n6,7\n7,9\n8,9\n9,1\n"
                                          "10,2\n11,2\n12,3\n13,4\n14,5\n15,6\n16,7\n17,9\n18,9\n19,1\n20,2\n"),
                            recipe);
  EXPECT_THAT(refusal(folder_.path("header.csv"),
                      [&](const std::string& csv) {
                        open_table_rows(csv, recipe, data.fitted, TablePart::kAll, false, "",
                                        {.cache_folder = folder_.path("cache")});
                      }),
              HasSubstr("header.csv' names its columns and has no rows"));
}

}  // namespace
}  // namespace penstock::pipelines
