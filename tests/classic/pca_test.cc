#include "models/classic/pca.h"

#include <cmath>

#include <gtest/gtest.h>

#include "models/classic/reference.h"
#include "tests/classic/made_rows.h"

namespace penstock::classic {
namespace {

PcaModel fit(RowSource& source, size_t components, bool whiten = false, unsigned threads = 2,
             uint64_t bytes = uint64_t{1} << 30) {
  Cores cores(threads);
  const auto algebra = make_cpu_algebra(cores);
  Blocks blocks(source, bytes);
  return fit_pca(blocks, *algebra, components, whiten);
}

TEST(Pca, ComponentsAreUnitEigenvectorsOfTheCovariance) {
  const MadeRows made = make_rows(3000, 23, 4, 5, 200);
  MemoryRows source(made.view());
  const PcaModel model = fit(source, 23);
  double all = 0, trace = 0;
  for (size_t d = 0; d < 23; ++d) {
    double sum = 0, sum2 = 0;
    for (size_t i = 0; i < 3000; ++i) sum += static_cast<double>(made.view().row(i)[d]);
    const double mean = sum / 3000;
    EXPECT_NEAR(model.mean[d], mean, 1e-4);
    for (size_t i = 0; i < 3000; ++i) sum2 += std::pow(static_cast<double>(made.view().row(i)[d]) - mean, 2);
    trace += sum2 / 2999;
  }
  // Covariance in f64, naively.
  const std::vector<double> gram = reference::gram(made.view(), model.mean);
  for (size_t p = 0; p < 23; ++p) {
    all += model.variance[p];
    EXPECT_GE(model.variance[p == 0 ? 0 : p - 1], model.variance[p]);
    const float* v = model.components.data() + p * 23;
    for (size_t r = 0; r < 23; ++r) {
      double product = 0;
      for (size_t c = 0; c < 23; ++c) product += gram[r * 23 + c] / 2999 * static_cast<double>(v[c]);
      EXPECT_NEAR(product, model.variance[p] * static_cast<double>(v[r]), 1e-4 * (1 + model.variance[p]));
    }
    for (size_t q = 0; q < 23; ++q) {
      double product = 0;
      for (size_t c = 0; c < 23; ++c)
        product += static_cast<double>(v[c]) * static_cast<double>(model.components[q * 23 + c]);
      EXPECT_NEAR(product, p == q ? 1 : 0, 1e-5);
    }
    float largest = 0;
    for (size_t c = 0; c < 23; ++c)
      if (std::abs(v[c]) > std::abs(largest)) largest = v[c];
    EXPECT_GT(largest, 0);
  }
  EXPECT_NEAR(all, trace, 1e-4 * trace);
}

TEST(Pca, AnyThreadsAndAnyBudgetGiveTheSameBits) {
  const MadeRows made = make_rows(5000, 14);
  MemoryRows whole(made.view());
  SlowRows slow(made.view());
  const PcaModel one = fit(whole, 5, false, 1), streamed = fit(slow, 5, false, 8, 2 * 1024 * 14 * sizeof(float));
  EXPECT_EQ(one.components, streamed.components);
  EXPECT_EQ(one.variance, streamed.variance);
  EXPECT_EQ(one.mean, streamed.mean);
}

TEST(Pca, WhitenedRowsHaveVarianceOne) {
  const MadeRows made = make_rows(4000, 12, 3, 9, 50);
  MemoryRows source(made.view());
  const PcaModel model = fit(source, 4, true);
  Cores cores(1);
  const auto algebra = make_cpu_algebra(cores);
  ProjectedRows projected(source, model, *algebra);
  ASSERT_EQ(projected.width(), 4u);
  std::vector<float> out(4000 * 4);
  projected.read(0, out);
  for (size_t a = 0; a < 4; ++a) {
    for (size_t b = 0; b < 4; ++b) {
      double sum = 0;
      for (size_t i = 0; i < 4000; ++i)
        sum += static_cast<double>(out[i * 4 + a]) * static_cast<double>(out[i * 4 + b]);
      EXPECT_NEAR(sum / 3999, a == b ? 1 : 0, 1e-3);
    }
  }
}

TEST(Pca, RefusesMoreComponentsThanThereCanBe) {
  const MadeRows made = make_rows(10, 4);
  MemoryRows source(made.view());
  for (const size_t components : {0u, 5u}) {
    try {
      fit(source, components);
      FAIL() << "must throw";
    } catch (const Error& error) { EXPECT_EQ(error.code(), Code::kUsage); }
  }
}

}  // namespace
}  // namespace penstock::classic
