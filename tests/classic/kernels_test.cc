// The inner loops against one value after the other.
#include "models/classic/kernels.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "models/classic/reference.h"
#include "tests/classic/made_rows.h"

namespace penstock::classic {
namespace {

TEST(ClassicKernels, SumsAgreeWithF64ForEveryLength) {
  for (size_t width = 1; width < 150; ++width) {
    const MadeRows made = make_rows(7, width);
    const RowsView rows = made.view();
    const double expected = reference::squared_distance(rows.row(0), rows.row(1), width);
    EXPECT_NEAR(squared_distance(rows.row(0), rows.row(1), width), expected, 1e-5 * expected) << width;
    std::vector<float> many(6);
    squared_distances(rows.row(0), rows.row(1), 6, width, many.data());
    for (size_t p = 0; p < 6; ++p) {
      const double one = reference::squared_distance(rows.row(0), rows.row(1 + p), width);
      EXPECT_NEAR(many[p], one, 1e-5 * one) << width;
    }
    const double product = -reference::score(Metric::kDot, rows.row(0), rows.row(1), width);
    EXPECT_NEAR(dot(rows.row(0), rows.row(1), width), product, 1e-4 * (1 + std::abs(product))) << width;
    std::vector<double> sums(width, 1), shifted_sums(width, 3), squares(width, 2);
    add_row(rows.row(0), width, sums.data());
    add_row_moments(rows.row(0), rows.row(1), width, shifted_sums.data(), squares.data());
    for (size_t d = 0; d < width; ++d) {
      const auto x = static_cast<double>(rows.row(0)[d]), y = x - static_cast<double>(rows.row(1)[d]);
      EXPECT_DOUBLE_EQ(sums[d], 1 + x);
      EXPECT_DOUBLE_EQ(shifted_sums[d], 3 + y);
      EXPECT_DOUBLE_EQ(squares[d], 2 + y * y);
    }
    std::vector<float> shifted(width);
    shift_row(rows.row(0), rows.row(1), 2.0f, width, shifted.data());
    for (size_t d = 0; d < width; ++d) EXPECT_EQ(shifted[d], (rows.row(0)[d] - rows.row(1)[d]) * 2.0f);
    shift_row(rows.row(0), nullptr, 0.5f, width, shifted.data());
    for (size_t d = 0; d < width; ++d) EXPECT_EQ(shifted[d], rows.row(0)[d] * 0.5f);
  }
}

TEST(ClassicKernels, RowsThatAreNamedAddUpInTheirOrder) {
  const MadeRows made = make_rows(60, 45);
  for (size_t count = 0; count < 13; ++count) {
    std::vector<uint32_t> which;
    for (uint32_t i = 0; i < count; ++i) which.push_back(i * 37 % 60);
    std::vector<double> sums(45, 0.1), expected = sums;
    for (const uint32_t r : which) add_row(made.view().row(r), 45, expected.data());
    add_rows(made.values.data(), which, 45, sums.data());
    EXPECT_EQ(sums, expected) << count;
  }
}

TEST(ClassicKernels, TheLowestOfEqualScoresWins) {
  for (size_t count = 1; count < 200; count += 3) {
    for (size_t least = 0; least < count; least += 5) {
      std::vector<float> scores(count, 3.0f), bias(count, 1.0f);
      for (size_t j = least; j < count; j += 7) scores[j] = -2.0f;  // least is the first of them
      float best = std::numeric_limits<float>::infinity();
      int32_t label = -1;
      argmin_row(scores.data(), bias.data(), count, 100, best, label);
      EXPECT_EQ(label, static_cast<int32_t>(100 + least)) << count;
      EXPECT_EQ(best, -1.0f);
      argmin_row(scores.data(), bias.data(), count, 500, best, label);  // as good: the older stays
      EXPECT_EQ(label, static_cast<int32_t>(100 + least));
    }
  }
}

TEST(ClassicKernels, RowsAreMeasuredTheSameInAnyCompany) {
  for (const size_t width : {1u, 7u, 16u, 33u, 130u}) {
    const MadeRows made = make_rows(50, width);
    const float* query = made.view().row(49);
    for (const bool l2 : {true, false}) {
      std::vector<float> alone(40);
      for (uint32_t r = 0; r < 40; ++r) measure_rows(l2, query, made.values.data(), 0, {&r, 1}, width, &alone[r]);
      for (uint32_t r = 0; r < 40; ++r) {
        const double expected = l2 ? reference::squared_distance(query, made.view().row(r), width)
                                   : -reference::score(Metric::kDot, query, made.view().row(r), width);
        ASSERT_NEAR(alone[r], expected, 1e-4 * (1 + std::abs(expected)));
      }
      for (size_t count = 0; count < 12; ++count) {
        std::vector<uint32_t> which;
        for (uint32_t i = 0; i < count; ++i) which.push_back(10 + 2 * i);
        std::vector<float> out(count);
        measure_rows(l2, query, made.view().row(10), 10, which, width, out.data());
        for (size_t i = 0; i < count; ++i) EXPECT_EQ(out[i], alone[which[i]]) << width << " " << count;
      }
    }
  }
}

}  // namespace
}  // namespace penstock::classic
