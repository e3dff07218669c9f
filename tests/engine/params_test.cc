#include "engine/graph/params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace penstock {
namespace {

enum class Mood { kCalm, kWild };

struct Inner {
  double fraction = 0.1;
  static void describe(ParamTable<Inner>& t) { t.add("fraction", &Inner::fraction, "share kept", above_up_to(0, 1)); }
  bool operator==(const Inner&) const = default;
};

struct All {
  bool flag = false;
  int count = 3;
  uint64_t seed = 1;
  int64_t big = 0;
  float p = 0.1f;
  double scale = 1.5;
  std::string name = "x";
  std::string kind = "b";
  Mood mood = Mood::kWild;
  std::vector<int64_t> sizes = {4};
  std::array<float, 3> mean = {0.485f, 0.456f, 0.406f};
  std::array<int, 2> size = {224, 224};
  std::optional<int> limit;
  std::optional<Inner> inner;
  std::vector<Inner> inners;
  ByteSize ram{1024};
  Duration every{600};
  Share budget{0.001};
  ValueMap set;
  std::map<std::string, std::string> inputs;

  static void describe(ParamTable<All>& t) {
    t.add("flag", &All::flag, "a flag");
    t.add("count", &All::count, "how many", at_least(1));
    t.add("seed", &All::seed, "the seed");
    t.add("big", &All::big, "any integer");
    t.add("p", &All::p, "probability", in_range(0, 1));
    t.add("scale", &All::scale, "factor", above(0));
    t.add("name", &All::name, "a name", not_empty());
    t.add("kind", &All::kind, "kind", one_of({"b", "f"}));
    t.add("mood", &All::mood, "mood", one_of<Mood>({{"calm", Mood::kCalm}, {"wild", Mood::kWild}}));
    t.add("sizes", &All::sizes, "sizes", at_least(1), not_empty());
    t.add("mean", &All::mean, "means");
    t.add("size", &All::size, "height and width", at_least(1));
    t.add("limit", &All::limit, "limit", at_least(0));
    t.add("inner", &All::inner, "a table");
    t.add("inners", &All::inners, "tables");
    t.add("ram", &All::ram, "memory");
    t.add("every", &All::every, "how often", above(0));
    t.add("budget", &All::budget, "faults borne");
    t.add("set", &All::set, "anything");
    t.add("inputs", &All::inputs, "names of fields");
  }
  bool operator==(const All&) const = default;
};

struct Needy {
  std::string name;
  static void describe(ParamTable<Needy>& t) { t.add("name", &Needy::name, "which one", required()); }
};

struct StageLike {
  struct Params {
    int n = 2;
  };
  static void describe(ParamTable<Params>& t) { t.add("n", &Params::n, "how many"); }
};

std::string message_of(const ParamMap& map, const std::string& who = "crop") {
  try {
    read_params<All>(map, who);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage);
    return error.what();
  }
  return "no error";
}

Value at_line(Value value, int line) {
  value.where = {"r.toml", line, 1};
  return value;
}

TEST(Params, KeepsDefaultsWhereNothingIsGiven) { EXPECT_EQ(read_params<All>({}, "x"), All{}); }

TEST(Params, ReadsEveryTypeAndGivesItBackEqual) {
  const ParamMap map = {{"flag", true},
                        {"count", 7},
                        {"seed", INT64_MAX},
                        {"big", -5},
                        {"p", 0.3},
                        {"scale", 2},
                        {"name", "y"},
                        {"kind", "f"},
                        {"mood", "calm"},
                        {"sizes", {96, 128}},
                        {"mean", {0.1, 0.2, 1}},
                        {"size", {96, 128}},
                        {"limit", 0},
                        {"inner", ValueMap{{"fraction", 0.5}}},
                        {"inners", ValueArray{ValueMap{{"fraction", 0.25}}}},
                        {"ram", "1.5GiB"},
                        {"every", "1h30min"},
                        {"budget", "0.1%"},
                        {"set", ValueMap{{"a.b", 3}}},
                        {"inputs", ValueMap{{"bytes", "mask"}}}};
  const All all = read_params<All>(map, "x");
  EXPECT_EQ(all.seed, static_cast<uint64_t>(INT64_MAX));
  EXPECT_EQ(all.p, 0.3f);
  EXPECT_EQ(all.scale, 2.0);
  EXPECT_EQ(all.mood, Mood::kCalm);
  EXPECT_EQ(all.sizes, (std::vector<int64_t>{96, 128}));
  EXPECT_EQ(all.limit, 0);
  EXPECT_EQ(all.inner->fraction, 0.5);
  EXPECT_EQ(all.inners.at(0).fraction, 0.25);
  EXPECT_EQ(all.ram.bytes, 1610612736u);
  EXPECT_EQ(all.every.seconds, 5400);
  EXPECT_EQ(all.budget.of_one, 0.001);
  EXPECT_EQ(all.inputs.at("bytes"), "mask");
  const ParamMap back = to_map<All>(all);
  EXPECT_EQ(read_params<All>(back, "x"), all);
  EXPECT_EQ(canonical_text(to_map<All>(read_params<All>(back, "x"))), canonical_text(back));
}

TEST(Params, SharesThatAreNoPercentageReadBackEqual) {
  All all;
  all.budget.of_one = 1.0 / 3;
  EXPECT_EQ(read_params<All>(to_map<All>(all), "x").budget.of_one, 1.0 / 3);
}

TEST(Params, OneNumberStandsForAnArray) {
  const All all = read_params<All>({{"size", 64}, {"sizes", 64}, {"mean", 0.5}}, "x");
  EXPECT_EQ(all.size, (std::array<int, 2>{64, 64}));
  EXPECT_EQ(all.sizes, (std::vector<int64_t>{64}));
  EXPECT_EQ(all.mean, (std::array<float, 3>{0.5f, 0.5f, 0.5f}));
}

TEST(Params, UnknownKeysNameTheNearestRightOne) {
  EXPECT_EQ(message_of({{"szies", at_line(1, 12)}}),
            "r.toml:12: unknown key crop.szies; the nearest right one is 'sizes'");
  EXPECT_THAT(message_of({{"qqqqqq", 1}}), testing::StartsWith("unknown key crop.qqqqqq; known are 'flag', 'count'"));
}

TEST(Params, TheFirstUnknownKeyOfTheFileIsTheOneNamed) {
  EXPECT_THAT(message_of({{"aaaaaa", at_line(1, 9)}, {"zzzzzz", at_line(1, 4)}}),
              testing::StartsWith("r.toml:4: unknown key crop.zzzzzz"));
}

TEST(Params, WrongTypesSayWhatIsWantedAndWhatIsThere) {
  EXPECT_EQ(message_of({{"count", at_line("big", 3)}}),
            "r.toml:3: crop.count must be an integer of at least 1, not \"big\"");
  EXPECT_EQ(message_of({{"count", 2.5}}), "crop.count must be an integer of at least 1, not 2.5");
  EXPECT_EQ(message_of({{"flag", 1}}, ""), "flag must be true or false, not 1");
  EXPECT_EQ(message_of({{"p", "0.5"}}), "crop.p must be a number from 0 to 1, not \"0.5\"");
  EXPECT_EQ(message_of({{"name", 3}}), "crop.name must be a string that is not empty, not 3");
  EXPECT_EQ(message_of({{"inner", 3}}), "crop.inner must be a table, not 3");
  EXPECT_EQ(message_of({{"mean", {1, 2}}}), "crop.mean must be an array of 3 numbers, not [1, 2]");
  EXPECT_EQ(message_of({{"sizes", {1, "a"}}}), "crop.sizes[1] must be an integer of at least 1, not \"a\"");
  EXPECT_EQ(message_of({{"ram", "2 apples"}}), "crop.ram must be a size such as \"512MiB\", not \"2 apples\"");
  EXPECT_EQ(message_of({{"every", 10}}), "crop.every must be a duration such as \"10min\" above 0, not 10");
  EXPECT_EQ(message_of({{"budget", 1.5}}), "crop.budget must be a share such as \"0.1%\", not 1.5");
}

TEST(Params, ValuesOutsideTheRangeAreRefused) {
  EXPECT_EQ(message_of({{"count", at_line(-3, 4)}}), "r.toml:4: crop.count must be an integer of at least 1, not -3");
  EXPECT_EQ(message_of({{"p", 1.5}}), "crop.p must be a number from 0 to 1, not 1.5");
  EXPECT_EQ(message_of({{"scale", 0}}), "crop.scale must be a number above 0, not 0");
  EXPECT_EQ(message_of({{"inner", ValueMap{{"fraction", 0}}}}),
            "crop.inner.fraction must be a number above 0, up to 1, not 0");
  EXPECT_EQ(message_of({{"seed", -1}}), "crop.seed must be an integer of at least 0, not -1");
  EXPECT_EQ(message_of({{"count", INT64_C(1) << 40}}),
            "crop.count must be an integer from -2147483648 to 2147483647, not 1099511627776");
  EXPECT_EQ(message_of({{"sizes", ValueArray{}}}),
            "crop.sizes must be an array of integers of at least 1 that is not empty, not []");
  EXPECT_THAT(message_of({{"scale", std::numeric_limits<double>::quiet_NaN()}}), testing::HasSubstr("a finite number"));
}

TEST(Params, WordsOutsideTheListNameTheNearest) {
  EXPECT_EQ(message_of({{"mood", "clam"}}),
            "crop.mood must be \"calm\" or \"wild\", not \"clam\"; the nearest right one is 'calm'");
  EXPECT_EQ(message_of({{"kind", "q"}}), "crop.kind must be \"b\" or \"f\", not \"q\"");
}

TEST(Params, MissingRequiredKeysAreNamed) {
  try {
    read_params<Needy>({}, "stage", {"r.toml", 7, 1});
    FAIL();
  } catch (const Error& error) { EXPECT_STREQ(error.what(), "r.toml:7: stage.name is missing (which one)"); }
}

TEST(Params, DocumentThemselves) {
  const std::vector<ParamDoc> all = docs<All>();
  ASSERT_EQ(all.size(), 20u);
  EXPECT_EQ(all[1].name, "count");
  EXPECT_EQ(all[1].type, "integer");
  EXPECT_EQ(all[1].default_text, "3");
  EXPECT_EQ(all[1].allowed, "at least 1");
  EXPECT_EQ(all[4].default_text, "0.1");
  EXPECT_EQ(all[8].allowed, "calm | wild");
  EXPECT_EQ(all[8].default_text, "\"wild\"");
  EXPECT_EQ(all[10].type, "array of 3 numbers");
  EXPECT_EQ(all[12].default_text, "");
  EXPECT_TRUE(docs<Needy>().at(0).required);
}

TEST(Params, TheDescriptionMayStandInTheStage) {
  EXPECT_EQ(read_params<StageLike>({{"n", 5}}, "x").n, 5);
  EXPECT_EQ(canonical_text(to_map<StageLike>({})), "{ n = 2 }");
  EXPECT_EQ(docs<StageLike>().at(0).name, "n");
}

}  // namespace
}  // namespace penstock
