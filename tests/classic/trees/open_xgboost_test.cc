#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "models/classic/trees/xgboost_calls.h"

namespace penstock::classic {
namespace {

/// libgomp says what it read when it is loaded, which happens once a process: so each case has one of its own.
class OpenXgboost : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }

  /// Loads XGBoost with `name` = `value` in the environment ("" for none); exit code 0 where that left no line behind.
  static void load(const char* name, const char* value) {
    ::unsetenv("OMP_WAIT_POLICY");
    ::unsetenv("GOMP_SPINCOUNT");
    ::setenv("OMP_DISPLAY_ENV", "VERBOSE", 1);
    if (*name != 0) ::setenv(name, value, 1);
    const char* json = nullptr;
    if (xgboost().XGBuildInfo(&json) != 0) std::exit(2);
    const char* const policy = std::getenv("OMP_WAIT_POLICY");
    const std::string left = policy != nullptr ? policy : "";
    std::exit(left == (std::string(name) == "OMP_WAIT_POLICY" ? value : "") ? 0 : 3);
  }
};

TEST_F(OpenXgboost, TellsItsOpenMpToSleepWhereItWaits) {
  EXPECT_EXIT(load("", ""), testing::ExitedWithCode(0), "GOMP_SPINCOUNT = '0'");
}

TEST_F(OpenXgboost, LeavesTheWaitPolicyOfTheEnvironmentAlone) {
  EXPECT_EXIT(load("OMP_WAIT_POLICY", "active"), testing::ExitedWithCode(0), "OMP_WAIT_POLICY = 'ACTIVE'");
  EXPECT_EXIT(load("GOMP_SPINCOUNT", "1234"), testing::ExitedWithCode(0), "GOMP_SPINCOUNT = '1234'");
}

std::string words_of(const std::string& library) {
  try {
    open_xgboost(library);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kDevice);
    return error.what();
  }
  return "";
}

TEST_F(OpenXgboost, SaysWhatIsMissing) {
  const std::string words = words_of("/nowhere/libxgboost.so");
  EXPECT_NE(words.find("/nowhere/libxgboost.so"), std::string::npos) << words;
  EXPECT_NE(words.find("tools/deps.sh"), std::string::npos) << words;
}

TEST_F(OpenXgboost, SaysWhichCallAnotherLibraryLacks) {
  const std::string words = words_of("libm.so.6");
  EXPECT_NE(words.find("XGBGetLastError"), std::string::npos) << words;
}

}  // namespace
}  // namespace penstock::classic
