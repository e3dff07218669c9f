#include "tools/child.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace penstock::tools {
namespace {

TEST(Child, GivesWhatItWroteItsCodeAndItsMemory) {
  const ChildResult result =
      run_child("/bin/sh", {"-c", "x=$(head -c 30000000 /dev/zero | tr '\\0' a); echo ${#x}; exit 3"}, {});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "30000000\n");
  EXPECT_GT(result.peak_rss_bytes, 30000000u);
  EXPECT_GT(result.seconds, 0);
}

TEST(Child, MoreThanAPipeHoldsComesThrough) {
  const ChildResult result = run_child("/bin/sh", {"-c", "head -c 1000000 /dev/zero"}, {});
  EXPECT_EQ(result.out.size(), 1000000u);
}

TEST(Child, AStopIsPassedOn) {
  std::stop_source stop;
  stop.request_stop();
  // Whoever is told to stop before it has set itself up ends by the signal: 128 + 15.
  const ChildResult result = run_child("/bin/sleep", {"600"}, stop.get_token());
  EXPECT_EQ(result.code, 143);
}

TEST(Child, AProgramThatIsNotThereIsAnError) {
  try {
    run_child("/nowhere/penstock", {}, {});
    FAIL() << "it was started";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kIo);
    EXPECT_NE(std::string(error.what()).find("/nowhere/penstock"), std::string::npos);
  }
}

TEST(Child, OwnProgramIsThisTest) { EXPECT_NE(own_program().find("test_tools"), std::string::npos); }

}  // namespace
}  // namespace penstock::tools
