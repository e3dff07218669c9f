#include "stages/learn/optimiser.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace penstock::learn {
namespace {

struct Toy {
  at::Tensor weight = at::tensor({1.0f, -2.0f, 3.0f, 0.5f}).reshape({2, 2}).set_requires_grad(true);
  at::Tensor bias = at::tensor({0.25f, -0.75f}).set_requires_grad(true);

  void give_gradients(int step) {
    weight.mutable_grad() = at::tensor({0.1f, -0.2f, 0.3f, 0.4f}).reshape({2, 2}) * (step + 1);
    bias.mutable_grad() = at::tensor({1.0f, -0.5f}) * (step - 2);
  }
  std::vector<nets::NamedTensor> parameters() const { return {{"weight", weight}, {"bias", bias}}; }
  std::vector<float> values() const {
    std::vector<float> out;
    for (const at::Tensor& tensor : {weight, bias}) {
      const float* data = tensor.const_data_ptr<float>();
      out.insert(out.end(), data, data + tensor.numel());
    }
    return out;
  }
};

/// Five steps at lr 0.05, weight decay 0.1: what golden/make_golden.py does with torch.optim.
void expect_torchs(const OptimiserConfig& config, const std::vector<float>& torchs) {
  Toy toy;
  Optimiser optimiser(config, toy.parameters());
  for (int step = 0; step < 5; ++step) {
    toy.give_gradients(step);
    optimiser.step(static_cast<uint64_t>(step), {.lr = 0.05, .momentum = 0.9});
    EXPECT_FALSE(toy.weight.grad().defined()) << "gradients are dropped";
  }
  const auto values = toy.values();
  ASSERT_EQ(values.size(), torchs.size());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], torchs[i], 2e-6) << i;
}

TEST(Optimiser, SgdIsPyTorchsAndSparesBiases) {
  expect_torchs({.kind = OptimiserKind::kSgd, .weight_decay = 0.1},
                {0.777797759f, -1.55559552f, 2.3333931f, -0.161489367f, 0.636459947f, -0.943230033f});
}

TEST(Optimiser, NesterovIsPyTorchs) {
  expect_torchs({.kind = OptimiserKind::kSgd, .nesterov = true, .weight_decay = 0.1},
                {0.702875495f, -1.40575099f, 2.1086266f, -0.399923712f, 0.597813964f, -0.923907042f});
}

TEST(Optimiser, WithoutMomentumAStepIsTheGradientTimesTheRate) {
  at::Tensor weight = at::tensor({1.0f, 2.0f}).set_requires_grad(true);
  Optimiser optimiser({.kind = OptimiserKind::kSgd, .momentum = 0, .weight_decay = 0}, {{"w", weight}});
  for (uint64_t step = 0; step < 2; ++step) {
    weight.mutable_grad() = at::tensor({1.0f, -2.0f});
    optimiser.step(step, {.lr = 0.25, .momentum = 0});
  }
  EXPECT_TRUE(weight.detach().equal(at::tensor({0.5f, 3.0f})));
}

TEST(Optimiser, AdamWIsPyTorchsAndSparesBiases) {
  expect_torchs({.kind = OptimiserKind::kAdamW, .weight_decay = 0.1},
                {0.735137939f, -1.71038675f, 2.68563581f, 0.247513533f, 0.390282214f, -0.890282214f});
}

TEST(Optimiser, GradientsInAnotherMemoryFormatGiveTheSame) {
  const auto after = [](bool transposed) {
    at::Tensor weight = at::tensor({1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f}).reshape({2, 3}).set_requires_grad(true);
    Optimiser optimiser({.weight_decay = 0}, {{"w", weight}});
    const at::Tensor gradient = at::tensor({1.0f, -2.0f, 0.0f, 4.0f, -5.0f, 0.0f}).reshape({2, 3});
    weight.mutable_grad() = transposed ? gradient.t().contiguous().t() : gradient;
    optimiser.step(0, {.lr = 0.1, .momentum = 0.9});
    return weight.detach();
  };
  EXPECT_TRUE(after(true).equal(after(false)));
}

TEST(Optimiser, ParametersWithoutGradientStay) {
  Toy toy;
  Optimiser optimiser({}, toy.parameters());
  const auto before = toy.values();
  optimiser.step(0, {.lr = 1, .momentum = 0.9});
  EXPECT_EQ(toy.values(), before);
  EXPECT_EQ(optimiser.state().size(), 4u);
}

TEST(Optimiser, RefusesWhatMakesNoSense) {
  EXPECT_THROW(Optimiser({.momentum = 1}, {}), Error);
  EXPECT_THROW(Optimiser({.weight_decay = -1}, {}), Error);
  EXPECT_THROW(optimiser_named("lion"), Error);
}

}  // namespace
}  // namespace penstock::learn
