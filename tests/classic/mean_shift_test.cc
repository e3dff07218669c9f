#include "models/classic/mean_shift.h"

#include <cmath>

#include <gtest/gtest.h>

#include "models/classic/kmeans.h"
#include "models/classic/reference.h"
#include "tests/classic/made_rows.h"

namespace penstock::classic {
namespace {

struct World {
  explicit World(const MadeRows& made) : source(made.view()), blocks(source, uint64_t{1} << 30) {}
  Cores cores{2};
  std::unique_ptr<Algebra> algebra = make_cpu_algebra(cores);
  MemoryRows source;
  Blocks blocks;
};

TEST(MeanShift, FindsAsManyCloudsAsThereAre) {
  const MadeRows made = make_rows(700, 3, 7, 60);
  for (const bool binned : {false, true}) {
    for (const ShiftKernel kernel : {ShiftKernel::kFlat, ShiftKernel::kGaussian}) {
      World world(made);
      const double bandwidth = kernel == ShiftKernel::kFlat ? 6 : 3;
      const MeanShiftResult result =
          mean_shift(world.blocks, *world.algebra, {.bandwidth = bandwidth, .kernel = kernel, .binned = binned});
      ASSERT_EQ(result.weights.size(), 7u);
      EXPECT_EQ(result.starts < 700, binned);
      std::vector<int32_t> labels;
      assign_all(world.blocks, *world.algebra, result.centres,
                 [&](uint64_t, std::span<const int32_t> some, std::span<const float>) {
                   labels.assign(some.begin(), some.end());
                 });
      for (size_t i = 0; i < 700; ++i) EXPECT_EQ(labels[i], labels[i % 7]);
      if (kernel == ShiftKernel::kFlat) { EXPECT_NEAR(result.weights[0], 100, 1); }
    }
  }
}

TEST(MeanShift, ItsCentresAreFixedPointsOfTheNaiveStep) {
  const MadeRows made = make_rows(400, 5, 4, 12);
  World world(made);
  const MeanShiftResult result =
      mean_shift(world.blocks, *world.algebra, {.bandwidth = 4, .kernel = ShiftKernel::kGaussian});
  const size_t k = result.weights.size();
  ASSERT_GT(k, 0u);
  const reference::KernelSums sums =
      reference::kernel_sums(made.view(), {result.centres.data(), k, 5}, 4, ShiftKernel::kGaussian);
  for (size_t i = 0; i < k * 5; ++i) EXPECT_NEAR(sums.sums[i] / sums.weights[i / 5], result.centres[i], 4e-3);
}

TEST(MeanShift, TheBandwidthIsTheMeanDistanceToTheQuantile) {
  const MadeRows made = make_rows(200, 4);
  World world(made);
  const auto k = static_cast<size_t>(200 * 0.3);
  double sum = 0;
  const reference::Neighbours all = reference::nearest(made.view(), made.view(), k, Metric::kL2);  // itself among them
  for (size_t i = 0; i < 200; ++i) sum += std::sqrt(all.scores[i * k + k - 1]);
  EXPECT_NEAR(estimate_bandwidth(world.blocks, *world.algebra), sum / 200, 1e-4);
}

TEST(MeanShift, RefusesWhatCannotBe) {
  const MadeRows made = make_rows(50, 4);
  World world(made);
  for (const MeanShiftOptions& options : {MeanShiftOptions{.bandwidth = 0}, MeanShiftOptions{.bandwidth = -1},
                                          MeanShiftOptions{.bandwidth = 1, .most_starts = 10}}) {
    try {
      mean_shift(world.blocks, *world.algebra, options);
      FAIL() << "must throw";
    } catch (const Error& error) { EXPECT_EQ(error.code(), Code::kUsage); }
  }
}

}  // namespace
}  // namespace penstock::classic
