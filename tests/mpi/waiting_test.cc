// Run by mpirun with 2 and with 4 processes: one of them does not come, and the others say which.
#include "engine/mpi/process_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <thread>
#include <vector>

#include "engine/base/error.h"

namespace penstock {
namespace {

using testing::HasSubstr;

constexpr uint32_t kAbsent = 1;

std::unique_ptr<ProcessGroup> group;

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kIo);
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Waiting, NamesTheProcessThatDoesNotComeAndBreaksTheGroup) {
  const auto sums = group->make_collective(), others = group->make_collective(), third = group->make_collective();
  group->set_timeout(2);
  if (group->rank() == kAbsent) {
    // It waits elsewhere, long enough to say so, and until it is ended.
    EXPECT_THAT(error_of([&] { third->barrier(); }), HasSubstr("barrier"));
    for (;;) ::pause();
  }
  EXPECT_FALSE(group->is_broken());
  std::string in_other_thread;
  {
    // Its wait is given up with the first one's, whose memory goes away while MPI may still use it.
    std::jthread other([&] {
      in_other_thread = error_of([&] {
        std::vector<float> values(100'000, 1);
        others->all_reduce_sum(std::span(values));
      });
    });
    const std::string said = error_of([&] {
      std::vector<double> values(3, 1);
      sums->all_reduce_sum(std::span(values));
    });
    EXPECT_THAT(said, HasSubstr("all-reduce"));
    EXPECT_THAT(said, HasSubstr("process 1 (which waited in barrier when it was heard of last)"));
    EXPECT_THAT(said, HasSubstr("waited 2.00 s for process"));
    EXPECT_THAT(said, testing::Not(HasSubstr("process 0")));
    EXPECT_THAT(said, testing::Not(HasSubstr("process 2")));
  }
  EXPECT_THAT(in_other_thread, HasSubstr("process 1"));
  EXPECT_TRUE(group->is_broken());
  group->expect_ends();
  EXPECT_FALSE(group->expects_ends()) << "a broken group cannot end together";
  EXPECT_THAT(error_of([&] { group->gather("x"); }), HasSubstr("any more"));
  EXPECT_THAT(error_of([&] { sums->barrier(); }), HasSubstr("MPI: no barrier any more"));
}

}  // namespace
}  // namespace penstock

// The absent one and the others meet in nothing any more, so the first process ends all, with what it found.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  penstock::group = penstock::join_processes();
  if (!penstock::group) {
    std::fprintf(stderr, "run by: mpirun -n 2 %s\n", argv[0]);
    return 1;
  }
  const int result = RUN_ALL_TESTS();
  if (result == 0 && penstock::group->rank() != 0)
    for (;;) ::pause();
  std::fflush(stdout);
  penstock::group->abort(result);
}
