// What finds the least of many, against sorting them.
#include "models/classic/select.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "models/classic/shortlist.h"
#include "tests/classic/made_rows.h"

namespace penstock::classic {
namespace {

constexpr float kInfinite = std::numeric_limits<float>::infinity();

TEST(Select, WhatLiesBelowIsAppendedInOrder) {
  MadeRows made = make_rows(1, 413);
  made.values[100] = std::nanf("");
  const std::vector<float> bias(413, 0.5f);
  for (const float most : {-100.0f, -3.0f, 0.0f, 3.0f, 100.0f, kInfinite}) {
    for (const size_t count : {1u, 15u, 16u, 17u, 64u, 213u, 413u}) {
      std::vector<uint32_t> expected;
      for (uint32_t j = 0; j < count; ++j)
        if (made.values[j] + 0.5f <= most) expected.push_back(1000 + j);
      std::vector<float> values(count + kSelectSpare);
      std::vector<uint32_t> rows(count + kSelectSpare);
      size_t n = append_below(made.values.data(), bias.data(), count, most, 1000, values.data(), rows.data());
      EXPECT_EQ(std::vector<uint32_t>(rows.begin(), rows.begin() + static_cast<long>(n)), expected) << most;
      for (size_t i = 0; i < n; ++i) EXPECT_EQ(values[i], made.values[rows[i] - 1000] + 0.5f);

      const float less = std::min(most - 2, 5.0f);
      std::erase_if(expected, [&](uint32_t row) { return made.values[row - 1000] + 0.5f > less; });
      n = keep_below(values.data(), rows.data(), n, less);
      EXPECT_EQ(std::vector<uint32_t>(rows.begin(), rows.begin() + static_cast<long>(n)), expected) << less;
      for (size_t i = 0; i < n; ++i) EXPECT_EQ(values[i], made.values[rows[i] - 1000] + 0.5f);
    }
  }
}

TEST(Select, TheKthLeastIsTheOneOfASort) {
  for (const size_t count : {1u, 2u, 31u, 32u, 33u, 500u}) {
    MadeRows made = make_rows(1, count);
    if (count == 33) std::fill(made.values.begin(), made.values.begin() + 20, 1.5f);  // ties
    if (count == 31) made.values[3] = kInfinite;
    if (count == 32) made.values[3] = -0.0f, made.values[4] = 0.0f, made.values[5] = 1e-42f;
    std::vector<float> sorted = made.values;
    std::sort(sorted.begin(), sorted.end());
    for (size_t k = 1; k <= count; ++k) {
      EXPECT_EQ(least_k(made.values.data(), count, k, 0), sorted[k - 1]);
      const float some = least_k(made.values.data(), count, k, 5);
      const auto below = static_cast<size_t>(std::upper_bound(sorted.begin(), sorted.end(), some) - sorted.begin());
      EXPECT_GE(below, k);
      const auto ties = static_cast<size_t>(std::count(sorted.begin(), sorted.end(), some));
      EXPECT_LE(below, k + 5 + ties - 1);
    }
  }
}

// Scores of few values, so that ties are many and lie across the last place.
TEST(Shortlist, KeepsTheLeastByScoreThenId) {
  for (const size_t k : {1u, 5u, 64u, 65u, 300u}) {
    for (const size_t values : {1u, 7u, 1000u}) {
      std::vector<float> room_scores(Shortlist::room_for(k)), scores(k);
      std::vector<int64_t> room_ids(Shortlist::room_for(k)), ids(k);
      Shortlist list;
      list.start(room_scores.data(), room_ids.data(), k);
      std::vector<std::pair<float, int64_t>> all;
      Shortlist::Room room;
      for (size_t i = 0; i < 2000; ++i) {
        const float score = static_cast<float>(i * 7919 % values) - 3;
        const auto id = static_cast<int64_t>(i * 1031 % 2003);  // in no order
        list.put(score, id);
        all.emplace_back(score, id);
        if (i % 500 != 20) continue;
        std::sort(all.begin(), all.end());
        EXPECT_EQ(list.limit(), all.size() < k ? kInfinite : all[k - 1].first);
        ASSERT_EQ(list.sorted(scores, ids, room), std::min(k, all.size()));
        for (size_t j = 0; j < std::min(k, all.size()); ++j) {
          ASSERT_EQ(scores[j], all[j].first);
          ASSERT_EQ(ids[j], all[j].second) << k << " of " << values << " values";
        }
      }
      list.put(std::nanf(""), 1);
      list.put(-9, 5000);
      list.sorted(scores, ids, room);
      EXPECT_EQ(ids[0], 5000);
    }
  }
}

}  // namespace
}  // namespace penstock::classic
