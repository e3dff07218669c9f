#include "pipelines/recipe/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pipelines/recipe/phases.h"
#include "tests/pipelines/recipe_folder.h"

namespace penstock::pipelines {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kPhased = R"(
[data]
batch = 32
[[stage]]
name = "image.decode"
id = "crop"
size = 128
[[stage]]
name = "image.flip"
[train]
epochs = 10
[[phase]]
until_epoch = 2
set = { "stage.crop.size" = 64, "data.batch" = 128 }
[[phase]]
until_epoch = 5
set = { "stage.crop.size" = 96, "stage.flip.p" = 0.25 }
)";

int64_t size_in(const Recipe& recipe, uint64_t epoch) {
  return *phase_view(recipe, epoch).stages[0].params.at("size").get_if<int64_t>();
}

TEST(Phases, HoldUntilTheirEpochAndTheEarlierHasTheLastWord) {
  const Recipe r = parse(kPhased);
  EXPECT_EQ(size_in(r, 0), 64);
  EXPECT_EQ(size_in(r, 1), 64);
  EXPECT_EQ(size_in(r, 2), 96);
  EXPECT_EQ(size_in(r, 4), 96);
  EXPECT_EQ(size_in(r, 5), 128);
  EXPECT_EQ(phase_view(r, 1).data.batch, 128u);
  EXPECT_EQ(phase_view(r, 2).data.batch, 32u);
  EXPECT_EQ(phase_view(r, 0).stages[1].params.at("p"), Value(0.25));
  EXPECT_TRUE(phase_view(r, 5).stages[1].params.empty());
  EXPECT_TRUE(phase_view(r, 0).phases.empty());
}

TEST(Phases, BoundariesAreWhereTheViewMayChange) {
  EXPECT_THAT(phase_boundaries(parse(kPhased)), ElementsAre(0, 2, 5));
  EXPECT_THAT(phase_boundaries(parse(kPhased, {"train.epochs=4"})), ElementsAre(0, 2));
  EXPECT_THAT(phase_boundaries(parse("")), ElementsAre(0));
}

TEST(Changes, AreListedByKey) {
  const Recipe before = parse(kPhased);
  EXPECT_THAT(differences(before, before), IsEmpty());
  const Recipe after =
      parse(kPhased, {"train.lr=0.5", "stage.crop.size=112", "data.val.fraction=0.2", "budget.ram=1GiB"});
  EXPECT_THAT(differences(before, after),
              ElementsAre(Change{"budget.ram", "", "\"1GiB\""}, Change{"data.val.by", "", "\"class\""},
                          Change{"data.val.fraction", "", "0.2"}, Change{"stage.crop.size", "128", "112"},
                          Change{"train.lr", "0.003", "0.5"}));
}

TEST(Changes, NameStagesThatCameWentOrMoved) {
  const Recipe ab = parse("[[stage]]\nname = \"x.a\"\n[[stage]]\nname = \"x.b\"\n");
  const Recipe ba = parse("[[stage]]\nname = \"x.b\"\n[[stage]]\nname = \"x.a\"\n");
  const Recipe a = parse("[[stage]]\nname = \"x.a\"\n");
  EXPECT_THAT(differences(ab, ba), ElementsAre(Change{"stage", "a, b", "b, a"}));
  EXPECT_THAT(differences(ab, a),
              ElementsAre(Change{"stage.b", "{ id = \"b\", name = \"x.b\", when = \"both\" }", ""}));
}

TEST(Resume, WhatStagesKeepOnTheSsdMayChange) {
  const Recipe before = parse(kPhased);
  const Recipe after = parse(kPhased, {"stage.crop.cache=ssd", "budget.ssd={path=\"/x\", size=\"1GiB\"}"});
  EXPECT_EQ(after.stages[0].cache, "ssd");
  EXPECT_THAT(refused_on_resume(before, after, 3), IsEmpty());
  EXPECT_EQ(recipe_from_map(recipe_to_map(after)).stages[0].cache, "ssd");
}

TEST(Resume, DevicesThreadsBudgetsAndEpochsMayChange) {
  const Recipe before = parse(kPhased);
  const Recipe after =
      parse(kPhased, {"lanes.devices=[\"sim:0\"]", "lanes.threads=1", "budget.ram=1GiB",
                      "budget.ssd={path=\"/x\", size=\"1GiB\"}", "checkpoint.every=1min", "checkpoint.keep=9",
                      "train.epochs=50", "train.eval_every=2", "faults.budget=5%", "faults.train=skip"});
  EXPECT_EQ(differences(before, after).size(), 11u);
  EXPECT_THAT(refused_on_resume(before, after, 3), IsEmpty());
  require_resumable(before, after, 3, "RUN");
}

TEST(Resume, WhatDecidesBytesIsRefusedByName) {
  const Recipe before = parse(kPhased);
  for (const std::string set : {"seed=2", "data.batch=16", "data.order=block", "stage.crop.size=100",
                                "net.arch=resnet50", "train.lr=1", "train.precision=f32", "input.mean=[0, 0, 0]"}) {
    const Recipe after = parse(kPhased, {set});
    const std::vector<Change> refused = refused_on_resume(before, after, 0);
    ASSERT_EQ(refused.size(), 1u) << set;
    EXPECT_EQ(refused[0].key, set.substr(0, set.find('=')));
  }
  EXPECT_EQ(message_of([&] {
              require_resumable(before, parse(kPhased, {"train.lr=1", "net.classes=5"}), 0, "RUN");
            }),
            "cannot go on with 'RUN': the recipe differs in what a run may not change\n"
            "  net.classes: (not set) in the run, 5 now\n"
            "  train.lr: 0.003 in the run, 1.0 now\n"
            "  give the run's own recipe, RUN/recipe.toml, or begin a new run");
}

TEST(Resume, PhasesOfEpochsToComeMayChange) {
  const Recipe before = parse(kPhased);
  Recipe after = before;
  after.phases[1].until_epoch = 7;
  EXPECT_EQ(differences(before, after).size(), 1u);
  EXPECT_THAT(refused_on_resume(before, after, 4), IsEmpty());
  EXPECT_EQ(refused_on_resume(before, after, 5).size(), 1u);
  after = before;
  after.phases[0].set["data.batch"] = 64;
  EXPECT_EQ(refused_on_resume(before, after, 4).size(), 1u);
}

}  // namespace
}  // namespace penstock::pipelines
