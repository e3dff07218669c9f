#include "pipelines/picture/scatter.h"

#include <gtest/gtest.h>

#include <limits>

namespace penstock::pipelines {
namespace {

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(Scatter, DrawsACellForEachPlaceThatHasPairs) {
  Scatter scatter("net & trees", "Sales");
  for (int i = 0; i <= 100; ++i) scatter.add(i, i);
  const std::string svg = scatter.svg();
  // On the line actual = predicted there is one cell a column, and nothing elsewhere.
  EXPECT_EQ(count(svg, "class=\"cell\""), Scatter::kCells);
  EXPECT_NE(svg.find("net &amp; trees"), std::string::npos);
  EXPECT_NE(svg.find("actual, Sales"), std::string::npos);
  EXPECT_NE(svg.find("101 records"), std::string::npos);
}

TEST(Scatter, WhatLiesOutsideStandsAtTheEdgeAndIsSaid) {
  Scatter scatter("far", "");
  for (int i = 0; i < 1000; ++i) scatter.add(i % 10, i % 10);
  scatter.add(1e12, 5);
  scatter.add(std::numeric_limits<double>::quiet_NaN(), 1);
  const std::string svg = scatter.svg();
  EXPECT_NE(svg.find("1 of them outside"), std::string::npos);
  EXPECT_NE(svg.find("1 without a finite value"), std::string::npos);
}

TEST(Scatter, NothingOrOneValueIsAPictureToo) {
  EXPECT_NE(Scatter("none", "").svg().find("0 records"), std::string::npos);
  Scatter one("one", "");
  one.add(3, 3);
  EXPECT_EQ(count(one.svg(), "class=\"cell\""), 1u);
}

TEST(Scatter, MorePairsThanTheSampleAreCountedInTheSameGrid) {
  Scatter scatter("many", "");
  for (size_t i = 0; i < Scatter::kSample + 500; ++i) scatter.add(static_cast<double>(i % 64), 0);
  EXPECT_NE(scatter.svg().find(std::to_string(Scatter::kSample + 500) + " records"), std::string::npos);
}

}  // namespace
}  // namespace penstock::pipelines
