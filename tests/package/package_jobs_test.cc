// infer and evaluate with a package, beside the same network in TorchScript.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/data/label_file.h"
#include "io/table/feature_table.h"
#include "pipelines/recipe/load.h"
#include "pipelines/train/evaluate_job.h"
#include "pipelines/train/infer_job.h"
#include "tests/package/made_package.h"
#include "tests/pipelines/train_world.h"

namespace penstock::train {
namespace {

using io::error_of;
using io::text_of;
using test::MadeInput;
using test::MadePackage;
using ::testing::HasSubstr;

io::FileSystem& files() { return io::FileSystem::real(); }
void put(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

/// 27 pictures, a recipe that cuts them to 16 x 16, and the network in both forms.
class PackageWorld : public test::TrainWorld {
 public:
  PackageWorld() {
    put(path("recipe.toml"), pipelines::to_toml(recipe()));
    test::write_twin(path("twin.pt"));
  }
  Model open(const std::string& name, const std::vector<std::string>& set = {}) const {
    return open_model(files(), path(name), {.recipe = path("recipe.toml"), .set = set});
  }
  Model package(const MadePackage& made, const std::vector<std::string>& set = {}) const {
    put(path("model.pt2"), test::bytes_of(made));
    return open("model.pt2", set);
  }
  /// The rows of CSV but for the first.
  std::vector<std::vector<std::string>> predicted(const Model& model, const std::string& features = "") const {
    infer_model(model, *open_for_model(model, data_path(), ""), {.out = path("out.csv"), .features = features});
    const std::string text = text_of(path("out.csv"));
    std::string_view rest = text;
    std::vector<std::vector<std::string>> rows;
    while (!rest.empty()) rows.push_back(io::take_csv_line(rest));
    rows.erase(rows.begin());
    return rows;
  }
};

void expect_alike(const std::vector<std::vector<std::string>>& rows, const std::vector<std::vector<std::string>>& of,
                  size_t first_number) {
  ASSERT_EQ(rows.size(), of.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    ASSERT_EQ(rows[r].size(), of[r].size());
    for (size_t c = 0; c < rows[r].size(); ++c) {
      if (c < first_number || c + 1 == rows[r].size()) {
        EXPECT_EQ(rows[r][c], of[r][c]) << "row " << r;
      } else {
        EXPECT_NEAR(std::stod(rows[r][c]), std::stod(of[r][c]), 1e-4) << "row " << r;
      }
    }
  }
}

const std::vector<std::vector<std::string>> kLanes = {
    {}, {R"(lanes.devices=["cpu", "cpu"])"}, {R"(lanes.devices=["sim:0", "cpu"])"}};

TEST(PackageInfer, WritesThePredictionsOfItsTwinInRecordOrderOnAnyLanes) {
  const PackageWorld world;
  const auto expected = world.predicted(world.open("twin.pt"));
  ASSERT_EQ(expected.size(), 27u);
  EXPECT_NE(expected.front()[4], expected.back()[4]);
  for (const auto& lanes : kLanes) {
    expect_alike(world.predicted(world.package({}, lanes)), expected, 4);
    expect_alike(world.predicted(
                     world.package({.library = PENSTOCK_TINY_FOUR, .input = {.shape = {"4", "3", "16", "16"}}}, lanes)),
                 expected, 4);
    expect_alike(world.predicted(
                     world.package({.library = PENSTOCK_TINY_CHANNELS_LAST, .input = {.channels_last = true}}, lanes)),
                 expected, 4);
  }
}

TEST(PackageInfer, WritesItsOutputAsItIs) {
  const PackageWorld world;
  const auto expected = world.predicted(world.open("twin.pt"), "raw");
  const Model model = world.package({});
  expect_alike(world.predicted(model, "output"), expected, 2);
  const auto data = open_for_model(model, world.data_path(), "");
  infer_model(model, *data, {.out = world.path("out.h5"), .features = "output"});
  const auto table = io::open_features(world.path("out.h5"));
  std::vector<float> row(3);
  ASSERT_EQ(table->rows(), 27u);
  ASSERT_EQ(table->width(), 3u);
  for (uint64_t r = 0; r < 27; ++r) {
    table->read(r, row);
    for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(row[k], std::stod(expected[r][2 + k]), 1e-4) << r;
  }
}

TEST(PackageInfer, KeepsPrecisionAndLayoutOutOfTheRecipesHands) {
  const PackageWorld world;
  const std::vector<std::string> set = {"train.precision=bf16"};
  EXPECT_EQ(world.predicted(world.package({}, set)), world.predicted(world.package({})));
}

TEST(PackageEvaluate, GivesTheFiguresOfItsTwin) {
  const PackageWorld world;
  const auto figures = [&](const Model& model) {
    return evaluate_model(model, *open_for_model(model, world.data_path(), ""), {.tta = 1}).evaluation.sums;
  };
  const auto expected = figures(world.open("twin.pt")), sums = figures(world.package({}));
  EXPECT_EQ(sums.records, 27);
  EXPECT_EQ(sums.top1, expected.top1);
  EXPECT_NEAR(sums.loss, expected.loss, 1e-3);
}

TEST(PackageModel, GivesLanesWholeBatchesWhereItsBatchIsFixed) {
  const PackageWorld world;
  const MadePackage four = {.library = PENSTOCK_TINY_FOUR, .input = {.shape = {"4", "3", "16", "16"}}};
  EXPECT_EQ(world.package(four, {"data.batch=1"}).recipe.data.batch, 4u);
  EXPECT_EQ(world.package(four, {"data.batch=8"}).recipe.data.batch, 8u);
  EXPECT_EQ(world.package(four, {"data.batch=9", kLanes[1][0]}).recipe.data.batch, 16u);
  EXPECT_EQ(world.package({}, {"data.batch=9"}).recipe.data.batch, 9u);
}

TEST(PackageModel, SaysThatItTakesMoreThreadsThanItMay) {
  const PackageWorld world;
  test::Members members = test::members_of({});
  members.emplace_back("data/aotinductor/model/made.kernel.cpp", "#pragma omp parallel num_threads(6)\n{}");
  put(world.path("model.pt2"), test::torch_archive(members));
  EXPECT_THAT(world.open("model.pt2").notes, ::testing::ElementsAre(HasSubstr("compiled for 6 threads")));
  EXPECT_TRUE(world.package({}).notes.empty());
}

TEST(PackageModel, SaysWhatIsWrong) {
  const PackageWorld world;
  const auto job = [&](const Model& model, const std::string& features = "") {
    return error_of([&] { world.predicted(model, features); });
  };
  const Model model = world.package({});
  EXPECT_THAT(error_of([&] { open_model(files(), world.path("model.pt2"), {}); }),
              HasSubstr("is an AOTInductor package, which does not say how its pictures are prepared"));
  EXPECT_THAT(job(model, "layer4"), HasSubstr("no layer 'layer4'"));
  EXPECT_THAT(job(world.package({}, {"stage.center.size=24"})), HasSubstr("model.pt2' takes Float"));
  EXPECT_THAT(job(world.package({.device = "cuda"})), HasSubstr("compiled for 'cuda'"));
  const std::string whole = test::bytes_of({});
  put(world.path("model.pt2"), whole.substr(0, whole.size() / 2));
  EXPECT_THAT(error_of([&] { world.open("model.pt2"); }), HasSubstr("model.pt2' is no whole archive of torch:"));
}

}  // namespace
}  // namespace penstock::train
