// Run by mpirun with 2 and with 4 processes: each process runs all tests, and they meet in the calls.
#include "engine/mpi/process_group.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "engine/base/error.h"

namespace penstock {
namespace {

std::unique_ptr<ProcessGroup> group;

TEST(ProcessGroup, SumsOverAllProcessesInRankOrder) {
  const auto all = group->make_collective();
  ASSERT_EQ(all->size(), group->size());
  for (const size_t length : {size_t{0}, size_t{1}, size_t{3}, size_t{1024}, size_t{1025}, size_t{100003}}) {
    std::vector<float> values(length);
    for (size_t i = 0; i < length; ++i) values[i] = 1.0f / static_cast<float>(i + 1 + all->rank());
    all->all_reduce_sum(std::span(values));
    for (size_t i = 0; i < length; ++i) {
      float sum = 1.0f / static_cast<float>(i + 1);
      for (uint32_t r = 1; r < all->size(); ++r) sum += 1.0f / static_cast<float>(i + 1 + r);
      ASSERT_EQ(values[i], sum) << "value " << i << " of " << length;
    }
  }
}

TEST(ProcessGroup, SumsDoubles) {
  const auto all = group->make_collective();
  std::vector<double> values = {1e-17, static_cast<double>(all->rank())};
  all->all_reduce_sum(std::span(values));
  EXPECT_DOUBLE_EQ(values[0], 1e-17 * all->size());
  EXPECT_EQ(values[1], all->size() * (all->size() - 1) / 2.0);
}

TEST(ProcessGroup, BroadcastsFromAnyRank) {
  const auto all = group->make_collective();
  for (uint32_t root = 0; root < all->size(); ++root) {
    std::vector<std::byte> bytes(100000, std::byte(all->rank()));
    all->broadcast(bytes, root);
    EXPECT_EQ(std::count(bytes.begin(), bytes.end(), std::byte(root)), 100000);
  }
}

TEST(ProcessGroup, GathersAtRankZero) {
  const std::string mine(group->rank() * 1000, static_cast<char>('a' + group->rank()));
  const std::vector<std::string> all = group->gather(mine);
  if (group->rank() != 0) {
    EXPECT_TRUE(all.empty());
    return;
  }
  ASSERT_EQ(all.size(), group->size());
  for (size_t r = 0; r < all.size(); ++r) EXPECT_EQ(all[r], std::string(r * 1000, static_cast<char>('a' + r)));
}

TEST(ProcessGroup, TellsWhatRankZeroGave) {
  EXPECT_EQ(group->broadcast("from " + std::to_string(group->rank())), "from 0");
  EXPECT_EQ(group->broadcast(""), "");
}

TEST(ProcessGroup, CollectivesOfTwoThreadsDoNotMix) {
  const auto first = group->make_collective(), second = group->make_collective();
  std::vector<float> sums(20000, 1.0f);
  std::jthread other([&] {
    for (int i = 0; i < 50; ++i) first->all_reduce_sum(std::span(sums));
  });
  for (int i = 0; i < 50; ++i) {
    double one = 1;
    second->all_reduce_sum(std::span(&one, 1));
    EXPECT_EQ(one, group->size());
  }
  other.join();
  float expected = 1;
  for (int i = 0; i < 50; ++i) expected *= static_cast<float>(group->size());
  EXPECT_EQ(sums[777], expected);
}

TEST(ProcessGroup, AnotherRecipeIsRefusedByAllAndNamesTheProcess) {
  require_same(*group, "recipe", "same", "");
  try {
    require_same(*group, "recipe", group->rank() == 1 ? "b" : "a", "give all the same");
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage);
    EXPECT_NE(std::string(error.what()).find("process 1 has another recipe than process 0: 'b' and 'a'"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  penstock::group = penstock::join_processes();
  if (!penstock::group) {
    std::fprintf(stderr, "run by: mpirun -n 2 %s\n", argv[0]);
    return 1;
  }
  const int result = RUN_ALL_TESTS();
  penstock::group.reset();
  return result;
}
