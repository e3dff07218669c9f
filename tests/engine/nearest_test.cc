#include "engine/base/nearest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock {
namespace {

const std::vector<std::string> kKeys = {"size", "scale", "ratio", "weight_decay", "lr"};

TEST(Nearest, FindsTypingErrors) {
  EXPECT_EQ(nearest_name("sise", kKeys), "size");
  EXPECT_EQ(nearest_name("szie", kKeys), "size");
  EXPECT_EQ(nearest_name("Weight-Decay", kKeys), "weight_decay");
  EXPECT_EQ(nearest_name("weight", kKeys), "weight_decay");
  EXPECT_EQ(nearest_name("rl", kKeys), "lr");
}

TEST(Nearest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("momentum", kKeys), "");
  EXPECT_EQ(nearest_name("", kKeys), "");
  EXPECT_EQ(nearest_name("q", std::vector<std::string>{"b", "f"}), "");
}

TEST(Nearest, DistanceCountsSwapsOnce) {
  EXPECT_EQ(typing_distance("abcd", "abdc"), 1);
  EXPECT_EQ(typing_distance("abcd", "abd"), 1);
  EXPECT_EQ(typing_distance("kitten", "sitting"), 3);
  EXPECT_EQ(typing_distance("", "abc"), 3);
}

TEST(Nearest, HintsNameTheNearestOrAllOfThem) {
  EXPECT_EQ(nearest_hint("sise", kKeys), "; the nearest right one is 'size'");
  EXPECT_EQ(nearest_hint("momentum", std::vector<std::string>{"a", "b"}), "; known are 'a', 'b'");
  EXPECT_EQ(nearest_hint("x", std::vector<std::string>{}), "");
}

}  // namespace
}  // namespace penstock
