// Every algebra against the naive twins of reference.h: the same body for the CPU's and for CUDA's.
#include "models/classic/algebra.h"

#include <cmath>

#include <gtest/gtest.h>

#include "models/classic/reference.h"
#include "tests/classic/made_rows.h"

namespace penstock::classic {
namespace {

class AnAlgebra : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    try {
      algebra = make_algebra(GetParam(), cores);
    } catch (const Error& error) {
      if (error.code() != Code::kDevice) throw;
      GTEST_SKIP() << error.what();
    }
  }
  Cores cores{3};
  std::unique_ptr<Algebra> algebra;
};

struct Shape {
  size_t rows, width, other;
};
// Tiles that are full, cut, and of one.
constexpr Shape kShapes[] = {{1, 1, 1}, {700, 3, 2}, {513, 64, 300}, {2100, 17, 33}, {1500, 130, 257}};

TEST_P(AnAlgebra, AssignsEachRowToTheNearestCentre) {
  for (const Shape& shape : kShapes) {
    const MadeRows rows = make_rows(shape.rows, shape.width), centres = make_rows(shape.other, shape.width, 5, 6, 0, 2);
    const reference::Assigned expected = reference::assign(rows.view(), centres.view());
    std::vector<int32_t> labels(shape.rows);
    std::vector<float> distances2(shape.rows);
    const auto sums = algebra->make_sums(shape.other, shape.width);
    const auto held = algebra->hold(rows.view(), {});
    algebra->assign(*held, 0, centres.view(), labels, distances2, sums.get());
    size_t other = 0;
    for (size_t i = 0; i < shape.rows; ++i) {
      EXPECT_NEAR(distances2[i], expected.distances2[i], 1e-4 * (1 + expected.distances2[i]));
      other += labels[i] != expected.labels[i] ? 1 : 0;
    }
    EXPECT_EQ(other, 0u) << "no two centres of this data are as near as the rounding";
    std::vector<double> total(shape.other * shape.width);
    std::vector<uint64_t> counts(shape.other);
    sums->read(total, counts);
    EXPECT_EQ(counts, expected.counts);
    for (size_t i = 0; i < total.size(); ++i) EXPECT_NEAR(total[i], expected.sums[i], 1e-9 * shape.rows);
  }
}

TEST_P(AnAlgebra, ShiftedRowsKeepTheirDistancesFarFromZero) {
  const MadeRows rows = make_rows(900, 48, 5, 6, 3000), centres = make_rows(40, 48, 5, 6, 3000, 2);
  const reference::Assigned expected = reference::assign(rows.view(), centres.view());
  const std::vector<float> shift(48, 3000.0f);
  std::vector<float> shifted = centres.values;
  for (float& x : shifted) x -= 3000.0f;
  std::vector<int32_t> labels(900);
  std::vector<float> distances2(900);
  algebra->assign(*algebra->hold(rows.view(), {.shift = shift}), 0, {shifted.data(), 40, 48}, labels, distances2,
                  nullptr);
  EXPECT_EQ(labels, expected.labels);
  for (size_t i = 0; i < 900; ++i) EXPECT_NEAR(distances2[i], expected.distances2[i], 1e-4 * expected.distances2[i]);
}

TEST_P(AnAlgebra, MeasuresFewPointsFromEachRow) {
  const MadeRows rows = make_rows(1300, 37), points = make_rows(6, 37, 5, 6, 0, 3);
  std::vector<float> out(6 * 1300);
  algebra->distances(*algebra->hold(rows.view(), {}), points.view(), out);
  for (size_t p = 0; p < 6; ++p) {
    for (size_t i = 0; i < 1300; ++i) {
      const double expected = reference::squared_distance(rows.view().row(i), points.view().row(p), 37);
      ASSERT_NEAR(out[p * 1300 + i], expected, 1e-4 * (1 + expected));
    }
  }
}

TEST_P(AnAlgebra, FindsTheNearestRowsByEachMetric) {
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kDot}) {
    for (const size_t k : {1u, 7u, 40u}) {
      const MadeRows queries = make_rows(300, 33, 5, 6, 0, 4), base = make_rows(1200, 33);
      const reference::Neighbours expected = reference::nearest(queries.view(), base.view(), k, metric);
      const Intake intake{.unit = metric == Metric::kCosine, .norms = true};
      const auto held = algebra->hold(queries.view(), intake);
      const auto found = algebra->start_search(*held, k, metric);
      algebra->search(*found, *held, *algebra->hold(base.view().part(0, 700), intake), 0);
      algebra->search(*found, *held, *algebra->hold(base.view().part(700, 500), intake), 700);
      std::vector<float> scores(300 * k);
      std::vector<int64_t> ids(300 * k);
      found->read(scores, ids);
      for (size_t i = 0; i < scores.size(); ++i) {
        // Rows whose scores differ by less than the rounding of f32 may change places.
        const double there =
            reference::score(metric, queries.view().row(i / k), base.view().row(static_cast<size_t>(ids[i])), 33);
        ASSERT_NEAR(there, expected.scores[i], 2e-6 * (1 + std::abs(expected.scores[i]))) << static_cast<int>(metric);
        ASSERT_NEAR(scores[i], expected.scores[i], 2e-5 * (1 + std::abs(expected.scores[i])));
      }
    }
  }
}

TEST_P(AnAlgebra, EqualRowsAreFoundByTheLowerIdAndSelfIsLeftOut) {
  MadeRows rows = make_rows(40, 21);
  for (int copies = 0; copies < 5; ++copies)
    rows.values.insert(rows.values.end(), rows.values.begin(), rows.values.begin() + 40 * 21);
  const auto held = algebra->hold(rows.view(), {.norms = true});
  const auto found = algebra->start_search(*held, 3, Metric::kL2, 0);
  algebra->search(*found, *held, *held, 0);
  std::vector<float> scores(240 * 3);
  std::vector<int64_t> ids(240 * 3);
  found->read(scores, ids);
  for (int64_t q = 0; q < 240; ++q) {
    std::vector<int64_t> twins;
    for (int64_t id = q % 40; id < 240 && twins.size() < 3; id += 40)
      if (id != q) twins.push_back(id);
    EXPECT_EQ(std::vector<int64_t>(ids.begin() + q * 3, ids.begin() + q * 3 + 3), twins);
    EXPECT_EQ(scores[static_cast<size_t>(q) * 3 + 2], 0.0f);
  }
}

// More rows than any list of candidates holds, and no product can tell them apart.
TEST_P(AnAlgebra, OfManyEqualRowsTheLowestIdsAreFound) {
  const MadeRows one = make_rows(1, 9);
  MadeRows rows{9, {}};
  for (int i = 0; i < 2500; ++i) rows.values.insert(rows.values.end(), one.values.begin(), one.values.end());
  const std::vector<float> shift(9, 1.0f);
  for (const std::span<const float> by : {std::span<const float>(), std::span<const float>(shift)}) {
    const auto base = algebra->hold(rows.view(), {.shift = by, .norms = true});
    const auto queries = algebra->hold(rows.view().part(0, 4), {.shift = by, .norms = true});
    const auto found = algebra->start_search(*queries, 5, Metric::kL2, 102);
    algebra->search(*found, *queries, *base, 100);
    std::vector<float> scores(4 * 5);
    std::vector<int64_t> ids(4 * 5);
    found->read(scores, ids);
    EXPECT_EQ(ids, (std::vector<int64_t>{100, 101, 103, 104, 105, 100, 101, 102, 104, 105,
                                         100, 101, 102, 103, 105, 100, 101, 102, 103, 104}));
    EXPECT_EQ(scores, std::vector<float>(20, 0.0f));
  }
}

TEST_P(AnAlgebra, NearerRowsBehindManyEqualOnesAreFound) {
  // Too many to be told apart by their products: they are measured early, and what comes later must be too.
  for (const size_t equal : {100, 1114, 2500, 5000}) {
    MadeRows rows{3, {}};
    const auto add = [&](float x) { rows.values.insert(rows.values.end(), {x, 0.0f, 0.0f}); };
    for (size_t i = 0; i < equal; ++i) add(1.0f);
    for (int i = 0; i < 10; ++i) add(0.5f);
    const MadeRows query{3, {0.0f, 0.0f, 0.0f}};
    const auto base = algebra->hold(rows.view(), {.norms = true});
    const auto queries = algebra->hold(query.view(), {.norms = true});
    const auto found = algebra->start_search(*queries, 5, Metric::kL2);
    algebra->search(*found, *queries, *base, 0);
    std::vector<float> scores(5);
    std::vector<int64_t> ids(5);
    found->read(scores, ids);
    const auto first = static_cast<int64_t>(equal);
    EXPECT_EQ(ids, (std::vector<int64_t>{first, first + 1, first + 2, first + 3, first + 4})) << equal;
    EXPECT_EQ(scores, std::vector<float>(5, 0.25f)) << equal;
  }
}

TEST_P(AnAlgebra, ABaseOfFewerThanKRowsLeavesPlacesEmpty) {
  const MadeRows rows = make_rows(3, 5);
  const auto held = algebra->hold(rows.view(), {.norms = true});
  const auto found = algebra->start_search(*held, 8, Metric::kL2);
  algebra->search(*found, *held, *held, 10);
  std::vector<float> scores(24);
  std::vector<int64_t> ids(24);
  found->read(scores, ids);
  EXPECT_EQ(ids[0], 10);
  EXPECT_EQ(ids[3], -1);
  EXPECT_TRUE(std::isinf(scores[3]));
}

TEST_P(AnAlgebra, MomentsAndProjectionsAgree) {
  const MadeRows rows = make_rows(2500, 19), directions = make_rows(4, 19, 5, 6, 0, 5);
  const std::vector<float> shift(rows.values.begin(), rows.values.begin() + 19);
  const auto held = algebra->hold(rows.view(), {.shift = shift});
  std::vector<double> gram(19 * 19), sum(19), sum_again(19), sum2(19);
  algebra->add_gram(*held, gram, sum);
  algebra->add_moments(*held, sum_again, sum2);
  const std::vector<double> expected = reference::gram(rows.view(), shift);
  for (size_t i = 0; i < gram.size(); ++i) EXPECT_NEAR(gram[i], expected[i], 1e-9 * (1 + std::abs(expected[i])));
  std::vector<float> out(2500 * 4);
  algebra->project(*held, directions.view(), out);
  for (size_t d = 0; d < 19; ++d) {
    // The gram takes rows as f32 rounded them when they were shifted.
    EXPECT_NEAR(sum2[d], gram[d * 19 + d], 1e-7 * sum2[d]);
    EXPECT_NEAR(sum[d], sum_again[d], 1e-4 + 1e-7 * std::abs(sum[d]));
  }
  for (size_t i = 0; i < 2500; i += 7) {
    for (size_t p = 0; p < 4; ++p) {
      double product = 0;
      for (size_t d = 0; d < 19; ++d)
        product +=
            static_cast<double>(rows.view().row(i)[d] - shift[d]) * static_cast<double>(directions.view().row(p)[d]);
      ASSERT_NEAR(out[i * 4 + p], product, 1e-3);
    }
  }
}

TEST_P(AnAlgebra, SumsUnderBothKernelsAgree) {
  const MadeRows rows = make_rows(1111, 11), modes = make_rows(70, 11, 5, 6, 0, 6);
  for (const ShiftKernel kernel : {ShiftKernel::kFlat, ShiftKernel::kGaussian}) {
    const reference::KernelSums expected = reference::kernel_sums(rows.view(), modes.view(), 5.0, kernel);
    std::vector<double> sums(70 * 11), weights(70);
    algebra->add_kernel_sums(*algebra->hold(rows.view(), {.norms = true}), modes.view(), 5.0, kernel, sums, weights);
    for (size_t m = 0; m < 70; ++m) EXPECT_NEAR(weights[m], expected.weights[m], 1e-4 * (1 + expected.weights[m]));
    for (size_t i = 0; i < sums.size(); ++i)
      EXPECT_NEAR(sums[i], expected.sums[i], 1e-4 * (1 + 10 * expected.weights[i / 11]));
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, AnAlgebra, testing::Values("cpu", "cuda:0"),
                         [](const auto& info) { return info.index == 0 ? "Cpu" : "Cuda"; });

TEST(Algebras, ANameThatIsNoDeviceIsRefused) {
  Cores cores(1);
  try {
    make_algebra("tpu", cores);
    FAIL() << "must throw";
  } catch (const Error& error) { EXPECT_EQ(error.code(), Code::kUsage); }
}

}  // namespace
}  // namespace penstock::classic
