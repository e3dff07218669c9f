#include <algorithm>

#include <gtest/gtest.h>

#include "engine/base/clock.h"
#include "tests/support/fake_clock.h"
#include "tests/tools/program_run.h"
#include "tools/command.h"
#include "tools/progress.h"

namespace penstock::test {
namespace {

TEST(Program, EveryCommandHasHelpWithAnExample) {
  for (const auto& command : tools::all_commands()) {
    const Ran ran = run({std::string(command->name()), "--help"});
    EXPECT_EQ(ran.code, 0) << command->name();
    EXPECT_NE(ran.out.find("Example:\n  penstock " + std::string(command->name())), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("--json"), std::string::npos) << command->name();
  }
}

TEST(Program, NamesTheNearestCommand) {
  const Ran ran = run({"strem", "x"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("'stream'"), std::string::npos) << ran.err;
}

TEST(Program, NamesTheNearestOption) {
  const Ran ran = run({"stream", "imagenette-resnet18", "--data", "x", "--epoch", "2"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("'--epochs'"), std::string::npos) << ran.err;
}

TEST(Program, WithoutArgumentsShowsHelpAndFails) {
  const Ran ran = run({});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("verify"), std::string::npos);
}

TEST(Program, RefusesWrongValuesOfOptions) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{{"info"},
                                                                                    {"info", "a", "b"},
                                                                                    {"devices", "--threads", "0"},
                                                                                    {"devices", "--threads", "-1"},
                                                                                    {"devices", "--threads", "two"}}) {
    const Ran ran = run(args);
    EXPECT_EQ(ran.code, 2);
    EXPECT_NE(ran.err.find("--help"), std::string::npos) << ran.err;
    EXPECT_EQ(ran.out, "");
  }
}

TEST(Program, JsonIsOneObjectOnStdoutAndWordsGoToStderr) {
  const Ran ran = run({"devices", "--json"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_TRUE(ran.json().at("devices").is_array());
  EXPECT_NE(ran.err.find("cpu"), std::string::npos);
  const Ran quiet = run({"devices", "--json", "--quiet"});
  EXPECT_EQ(quiet.err, "");
  EXPECT_EQ(quiet.json(), ran.json());
}

TEST(Program, ExitCodesFollowTheKindOfFault) {
  EXPECT_EQ(tools::exit_code_of(Code::kUsage), 2);
  EXPECT_EQ(tools::exit_code_of(Code::kData), 3);
  EXPECT_EQ(tools::exit_code_of(Code::kIo), 1);
  EXPECT_EQ(tools::exit_code_of(Code::kDevice), 1);
  EXPECT_EQ(tools::exit_code_of(Code::kCancelled), 130);
}

TEST(Program, StagesAndRecipesShowThemselves) {
  const Ran stages = run({"stages", "image.decode", "--json"});
  EXPECT_EQ(stages.code, 0);
  EXPECT_EQ(stages.json().at("name"), "image.decode");
  EXPECT_FALSE(stages.json().at("params").empty());
  const Ran unknown = run({"stages", "image.decod"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.err.find("'image.decode'"), std::string::npos) << unknown.err;

  const auto all = run({"stages", "--json"}).json();
  std::vector<std::string> steps;
  for (const auto& step : all.at("prepare")) steps.push_back(step.at("name"));
  for (const char* name : {"prepare", "prepare.join", "prepare.since", "prepare.rolling", "prepare.shift"})
    EXPECT_TRUE(std::find(steps.begin(), steps.end(), name) != steps.end()) << name;
  EXPECT_EQ(all.at("table").front().at("name"), "table");
  const Ran join = run({"stages", "join"});
  EXPECT_EQ(join.code, 0) << join.err;
  EXPECT_NE(join.out.find("do = \"join\""), std::string::npos) << join.out;
  EXPECT_NE(join.out.find("never ("), std::string::npos) << join.out;
  EXPECT_NE(run({"stages", "table"}).out.find("rare ("), std::string::npos);
  EXPECT_NE(run({"stages", "jion"}).err.find("'prepare.join'"), std::string::npos) << run({"stages", "jion"}).err;

  const Ran recipes = run({"recipes", "--json"});
  EXPECT_GE(recipes.json().at("recipes").size(), 2u);
  const Ran one = run({"recipes", "imagenette-resnet18"});
  EXPECT_NE(one.out.find("[[stage]]"), std::string::npos);
  EXPECT_EQ(run({"recipes", "imagenet"}).code, 2);
}

TEST(Progress, OnATerminalRewritesOneLine) {
  std::ostringstream out, err;
  tools::Output output(out, err, false, false);
  FakeClock clock;
  tools::Progress progress(output, true, clock);
  progress.begin("packing", 1000, "images");
  for (int i = 1; i <= 10; ++i) {
    clock.advance(1'000'000'000);
    progress.update(static_cast<uint64_t>(100 * i - 50), "2 left out");
  }
  const std::string text = err.str();
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_NE(text.find("packing 950/1000 (95 %), "), std::string::npos) << text;
  EXPECT_NE(text.find("images/s, ETA "), std::string::npos);
  EXPECT_NE(text.find("2 left out"), std::string::npos);
  progress.update(1000);
  progress.end();
  EXPECT_TRUE(err.str().ends_with("\n"));
  EXPECT_EQ(out.str(), "");
}

TEST(Progress, ElsewhereWritesALineEveryTenSeconds) {
  std::ostringstream out, err;
  tools::Output output(out, err, false, false);
  FakeClock clock;
  tools::Progress progress(output, false, clock);
  progress.begin("streaming", 0, "records");
  for (uint64_t i = 1; i <= 35; ++i) {
    clock.advance(1'000'000'000);
    progress.update(i);
  }
  const std::string text = err.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(Progress, BytesAreSizesAndWorkWithoutACountIsTime) {
  std::ostringstream out, err;
  tools::Output output(out, err, false, false);
  FakeClock clock;
  tools::Progress progress(output, false, clock);
  progress.begin("looking", 8 << 20, "bytes");
  clock.advance(2'000'000'000);
  progress.update(4 << 20);
  progress.end();
  EXPECT_NE(err.str().find("looking: 4.00 MiB in 2.00 s, 2.00 MiB/s"), std::string::npos) << err.str();
  err.str("");
  progress.begin("cutting", 0, "rows");
  clock.advance(5'000'000'000);
  progress.end();
  EXPECT_EQ(err.str(), "cutting: 5.00 s\n");
  err.str("");
  progress.begin("looking at what is there", 0, "bytes");
  progress.end();
  EXPECT_EQ(err.str(), "");
}

TEST(Progress, QuietShowsWarningsAlone) {
  std::ostringstream out, err;
  tools::Output output(out, err, false, true);
  FakeClock clock;
  tools::Progress progress(output, true, clock);
  progress.begin("packing", 10, "images");
  clock.advance(60'000'000'000);
  progress.update(5);
  progress.say("a line");
  progress.end();
  EXPECT_EQ(err.str(), "");
  progress.say("warning: a leak");
  EXPECT_EQ(err.str(), "warning: a leak\n");
}

}  // namespace
}  // namespace penstock::test
