#include "stages/learn/bucket_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::learn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(BucketPlan, ClosesABucketOnceItIsFull) {
  const std::vector<size_t> bytes(10, 30);
  EXPECT_THAT(plan_buckets(bytes, 50, 60), ElementsAre(2, 2, 2, 2, 2));
  EXPECT_THAT(plan_buckets(bytes, 1, 30), ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
}

TEST(BucketPlan, HalvesTowardsTheEnd) {
  EXPECT_THAT(plan_buckets(std::vector<size_t>(64, 10), 160, 20), ElementsAre(16, 16, 16, 8, 4, 2, 2));
  const size_t bytes[] = {500, 300, 20, 5, 5, 5};
  EXPECT_THAT(plan_buckets(bytes, 1000, 15), ElementsAre(1, 1, 1, 3));
}

TEST(BucketPlan, HoldsEveryParameterOnce) {
  EXPECT_THAT(plan_buckets({}, 100), IsEmpty());
  const size_t one[] = {7};
  EXPECT_THAT(plan_buckets(one, 100), ElementsAre(1));
  const size_t small[] = {1, 1, 1};
  EXPECT_THAT(plan_buckets(small, 100), ElementsAre(3));
}

}  // namespace
}  // namespace penstock::learn
