// What people read when a recipe is wrong: file, line, key, and the nearest right one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/pipelines/recipe_folder.h"

namespace penstock::pipelines {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(RecipeErrors, UnknownKeysNameTheNearest) {
  EXPECT_EQ(fault("seed = 1\n[data]\nbtach = 64\n"),
            "r.toml:3: unknown key data.btach; the nearest right one is 'batch'");
  EXPECT_EQ(fault("[tarin]\nlr = 1\n"), "r.toml:1: unknown key tarin; the nearest right one is 'train'");
  EXPECT_EQ(fault("[data]\nval = { fractoin = 0.2 }\n"),
            "r.toml:2: unknown key data.val.fractoin; the nearest right one is 'fraction'");
  EXPECT_THAT(fault("[checkpoint]\nxyzzy = 1\n"), EndsWith("unknown key checkpoint.xyzzy; known are 'every', 'keep'"));
}

TEST(RecipeErrors, NegativeBatch) {
  EXPECT_EQ(fault("[data]\n\nbatch = -3\n"), "r.toml:3: data.batch must be an integer from 1 to 16777216, not -3");
}

TEST(RecipeErrors, WrongTypes) {
  EXPECT_EQ(fault("[data]\nbatch = \"64\"\n"),
            "r.toml:2: data.batch must be an integer from 1 to 16777216, not \"64\"");
  EXPECT_EQ(fault("data = 3\n"), "r.toml:1: data must be a table, not 3");
  EXPECT_EQ(fault("[train]\nlr = true\n"), "r.toml:2: train.lr must be a number above 0, not true");
  EXPECT_EQ(fault("stage = 3\n"), "r.toml:1: stage must be an array of tables, not 3");
  EXPECT_EQ(fault("[input]\nmean = [0.1, \"b\", 0.3]\n"), "r.toml:2: input.mean[1] must be a number, not \"b\"");
  EXPECT_EQ(fault("[[stage]]\nname = 3\n"), "r.toml:2: stage[0].name must be a string that is not empty, not 3");
}

TEST(RecipeErrors, ACacheNeedsAPlaceToBe) {
  EXPECT_THAT(fault("[[stage]]\nname = \"x.a\"\ncache = \"ssd\"\n"),
              StartsWith("r.toml:1: stage 'a' says cache = \"ssd\", and budget.ssd is not set\n"));
  EXPECT_THAT(fault("[[stage]]\nname = \"x.a\"\ncache = \"sdd\"\n"), HasSubstr("must be \"ssd\""));
}

TEST(RecipeErrors, WordsOutsideTheList) {
  EXPECT_EQ(fault("[data]\norder = \"ful\"\n"),
            "r.toml:2: data.order must be \"sequential\", \"block\" or \"full\", not \"ful\"; the nearest right one is "
            "'full'");
  EXPECT_EQ(fault("[faults]\neval = \"replace\"\n"),
            "r.toml:2: faults.eval must be \"skip\" or \"fail\", not \"replace\"");
  EXPECT_THAT(fault("[[stage]]\nname = \"image.flip\"\nwhen = \"training\"\n"),
              StartsWith("r.toml:3: stage.flip.when must be \"train\", \"eval\" or \"both\", not \"training\""));
}

TEST(RecipeErrors, SizesSharesAndIntervals) {
  EXPECT_EQ(fault("[budget]\nram = \"2 apples\"\n"),
            "r.toml:2: budget.ram must be a size such as \"512MiB\" of at least 1, not \"2 apples\"");
  EXPECT_EQ(fault("[faults]\nbudget = \"200%\"\n"),
            "r.toml:2: faults.budget must be a share such as \"0.1%\", not \"200%\"");
  EXPECT_EQ(fault("[checkpoint]\nevery = \"0steps\"\n"),
            "r.toml:2: checkpoint.every must be an interval such as \"10min\", \"500steps\" or \"1epoch\", not "
            "\"0steps\"");
  EXPECT_THAT(fault("[budget]\nssd = { path = \"/fast\" }\n"), StartsWith("r.toml:2: budget.ssd.size is missing"));
}

TEST(RecipeErrors, SyntaxErrorsNameTheLine) {
  EXPECT_THAT(fault("seed = 1\n[data\nbatch = 3\n"), StartsWith("r.toml:2: this is not TOML: "));
  EXPECT_THAT(fault("seed = 1\nseed = 2\n"), StartsWith("r.toml:2: this is not TOML: "));
  EXPECT_THAT(fault("seed = 2026-01-01\n"), StartsWith("r.toml:1: recipes have no dates and times"));
}

TEST(RecipeErrors, StageIdsAreDistinctWithinAGraph) {
  const std::string twice = "[[stage]]\nname = \"image.flip\"\n[[stage]]\nname = \"image.flip\"\nwhen = \"train\"\n";
  EXPECT_EQ(fault(twice),
            "r.toml:3: the stage id 'flip' is used twice, first at r.toml:1\n  give one of them another: id = \"...\"");
  EXPECT_EQ(fault("[[stage]]\nname = \"a.b\"\nwhen = \"train\"\n[[stage]]\nname = \"a.b\"\nwhen = \"eval\"\n"),
            "no error");
}

TEST(RecipeErrors, StagesWithoutAName) {
  EXPECT_EQ(fault("[[stage]]\nsize = 3\n"),
            "r.toml:1: stage[0].name is missing (which stage it is; `penstock stages` lists them)");
}

TEST(RecipeErrors, MissingFilesAndUnknownNames) {
  EXPECT_THAT(message_of([] { load_recipe("no/such.toml"); }),
              StartsWith("there is no recipe 'no/such.toml': no such file\n"));
  EXPECT_THAT(message_of([] { load_recipe("imagenete-resnet18"); }),
              StartsWith("there is no recipe 'imagenete-resnet18': no such file, and none built in; the nearest right "
                         "one is 'imagenette-resnet18'"));
  RecipeFolder folder;
  EXPECT_THAT(message_of([&] { load_recipe(folder.path(".")); }), HasSubstr("is a folder, not a recipe"));
}

TEST(RecipeErrors, UndefinedVariables) {
  EXPECT_EQ(fault("[budget]\nssd = { path = \"${NO_SUCH}/c\", size = \"1GiB\" }\n"),
            "r.toml:2: budget.ssd.path: the environment has no variable ${NO_SUCH}\n"
            "  export NO_SUCH=..., or --set budget.ssd.path=...");
  EXPECT_THAT(fault("[net]\nscript = \"${OPEN\"\n"), StartsWith("r.toml:2: net.script: '${' without its '}'"));
}

TEST(RecipeErrors, CirclesOfBases) {
  RecipeFolder folder;
  const std::string a = folder.write("a.toml", "base = \"sub/b.toml\"\n");
  folder.write("sub/b.toml", "seed = 3\nbase = \"../a.toml\"\n");
  const std::string b = folder.path("sub/b.toml");
  EXPECT_EQ(message_of([&] { load_recipe(a); }), b + ":2: the bases go in a circle: " + a + " -> " + b + " -> " + a);
  const std::string self = folder.write("self.toml", "base = \"self.toml\"\n");
  EXPECT_THAT(message_of([&] { load_recipe(self); }), HasSubstr("circle"));
}

TEST(RecipeErrors, ErrorsInABaseNameTheBase) {
  RecipeFolder folder;
  const std::string base = folder.write("base.toml", "\n[data]\nbatch = 0\n");
  const std::string mine = folder.write("mine.toml", "base = \"base.toml\"\n[train]\nlr = 0.1\n");
  EXPECT_THAT(message_of([&] { load_recipe(mine); }), StartsWith(base + ":3: data.batch must be"));
  const std::string lost = folder.write("lost.toml", "seed = 1\nbase = \"nowhere.toml\"\n");
  EXPECT_THAT(message_of([&] { load_recipe(lost); }), StartsWith(lost + ":2: there is no recipe 'nowhere.toml'"));
}

TEST(RecipeErrors, BadSets) {
  EXPECT_THAT(fault("", {"train.lr"}), StartsWith("--set train.lr: there must be a key and a value"));
  EXPECT_EQ(fault("", {"train.lr=fast"}), "--set train.lr=fast: train.lr must be a number above 0, not \"fast\"");
  EXPECT_EQ(fault("", {"trian.lr=1"}), "--set trian.lr=1: unknown key trian; the nearest right one is 'train'");
  EXPECT_EQ(fault("", {"train.rl=1"}), "--set train.rl=1: unknown key train.rl; the nearest right one is 'lr'");
  EXPECT_THAT(fault("", {"train..lr=1"}), StartsWith("--set train..lr=1: 'train..lr' is no key"));
  EXPECT_EQ(fault("seed = 3", {"seed.x=1"}),
            "--set seed.x=1: there is no key seed.x: 'seed' is an integer, not a table");
  EXPECT_THAT(
      fault("[[stage]]\nname = \"image.flip\"\n", {"stage.filp.p=1"}),
      StartsWith("--set stage.filp.p=1: there is no stage with the id 'filp'; the nearest right one is 'flip'"));
  EXPECT_THAT(fault("", {"stage.flip=1"}), StartsWith("--set stage.flip=1: 'stage.flip' names a stage"));
}

TEST(RecipeErrors, Phases) {
  EXPECT_THAT(fault("[[phase]]\nuntil_epoch = 3\nset = { \"train.lr\" = 1 }\n"),
              StartsWith("r.toml:3: a phase cannot set train.lr\n  it may set stage.ID.KEY, data.batch"));
  EXPECT_THAT(fault("[[phase]]\nuntil_epoch = 3\nset = { \"data.batch\" = -1 }\n"),
              StartsWith("r.toml:3: data.batch must be an integer"));
  EXPECT_THAT(fault("[[phase]]\nuntil_epoch = 3\nset = { \"stage.crop.size\" = 96 }\n"),
              StartsWith("r.toml:3: there is no stage with the id 'crop'"));
  EXPECT_THAT(fault("[[phase]]\nuntil_epoch = 3\nset = { data.batch = 2 }\n[[phase]]\nuntil_epoch = 3\nset = "
                    "{ data.batch = 4 }\n"),
              StartsWith("r.toml:4: phase.until_epoch 3 must be above that of the phase before it, 3"));
  EXPECT_THAT(fault("[[phase]]\nset = { data.batch = 2 }\n"), StartsWith("r.toml:1: phase[0].until_epoch is missing"));
}

TEST(RecipeErrors, SectionsThatDoNotFitTogether) {
  EXPECT_EQ(fault("[input]\nmean = [0.5]\nstd = [0.2, 0.2]\n"), "r.toml:1: input.mean has 1 channels and input.std 2");
  EXPECT_THAT(fault("[net]\narch = \"torchscript\"\n"), StartsWith("r.toml:1: net.script goes with"));
}

TEST(RecipeErrors, EditsOfStagesThatAreNotThere) {
  EXPECT_THAT(fault("[stage.crop]\nsize = 3\n"), StartsWith("r.toml:1: there is no stage with the id 'crop'"));
  EXPECT_THAT(fault("stage = { crop = 3 }\n"), StartsWith("r.toml:1: stage.crop must be a table, not 3"));
}

}  // namespace
}  // namespace penstock::pipelines
