#include "models/classic/neighbours.h"

#include <cmath>

#include <gtest/gtest.h>

#include "models/classic/reference.h"
#include "tests/classic/made_rows.h"

namespace penstock::classic {
namespace {

struct Found {
  std::vector<float> values;
  std::vector<int64_t> ids;
  size_t blocks = 0;
};

Found search(RowSource& queries, RowSource& base, const NeighbourOptions& options, unsigned threads = 2) {
  Cores cores(threads);
  const auto algebra = make_cpu_algebra(cores);
  Found found;
  nearest_rows(queries, base, *algebra, options,
               [&](uint64_t first, std::span<const float> values, std::span<const int64_t> ids) {
                 EXPECT_EQ(first * options.k, found.ids.size());
                 found.values.insert(found.values.end(), values.begin(), values.end());
                 found.ids.insert(found.ids.end(), ids.begin(), ids.end());
                 ++found.blocks;
               });
  return found;
}

TEST(Neighbours, AreTheNaiveOnesFarFromZero) {
  const MadeRows queries = make_rows(200, 40, 5, 3, 1000, 2), base = make_rows(1500, 40, 5, 3, 1000);
  MemoryRows q(queries.view()), b(base.view());
  const Found found = search(q, b, {.k = 10});
  const reference::Neighbours expected = reference::nearest(queries.view(), base.view(), 10, Metric::kL2);
  EXPECT_EQ(found.ids, expected.ids);
  for (size_t i = 0; i < found.values.size(); ++i)
    ASSERT_NEAR(found.values[i], std::sqrt(expected.scores[i]), 1e-4 * found.values[i]);
}

TEST(Neighbours, ManyNeighboursByEachMetric) {
  const MadeRows queries = make_rows(60, 24, 5, 3, 0.5, 2), base = make_rows(3000, 24, 5, 3, 0.5);
  MemoryRows q(queries.view()), b(base.view());
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kDot}) {
    const Found found = search(q, b, {.k = 1024, .metric = metric});
    const reference::Neighbours expected = reference::nearest(queries.view(), base.view(), 1024, metric);
    size_t others = 0;
    for (size_t i = 0; i < found.ids.size(); ++i) {
      const double value = metric == Metric::kL2 ? std::sqrt(expected.scores[i])
                                                 : (metric == Metric::kDot ? -expected.scores[i] : expected.scores[i]);
      ASSERT_NEAR(found.values[i], value, 1e-4 * (1 + std::abs(value)));
      others += found.ids[i] != expected.ids[i] ? 1 : 0;
    }
    // Neighbours whose distances differ in the seventh digit may change places.
    EXPECT_LT(others, found.ids.size() / 100);
  }
}

// A list of candidates is narrowed many times on the way.
TEST(Neighbours, AreTheNaiveOnesOfManyRows) {
  const MadeRows queries = make_rows(40, 20, 5, 3, 0, 2), base = make_rows(12000, 20, 5, 3);
  MemoryRows q(queries.view()), b(base.view());
  for (const size_t k : {1u, 30u, 300u}) {
    const Found found = search(q, b, {.k = k});
    const reference::Neighbours expected = reference::nearest(queries.view(), base.view(), k, Metric::kL2);
    size_t others = 0;
    for (size_t i = 0; i < found.ids.size(); ++i) {
      ASSERT_NEAR(found.values[i], std::sqrt(expected.scores[i]), 1e-5 * (1 + found.values[i]));
      others += found.ids[i] != expected.ids[i] ? 1 : 0;
    }
    EXPECT_LE(others, found.ids.size() / 100) << k;
  }
}

TEST(Neighbours, BothSidesStreamInABudgetWithTheSameBits) {
  const MadeRows rows = make_rows(5000, 16, 5, 3);
  MemoryRows whole(rows.view());
  SlowRows slow(rows.view());
  const Found expected = search(whole, whole, {.k = 4}, 1);
  const uint64_t bytes = 300 * 1024;  // 172 queries at once, and a base of 313 KiB in blocks of 64 KiB
  const Found found = search(slow, slow, {.k = 4, .bytes = bytes}, 8);
  EXPECT_GT(found.blocks, 3u);
  EXPECT_GT(slow.read_rows, 4 * 5000u) << "the base was read for each block of queries";
  EXPECT_EQ(found.ids, expected.ids);
  EXPECT_EQ(found.values, expected.values);
}

TEST(Neighbours, PlacesBeyondTheRowsAreEmpty) {
  const MadeRows rows = make_rows(3, 4);
  MemoryRows source(rows.view());
  const Found found = search(source, source, {.k = 5});
  EXPECT_GE(found.ids[1], 0);
  EXPECT_EQ(found.ids[2], -1);
  EXPECT_TRUE(std::isnan(found.values[2]));
}

TEST(Neighbours, RefusesWidthsThatDiffer) {
  const MadeRows a = make_rows(3, 4), b = make_rows(3, 5);
  MemoryRows queries(a.view()), base(b.view());
  try {
    search(queries, base, {});
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage);
    EXPECT_NE(std::string(error.what()).find("4 values a row"), std::string::npos) << error.what();
  }
}

TEST(Neighbours, RefusesABudgetThatHoldsNothing) {
  const MadeRows rows = make_rows(5000, 16);
  SlowRows source(rows.view());
  try {
    search(source, source, {.bytes = 4096});
    FAIL() << "must throw";
  } catch (const Error& error) { EXPECT_EQ(error.code(), Code::kMemory); }
}

}  // namespace
}  // namespace penstock::classic
