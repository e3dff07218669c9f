// Evaluating and using what a training left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "io/data/label_file.h"
#include "io/data/open.h"
#include "pipelines/train/evaluate_job.h"
#include "pipelines/train/infer_job.h"
#include "tests/pipelines/train_world.h"

namespace penstock::train {
namespace {

using io::error_of;
using io::text_of;
using test::TrainWorld;
using ::testing::HasSubstr;

io::FileSystem& files() { return io::FileSystem::real(); }

std::vector<std::vector<std::string>> read_csv(const std::string& path) {
  const std::string text = text_of(path);
  std::string_view rest = text;
  std::vector<std::vector<std::string>> rows;
  while (!rest.empty()) rows.push_back(io::take_csv_line(rest));
  return rows;
}

TEST(EvaluateJob, GivesWhatTheTrainingSaidOfItsBestEpoch) {
  const TrainWorld world;
  const TrainResult trained = world.train();
  const Model model = open_model(files(), world.run_path(), {});
  const EvaluateResult result =
      evaluate_model(model, *open_for_model(model, world.data_path(), ""), {.confusion = true});
  EXPECT_EQ(result.evaluation.sums.records, 27);
  EXPECT_DOUBLE_EQ(result.evaluation.sums.top1_share(), trained.best);
  EXPECT_THAT(result.to_json(), HasSubstr("\"confusion\":[["));
  int64_t all = 0;
  for (int64_t truth = 0; truth < 3; ++truth)
    for (int64_t taken = 0; taken < 3; ++taken) all += result.evaluation.confusion->count(truth, taken);
  EXPECT_EQ(all, 27);
}

TEST(EvaluateJob, AveragesOverAugmentedViewsTheSameEachTime) {
  const TrainWorld world;
  world.train();
  const Model model = open_model(files(), world.run_path(), {});
  const auto data = open_for_model(model, world.data_path(), "");
  const Evaluation once = evaluate_model(model, *data, {.tta = 3}).evaluation;
  const Evaluation again = evaluate_model(model, *data, {.tta = 3, .threads = 2}).evaluation;
  EXPECT_EQ(once.sums.records, 27);
  EXPECT_DOUBLE_EQ(once.sums.loss, again.sums.loss);
  EXPECT_NE(once.sums.loss, evaluate_model(model, *data, {}).evaluation.sums.loss);
}

TEST(EvaluateJob, AugmentedViewsShareAnyBudgetThatHoldsThemAll) {
  const TrainWorld world;
  world.train();
  const Model model = open_model(files(), world.run_path(), {});
  const auto data = open_for_model(model, world.data_path(), "");
  const auto fits = [&](uint64_t kib) {
    Model tight = model;
    tight.recipe.budget.ram = ByteSize{kib << 10};
    try {
      return evaluate_model(tight, *data, {.tta = 3}).evaluation.sums.records == 27;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kMemory) << error.what();
      return false;
    }
  };
  uint64_t too_little = 1, enough = 1 << 20;
  ASSERT_TRUE(fits(enough));
  while (enough - too_little > 1) {
    const uint64_t middle = (too_little + enough) / 2;
    (fits(middle) ? enough : too_little) = middle;
  }
  for (uint64_t kib = enough; kib < enough + 40; ++kib) EXPECT_TRUE(fits(kib)) << kib << " KiB";
}

TEST(EvaluateJob, TakesTheNewestCheckpointForADamagedBestOneAndSaysSo) {
  const TrainWorld world;
  world.train();
  const std::string best = RunPaths(world.run_path()).checkpoints() + "/best.ckpt";
  io::File(files(), best, io::OpenMode::kUpdate).truncate(100);
  const Model model = open_model(files(), world.run_path(), {});
  EXPECT_THAT(model.path, HasSubstr("step-30.ckpt"));
  test::Heard heard;
  evaluate_model(model, *open_for_model(model, world.data_path(), ""), {.progress = &heard});
  EXPECT_THAT(heard.text, HasSubstr("best.ckpt' is damaged"));
}

TEST(EvaluateJob, MatchesClassesByName) {
  const TrainWorld world;
  world.train();
  const Model model = open_model(files(), world.run_path(), {});
  files().remove_all(world.data_path() + "/a");  // b and c are numbers 0 and 1 there, 1 and 2 to the model
  const auto data = open_for_model(model, world.data_path(), "");
  EXPECT_EQ(data->label(0), 1);
  files().rename(world.data_path() + "/b", world.data_path() + "/unheard-of");
  EXPECT_THAT(error_of([&] { open_for_model(model, world.data_path(), ""); }), HasSubstr("unheard-of"));
}

TEST(EvaluateJob, SaysWhatIsNoModel) {
  const TrainWorld world;
  EXPECT_THAT(error_of([&] { open_model(files(), world.path("nothing"), {}); }), HasSubstr("no model"));
  EXPECT_THAT(error_of([&] { open_model(files(), world.data_path(), {}); }), HasSubstr("no run directory"));
  EXPECT_THAT(error_of([&] { open_model(files(), world.data_path() + "/a/10.jpg", {}); }), HasSubstr("no model"));
  EXPECT_THAT(error_of([&] { open_model(files(), world.path("net.pt"), {}); }), HasSubstr("--recipe"));
}

TEST(InferJob, WritesARowARecordInOrderAndAnErrorForABadOne) {
  const TrainWorld world;
  world.train();
  world.damage("b/13.jpg");
  world.damage("c/18.jpg");  // the last one
  world.damage("a/10.jpg");  // the first one
  const Model model = open_model(files(), world.run_path(), {});
  const auto data = open_for_model(model, world.data_path(), "");
  const InferResult result = infer_model(model, *data, {.out = world.path("out.csv"), .threads = 2});
  EXPECT_EQ(result.records, 27u);
  EXPECT_EQ(result.errors, 3u);
  const auto rows = read_csv(world.path("out.csv"));
  ASSERT_EQ(rows.size(), 28u);
  EXPECT_THAT(rows[0], ::testing::ElementsAre("id", "file", "label_predicted", "class", "probability", "error"));
  for (size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i][0], std::to_string(i - 1));
    EXPECT_EQ(rows[i][1], data->name(i - 1));
    const bool bad = rows[i][1] == "b/13.jpg" || rows[i][1] == "c/18.jpg" || rows[i][1] == "a/10.jpg";
    EXPECT_EQ(rows[i][5].empty(), !bad) << rows[i][1];
    EXPECT_EQ(rows[i][2].empty(), bad);
    if (!bad) { EXPECT_EQ(rows[i][3], std::string(1, static_cast<char>('a' + std::stoi(rows[i][2])))); }
  }
}

TEST(InferJob, TakesAFlatFolder) {
  const TrainWorld world;
  world.train();
  const Model model = open_model(files(), world.run_path(), {});
  const auto data = open_for_model(model, world.data_path() + "/b", "");
  EXPECT_EQ(infer_model(model, *data, {.out = world.path("flat.csv")}).records, 9u);
  const auto rows = read_csv(world.path("flat.csv"));
  EXPECT_EQ(rows.at(1).at(1), "10.jpg");
}

TEST(InferJob, WritesHdf5) {
  const TrainWorld world;
  world.train();
  const Model model = open_model(files(), world.run_path(), {});
  const auto data = open_for_model(model, world.data_path(), "");
  EXPECT_EQ(infer_model(model, *data, {.out = world.path("out.h5")}).records, 27u);
  EXPECT_THAT(text_of(world.path("out.h5")), HasSubstr("HDF"));
}

TEST(InferJob, LeavesNoFileWhereItCannotFinish) {
  const TrainWorld world;
  world.train();
  const Model model = open_model(files(), world.run_path(), {});
  const auto data = open_for_model(model, world.data_path(), "");
  EXPECT_THAT(error_of([&] { infer_model(model, *data, {.out = world.path("out.txt")}); }), HasSubstr(".csv"));
  EXPECT_THAT(error_of([&] { infer_model(model, *data, {.out = world.path("no/such/out.csv")}); }),
              HasSubstr("no folder"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(error_of([&] { infer_model(model, *data, {.out = world.path("out.csv"), .stop = stop.get_token()}); }),
              HasSubstr("cancelled"));
  EXPECT_FALSE(files().exists(world.path("out.csv")));
}

}  // namespace
}  // namespace penstock::train
