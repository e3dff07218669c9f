#include "models/classic/kmeans.h"

#include <set>

#include <gtest/gtest.h>

#include "models/classic/reference.h"
#include "tests/classic/made_rows.h"

namespace penstock::classic {
namespace {

constexpr uint64_t kPlenty = uint64_t{1} << 30;

KMeansResult fit(RowSource& source, const KMeansOptions& options, unsigned threads = 2, uint64_t bytes = kPlenty) {
  Cores cores(threads);
  const auto algebra = make_cpu_algebra(cores);
  Blocks blocks(source, bytes);
  return k_means(blocks, *algebra, options);
}

KMeansResult fit(const MadeRows& rows, const KMeansOptions& options, unsigned threads = 2) {
  MemoryRows source(rows.view());
  return fit(source, options, threads);
}

std::string refusal(const MadeRows& rows, const KMeansOptions& options) {
  try {
    fit(rows, options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage);
    return error.what();
  }
  return "";
}

// Lloyd in f64, as in a book.
std::vector<double> naive_lloyd(RowsView rows, std::vector<float> centres, size_t k, size_t iterations,
                                double* inertia) {
  std::vector<double> exact(centres.begin(), centres.end());
  for (size_t i = 0; i < iterations; ++i) {
    centres.assign(exact.begin(), exact.end());
    const reference::Assigned now = reference::assign(rows, {centres.data(), k, rows.width});
    for (size_t j = 0; j < exact.size(); ++j)
      if (now.counts[j / rows.width] > 0) exact[j] = now.sums[j] / static_cast<double>(now.counts[j / rows.width]);
    *inertia = now.inertia;
  }
  return exact;
}

// Rows near to zero are used as they lie, others less their mean; narrow and wide rows have tiles of their own.
TEST(KMeans, FollowsTheNaiveIterationsNearZeroAndFarFromIt) {
  for (const double offset : {0.0, 500.0}) {
    for (const size_t width : {24u, 260u}) {
      const MadeRows rows = make_rows(3000, width, 12, 2, offset);
      const auto values = static_cast<std::ptrdiff_t>(9 * width);
      const std::vector<float> from(rows.values.begin(), rows.values.begin() + values);
      double inertia = 0;
      const std::vector<double> expected = naive_lloyd(rows.view(), from, 9, 3, &inertia);
      const KMeansResult result = fit(rows, {.k = 9, .max_iterations = 3, .tolerance = 0, .from = from});
      EXPECT_EQ(result.iterations, 3u);
      ASSERT_EQ(result.history.size(), 3u);
      EXPECT_NEAR(result.history.back(), inertia, 1e-5 * inertia);
      for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(result.centres[i], expected[i], 1e-3);
    }
  }
}

TEST(KMeans, CentresThatStandStillKeepTheInertiaOfTheLastPass) {
  for (const double offset : {0.0, 500.0}) {
    const MadeRows rows = make_rows(2000, 8, 4, 20, offset);
    const KMeansResult result = fit(rows, {.k = 4, .seed = 1, .tolerance = 0});
    EXPECT_TRUE(result.converged);
    const reference::Assigned expected = reference::assign(rows.view(), {result.centres.data(), 4, 8});
    EXPECT_NEAR(result.inertia, expected.inertia, 1e-4 * expected.inertia);
  }
}

TEST(KMeans, FindsCloudsThatLieApart) {
  const MadeRows rows = make_rows(2000, 16, 6, 30);
  for (const bool mini_batch : {false, true}) {
    const KMeansResult result = fit(rows, {.k = 6, .seed = 3, .n_init = 3, .mini_batch = mini_batch});
    const reference::Assigned found = reference::assign(rows.view(), {result.centres.data(), 6, 16});
    EXPECT_TRUE(result.converged);
    EXPECT_NEAR(result.inertia, found.inertia, 1e-4 * found.inertia);
    EXPECT_LT(result.inertia, 2000 * 16 * 1.05) << "deviation 1 in 16 directions";
    for (size_t i = 0; i < 2000; ++i) EXPECT_EQ(found.labels[i], found.labels[i % 6]);
  }
}

TEST(KMeans, InertiaNeverGrows) {
  const KMeansResult result = fit(make_rows(4000, 8, 3, 1), {.k = 20, .tolerance = 0});
  EXPECT_TRUE(result.converged);
  for (size_t i = 1; i < result.history.size(); ++i) EXPECT_LE(result.history[i], result.history[i - 1] * (1 + 1e-7));
  EXPECT_LE(result.inertia, result.history.back() * (1 + 1e-7));
}

TEST(KMeans, AnyThreadsAndAnyBudgetGiveTheSameBits) {
  const MadeRows rows = make_rows(9000, 20, 7, 3);
  for (const bool mini_batch : {false, true}) {
    const KMeansOptions options{.k = 11, .seed = 5, .mini_batch = mini_batch};
    const KMeansResult one = fit(rows, options, 1);
    const KMeansResult eight = fit(rows, options, 8);
    EXPECT_EQ(one.centres, eight.centres);
    EXPECT_EQ(one.history, eight.history);
    SlowRows slow(rows.view());
    const KMeansResult streamed = fit(slow, options, 2, 2 * 1024 * 20 * sizeof(float));
    EXPECT_EQ(one.centres, streamed.centres);
    EXPECT_EQ(one.history, streamed.history);
    EXPECT_EQ(one.inertia, streamed.inertia);
  }
}

TEST(KMeans, AnEmptyClusterTakesTheFarthestRow) {
  MadeRows rows = make_rows(500, 4, 1, 0);
  for (size_t d = 0; d < 4; ++d) rows.values[77 * 4 + d] = 100;
  // The second centre is nobody's.
  std::vector<float> from(8, 0.0f);
  from[4] = from[5] = from[6] = from[7] = -1e4f;
  const KMeansResult result = fit(rows, {.k = 2, .from = from});
  EXPECT_EQ(result.empty, 0u);
  EXPECT_NEAR(result.centres[4], 100, 1e-3);
}

TEST(KMeans, FewerValuesThanClustersLeaveSomeEmpty) {
  MadeRows rows{2, {}};
  for (int i = 0; i < 60; ++i) rows.values.insert(rows.values.end(), {static_cast<float>(i % 3), 1.0f});
  const KMeansResult result = fit(rows, {.k = 5});
  EXPECT_EQ(result.inertia, 0.0);
  EXPECT_EQ(result.empty, 2u);
}

TEST(KMeans, SeedsAreRowsAndDifferentOnes) {
  const MadeRows rows = make_rows(800, 6, 10, 5);
  Cores cores(2);
  const auto algebra = make_cpu_algebra(cores);
  const std::vector<float> seeds = seed_centres(rows.view(), *algebra, 40, 9, 0);
  std::set<std::vector<float>> all, drawn;
  for (size_t i = 0; i < 800; ++i) all.insert({rows.view().row(i), rows.view().row(i) + 6});
  for (size_t c = 0; c < 40; ++c)
    drawn.insert({seeds.begin() + static_cast<long>(c * 6), seeds.begin() + static_cast<long>(c * 6 + 6)});
  EXPECT_EQ(drawn.size(), 40u);
  for (const auto& seed : drawn) EXPECT_TRUE(all.contains(seed));
  EXPECT_NE(seeds, seed_centres(rows.view(), *algebra, 40, 9, 1));
  EXPECT_NE(seeds, seed_centres(rows.view(), *algebra, 40, 10, 0));
}

TEST(KMeans, RefusesWhatCannotBe) {
  const MadeRows rows = make_rows(10, 3);
  EXPECT_NE(refusal(rows, {.k = 11}).find("11 clusters of 10 rows"), std::string::npos);
  EXPECT_NE(refusal(rows, {.k = 0}).find("at least one"), std::string::npos);
  EXPECT_NE(refusal(rows, {.k = 2, .from = {1, 2, 3}}).find("hold 3 values"), std::string::npos);
}

TEST(KMeans, StopsBetweenBlocksWithTheLastCentresSeen) {
  const MadeRows rows = make_rows(3000, 8, 3, 1);
  SlowRows slow(rows.view());
  Cores cores(1);
  const auto algebra = make_cpu_algebra(cores);
  std::stop_source stop;
  Blocks blocks(slow, 2 * 1024 * 8 * sizeof(float), stop.get_token());
  size_t steps = 0;
  std::vector<float> last;
  KMeansOptions options{.k = 20, .tolerance = 0};
  options.on_step = [&](const KMeansStep& step) {
    last.assign(step.centres.begin(), step.centres.end());
    if (++steps == 2) stop.request_stop();
  };
  try {
    k_means(blocks, *algebra, options);
    FAIL() << "must throw";
  } catch (const Error& error) { EXPECT_EQ(error.code(), Code::kCancelled); }
  EXPECT_EQ(steps, 2u);
  // Going on from there ends where it would have ended.
  const KMeansResult whole = fit(rows, {.k = 20, .tolerance = 0});
  const KMeansResult resumed = fit(rows, {.k = 20, .tolerance = 0, .from = last});
  EXPECT_EQ(resumed.iterations + 2, whole.iterations);
  EXPECT_NEAR(resumed.inertia, whole.inertia, 1e-6 * whole.inertia);
}

}  // namespace
}  // namespace penstock::classic
