#include "stages/learn/learner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <new>
#include <stdexcept>
#include <thread>

#include "engine/base/error.h"
#include "stages/learn/torch_scope.h"
#include "tests/learn/toy_data.h"

namespace penstock::learn {
namespace {

using test::ToyBatch;
using testing::HasSubstr;

LearnerConfig toy_config() {
  LearnerConfig config;
  config.net = {.arch = "resnet18", .classes = ToyBatch::kClasses};
  config.schedule = {.kind = ScheduleKind::kOneCycle, .lr = 2e-3, .total_steps = 12};
  config.label_smoothing = 0.1;
  config.seed = 5;
  return config;
}

void train(Learner& learner, uint64_t until) {
  while (learner.steps_done() < until) {
    const ToyBatch batch(8, learner.steps_done());
    learner.step(batch.images, batch.labels);
  }
}

std::string complaint(Code code, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "nothing was wrong";
}

struct World {
  const char* name;
  std::function<void(LearnerConfig&)> change;
};

class LearnerIn : public testing::TestWithParam<World> {};

TEST_P(LearnerIn, GoesOnBitForBitAfterSaveAndLoad) {
  LearnerConfig config = toy_config();
  GetParam().change(config);
  Learner whole(config);
  train(whole, 6);

  Learner first(config);
  train(first, 3);
  const auto saved = first.save({{"note", "half way"}});
  LearnerConfig other = config;
  other.seed = config.seed + 1;  // other first weights: all that matters must come from the bytes
  Learner second(other);
  second.load(saved);
  EXPECT_EQ(second.steps_done(), 3u);
  EXPECT_EQ(second.save({{"note", "half way"}}), saved);
  train(second, 6);

  EXPECT_EQ(second.save(), whole.save());
  EXPECT_EQ(second.weights_bytes(), whole.weights_bytes());
  EXPECT_NE(first.weights_bytes(), whole.weights_bytes());
}

INSTANTIATE_TEST_SUITE_P(Worlds, LearnerIn,
                         testing::Values(World{"Bf16ChannelsLast", [](LearnerConfig&) {}},
                                         World{"F32Plain",
                                               [](LearnerConfig& c) {
                                                 c.precision = Precision::kF32;
                                                 c.channels_last = false;
                                               }},
                                         World{"Sgd",
                                               [](LearnerConfig& c) {
                                                 c.optimiser = {.kind = OptimiserKind::kSgd,
                                                                .nesterov = true,
                                                                .weight_decay = 1e-4};
                                                 c.schedule.kind = ScheduleKind::kCosine;
                                                 c.schedule.warmup_steps = 2;
                                               }},
                                         World{"Ema", [](LearnerConfig& c) { c.ema_decay = 0.9; }}),
                         [](const auto& info) { return info.param.name; });

TEST(Learner, LearnsTheToy) {
  for (const Precision precision : {Precision::kBf16, Precision::kF32}) {
    LearnerConfig config = toy_config();
    config.precision = precision;
    config.schedule.total_steps = 25;
    Learner learner(config);
    const ToyBatch unseen(16, 999);
    const double before = learner.evaluate(unseen.images, unseen.labels).mean_loss();
    train(learner, 25);
    const auto after = learner.evaluate(unseen.images, unseen.labels);
    EXPECT_EQ(after.records, 16);
    EXPECT_LT(after.mean_loss(), before / 2) << name_of(precision);
    EXPECT_GE(after.top1, 12) << name_of(precision);
  }
}

TEST(Learner, StepsSayWhatTheyDid) {
  Learner learner(toy_config());
  const ToyBatch batch(8, 1);
  const StepResult first = learner.step(batch.images, batch.labels);
  EXPECT_EQ(first.step, 0u);
  EXPECT_EQ(first.records, 8);
  EXPECT_NEAR(first.lr, 2e-3 / 25, 1e-12);
  EXPECT_GT(first.loss, 0.1);
  EXPECT_EQ(learner.step(batch.images, batch.labels).step, 1u);
  EXPECT_EQ(learner.steps_done(), 2u);
  EXPECT_EQ(learner.parameter_count(), 11178564);  // torchvision's resnet18(num_classes=4)
}

TEST(Learner, MixedPicturesHaveALossForEachOfTheirLabels) {
  LearnerConfig config = toy_config();
  config.precision = Precision::kF32;
  const ToyBatch batch(8, 0);
  std::vector<int64_t> second(batch.labels.begin(), batch.labels.end());
  for (int64_t& label : second) label = (label + 1) % ToyBatch::kClasses;
  const auto first_loss = [&](Labels labels, const Mixing& mixing) {
    return Learner(config).step(batch.images, labels, mixing).loss;
  };
  const std::vector<float> none(8, 0.0f), all(8, 1.0f), quarter(8, 0.25f);
  const double by_first = first_loss(batch.labels, {}), by_second = first_loss(second, {});
  ASSERT_GT(std::abs(by_first - by_second), 1e-3);
  EXPECT_NEAR(first_loss(batch.labels, {second, all}), by_first, 1e-5);
  EXPECT_NEAR(first_loss(batch.labels, {second, none}), by_second, 1e-5);
  EXPECT_NEAR(first_loss(batch.labels, {second, quarter}), 0.25 * by_first + 0.75 * by_second, 1e-5);

  Learner learner(config);
  const std::vector<float> too_large(8, 1.5f), too_few(7, 0.5f);
  const std::vector<int64_t> no_class(8, ToyBatch::kClasses);
  for (const Mixing& wrong : {Mixing{second, too_large}, Mixing{second, too_few}, Mixing{no_class, quarter}})
    EXPECT_THROW(learner.step(batch.images, batch.labels, wrong), Error);
  EXPECT_EQ(learner.steps_done(), 0u);
}

TEST(Learner, SetsItsThreadsWhereverItIsCalled) {
  LearnerConfig two = toy_config();
  two.threads = 2;
  Learner first(toy_config()), second(two);
  const ToyBatch batch(4, 1);
  first.step(batch.images, batch.labels);
  EXPECT_EQ(at::get_num_threads(), 1);
  second.step(batch.images, batch.labels);
  EXPECT_EQ(at::get_num_threads(), 2);
  for (int i = 0; i < 2; ++i) {  // the second thread may get the id of the first
    std::thread([&] {
      first.infer(batch.images);
      EXPECT_EQ(at::get_num_threads(), 1);
    }).join();
  }
}

TEST(Learner, ErrorsOfTheLibrariesSayWhatWasTried) {
  EXPECT_THAT(complaint(Code::kMemory, [] { guarded("step 3", []() -> int { throw std::bad_alloc(); }); }),
              HasSubstr("step 3"));
  EXPECT_THAT(complaint(Code::kInternal, [] { guarded("step 3", []() -> int { throw std::out_of_range("x"); }); }),
              HasSubstr("step 3: x"));
  EXPECT_THAT(
      complaint(Code::kUsage, [] { guarded("step 3", []() -> int { throw Error(Code::kUsage, "as it is"); }); }),
      HasSubstr("as it is"));
}

TEST(Learner, EvaluationAndInferenceChangeNothing) {
  Learner learner(toy_config());
  train(learner, 2);
  const auto before = learner.save();
  const ToyBatch batch(5, 3);
  const auto sums = learner.evaluate(batch.images, batch.labels);
  const Rows logits = learner.infer(batch.images);
  EXPECT_EQ(learner.save(), before);
  EXPECT_EQ(logits.shape, (std::vector<int64_t>{5, 4}));
  metrics::ClassificationSums again;
  again.add(logits.values, batch.labels);
  EXPECT_EQ(again.loss, sums.loss);
  const Rows features = learner.infer(batch.images, "avgpool");
  EXPECT_EQ(features.shape, (std::vector<int64_t>{5, 512}));
  EXPECT_THAT(complaint(Code::kUsage, [&] { learner.infer(batch.images, "nowhere"); }), HasSubstr("layer4"));
}

TEST(Learner, StoredWeightsMakeTheSameNetworkElsewhere) {
  LearnerConfig config = toy_config();
  config.mean = {0.1, 0.2, 0.3};
  Learner trained(config);
  train(trained, 2);
  const ToyBatch batch(4, 7);
  const Rows expected = trained.infer(batch.images);
  for (const auto& bytes : {trained.save({{"classes", "a b"}}), trained.weights_bytes()}) {
    LearnerConfig found = config_of(bytes, "model");
    EXPECT_EQ(found.net.classes, 4);
    EXPECT_EQ(found.mean, config.mean);
    Learner used(found);
    used.load_weights(bytes, "model");
    EXPECT_EQ(used.infer(batch.images).values, expected.values);
  }
  EXPECT_EQ(metadata_of(trained.save({{"classes", "a b"}}), "model").at("classes"), "a b");
}

TEST(Learner, EmaIsWhatIsEvaluatedAndExported) {
  LearnerConfig config = toy_config();
  config.ema_decay = 0.5;
  Learner learner(config);
  train(learner, 3);
  const ToyBatch batch(4, 7);
  Learner exported(config_of(learner.weights_bytes(), "model"));
  exported.load_weights(learner.weights_bytes());
  EXPECT_EQ(exported.infer(batch.images).values, learner.infer(batch.images).values);
  Learner from_checkpoint(config_of(learner.save(), "model"));
  from_checkpoint.load_weights(learner.save());
  EXPECT_EQ(from_checkpoint.infer(batch.images).values, learner.infer(batch.images).values);
}

TEST(Learner, PicturesOfAnySizeFollowEachOther) {
  Learner learner(toy_config());
  for (const int64_t side : {32, 48, 32}) {
    const ToyBatch batch(4, 1, side);
    EXPECT_GT(learner.step(batch.images, batch.labels).loss, 0);
  }
}

TEST(Learner, AnotherThreadGivesTheSameBits) {
  Learner here(toy_config()), there(toy_config());
  train(here, 3);
  std::thread([&] { train(there, 3); }).join();
  EXPECT_EQ(here.save(), there.save());
}

TEST(Learner, RefusesBatchesThatDoNotFit) {
  Learner learner(toy_config());
  const ToyBatch batch(4, 1);
  const auto before = learner.save();
  std::vector<int64_t> labels = batch.labels;
  labels[2] = 4;
  EXPECT_THAT(complaint(Code::kUsage, [&] { learner.step(batch.images, labels); }), HasSubstr("label 4"));
  labels.pop_back();
  EXPECT_THAT(complaint(Code::kUsage, [&] { learner.evaluate(batch.images, labels); }), HasSubstr("3 labels"));
  Images grey = batch.images;
  grey.channels = 1;
  EXPECT_THAT(complaint(Code::kUsage, [&] { learner.step(grey, batch.labels); }), HasSubstr("channels"));
  EXPECT_EQ(learner.save(), before);
}

TEST(Learner, ALossThatIsNotFiniteStopsBeforeTheUpdate) {
  LearnerConfig config = toy_config();
  config.optimiser.kind = OptimiserKind::kSgd;
  config.precision = Precision::kF32;
  config.schedule = {.kind = ScheduleKind::kConstant, .lr = 1e30, .total_steps = 50};
  Learner learner(config);
  EXPECT_THAT(complaint(Code::kInternal, [&] { train(learner, 50); }), HasSubstr("not a finite number"));
}

TEST(Learner, RefusesConfigsThatMakeNoSense) {
  const auto refused = [](auto change) {
    LearnerConfig config = toy_config();
    change(config);
    return complaint(Code::kUsage, [&] { Learner learner(config); });
  };
  EXPECT_THAT(refused([](auto& c) { c.net.arch = "resnet19"; }), HasSubstr("resnet18"));
  EXPECT_THAT(refused([](auto& c) { c.threads = 0; }), HasSubstr("thread"));
  EXPECT_THAT(refused([](auto& c) { c.label_smoothing = 1; }), HasSubstr("label_smoothing"));
  EXPECT_THAT(refused([](auto& c) { c.ema_decay = -1; }), HasSubstr("ema"));
  EXPECT_THAT(refused([](auto& c) { c.optimiser.momentum = 2; }), HasSubstr("momentum"));
  EXPECT_THAT(refused([](auto& c) { c.schedule.lr = -1; }), HasSubstr("lr"));
}

TEST(Learner, BytesOfAnotherTrainingAreRefusedAndChangeNothing) {
  Learner learner(toy_config());
  train(learner, 1);
  const auto before = learner.save();
  LearnerConfig sgd = toy_config();
  sgd.optimiser.kind = OptimiserKind::kSgd;
  EXPECT_THAT(complaint(Code::kData, [&] { learner.load(Learner(sgd).save(), "x.ckpt"); }), HasSubstr("sgd"));
  LearnerConfig more = toy_config();
  more.net.classes = 9;
  EXPECT_THAT(complaint(Code::kData, [&] { learner.load(Learner(more).save(), "x.ckpt"); }), HasSubstr("fc."));
  EXPECT_THAT(complaint(Code::kData, [&] { learner.load(learner.weights_bytes(), "x.ckpt"); }),
              HasSubstr("weights only"));
  auto cut = before;
  cut.resize(cut.size() - 1);
  EXPECT_THAT(complaint(Code::kData, [&] { learner.load(cut, "x.ckpt"); }), HasSubstr("x.ckpt"));
  LearnerConfig ema = toy_config();
  ema.ema_decay = 0.9;
  Learner averaging(ema);
  EXPECT_THAT(complaint(Code::kData, [&] { averaging.load(before, "x.ckpt"); }), HasSubstr("ema/"));
  EXPECT_EQ(learner.save(), before);
}

}  // namespace
}  // namespace penstock::learn
