#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pipelines/recipe/builtin.h"
#include "stages/image/registry.h"
#include "tests/pipelines/recipe_folder.h"

namespace penstock::pipelines {
namespace {

// INTERFACE's example, every section in it.
constexpr const char* kFull = R"(
seed = 7
[data]
batch = 32
order = "block"
last = "wrap"
val = { fraction = 0.2, by = "record" }
[faults]
train = "skip"
eval = "skip"
budget = "0.25%"
[budget]
ram = "2GiB"
ssd = { path = "/fast/$${x}", size = "50GiB" }
[[stage]]
name = "image.decode"
id = "crop"
when = "train"
view = "random-resized-crop"
size = 128
scale = [0.35, 1.0]
[[stage]]
name = "image.decode"
id = "mask"
inputs = { bytes = "mask_bytes" }
outputs = { pixels = "mask" }
draw = "crop"
[[stage]]
name = "image.flip"
when = "train"
[input]
mean = [0.5]
std = [0.25]
[net]
arch = "resnet34"
classes = 12
[train]
epochs = 12
optimizer = "sgd"
lr = 1e-3
schedule = "cosine"
warmup = 1.5
precision = "f32"
[checkpoint]
every = "500steps"
keep = 2
[lanes]
devices = ["sim:0", "sim:1"]
[[phase]]
until_epoch = 4
set = { "stage.crop.size" = 96, data.batch = 64 }
)";

TEST(RecipeLoad, ReadsEverySection) {
  const Recipe r = parse(kFull);
  EXPECT_EQ(r.seed, 7u);
  EXPECT_EQ(r.data.batch, 32u);
  EXPECT_EQ(r.data.order, Order::kBlock);
  EXPECT_EQ(r.data.last, Last::kWrap);
  ASSERT_TRUE(r.data.val);
  EXPECT_EQ(r.data.val->fraction, 0.2);
  EXPECT_EQ(r.data.val->by, ValBy::kRecord);
  EXPECT_EQ(r.faults.train, OnFault::kSkip);
  EXPECT_EQ(r.faults.budget, Share{0.0025});
  EXPECT_EQ(r.budget.ram, ByteSize{2_GiB});
  EXPECT_FALSE(r.budget.gpu);
  EXPECT_EQ(r.budget.ssd->path, "/fast/${x}");
  EXPECT_EQ(r.budget.ssd->size.bytes, 50_GiB);
  ASSERT_EQ(r.stages.size(), 3u);
  EXPECT_EQ(r.stages[0].id, "crop");
  EXPECT_EQ(r.stages[0].when, When::kTrain);
  EXPECT_EQ(canonical_text(r.stages[0].params), "{ scale = [0.35, 1.0], size = 128, view = \"random-resized-crop\" }");
  EXPECT_EQ(r.stages[1].inputs.at("bytes"), "mask_bytes");
  EXPECT_EQ(r.stages[1].outputs.at("pixels"), "mask");
  EXPECT_EQ(r.stages[1].draw, "crop");
  EXPECT_EQ(r.stages[1].when, When::kBoth);
  EXPECT_EQ(r.stages[2].id, "flip");
  EXPECT_EQ(r.stages[2].where.text(), "r.toml:28");
  EXPECT_EQ(r.input.mean, std::vector<double>{0.5});
  EXPECT_EQ(r.net.arch, "resnet34");
  EXPECT_EQ(r.net.classes, 12);
  EXPECT_EQ(r.train.epochs, 12u);
  EXPECT_EQ(r.train.optimizer, learn::OptimiserKind::kSgd);
  EXPECT_EQ(r.train.lr, 1e-3);
  EXPECT_EQ(r.train.schedule, learn::ScheduleKind::kCosine);
  EXPECT_EQ(r.train.warmup, 1.5);
  EXPECT_EQ(r.train.precision, learn::Precision::kF32);
  EXPECT_EQ(r.checkpoint.every.steps, 500u);
  EXPECT_EQ(r.checkpoint.keep, 2u);
  EXPECT_EQ(r.lanes.devices, (std::vector<std::string>{"sim:0", "sim:1"}));
  ASSERT_EQ(r.phases.size(), 1u);
  EXPECT_EQ(canonical_text(r.phases[0].set), "{ \"data.batch\" = 64, \"stage.crop.size\" = 96 }");
}

TEST(RecipeLoad, ResolvedTextReadsBackEqual) {
  for (const std::string& text : {std::string(kFull), std::string()}) {
    const Recipe recipe = parse(text);
    const std::string resolved = to_toml(recipe);
    EXPECT_EQ(parse(resolved), recipe) << resolved;
    EXPECT_EQ(to_toml(parse(resolved)).substr(resolved.find("seed")), resolved.substr(resolved.find("seed")));
  }
}

TEST(RecipeLoad, EqualityIsOfTheContentNotOfThePlace) {
  EXPECT_EQ(parse("\n\n[data]\nbatch = 3\n"), parse("[data]\nbatch = 3\n"));
  EXPECT_FALSE(parse("[data]\nbatch = 3\n") == parse("[data]\nbatch = 4\n"));
}

TEST(RecipeLoad, DefaultsAreThoseOfTheStructs) { EXPECT_EQ(parse(""), Recipe{}); }

TEST(RecipeLoad, BasesAreMergedKeyByKey) {
  RecipeFolder folder;
  folder.write("bases/base.toml", std::string(kFull));
  const std::string mine = folder.write("mine.toml",
                                        "base = \"bases/base.toml\"\n[train]\nlr = 0.5\n[data]\nval = { fraction = 0.3 "
                                        "}\n[stage.crop]\nsize = 64\n[input]\nmean = [0.1, 0.2]\nstd = [1, 2]\n");
  const Recipe r = load_recipe(mine, with_set({}));
  EXPECT_EQ(r.name, mine);
  EXPECT_EQ(r.train.lr, 0.5);
  EXPECT_EQ(r.train.epochs, 12u);
  EXPECT_EQ(r.data.val->fraction, 0.3);
  EXPECT_EQ(r.data.val->by, ValBy::kRecord);
  EXPECT_EQ(r.stages.size(), 3u);
  EXPECT_EQ(r.stages[0].params.at("size"), Value(64));
  EXPECT_EQ(r.stages[0].params.at("view"), Value("random-resized-crop"));
  EXPECT_EQ(r.input.mean, (std::vector<double>{0.1, 0.2}));
}

TEST(RecipeLoad, StagesWithTwoBracketsReplaceThoseOfTheBase) {
  RecipeFolder folder;
  folder.write("base.toml", "[[stage]]\nname = \"image.decode\"\n[[stage]]\nname = \"image.flip\"\n");
  const std::string mine = folder.write("mine.toml", "base = \"base.toml\"\n[[stage]]\nname = \"image.flip\"\np = 1\n");
  const Recipe r = load_recipe(mine, with_set({}));
  ASSERT_EQ(r.stages.size(), 1u);
  EXPECT_EQ(r.stages[0].params.at("p"), Value(1));
}

TEST(RecipeLoad, ABuiltInRecipeCanBeABase) {
  const Recipe r = parse("base = \"imagenette-resnet18\"\n[train]\nepochs = 2\n");
  EXPECT_EQ(r.train.epochs, 2u);
  EXPECT_EQ(r.net.arch, "resnet18");
}

TEST(RecipeLoad, AFileWinsOverABuiltInOfItsName) {
  RecipeFolder folder;
  folder.write("imagenette-resnet18", "seed = 99\n");
  const std::string mine = folder.write("mine.toml", "base = \"imagenette-resnet18\"\n");
  EXPECT_EQ(load_recipe(mine, with_set({})).seed, 99u);
}

TEST(RecipeLoad, VariablesAreTheEnvironments) {
  const LoadOptions options{.environment = variables({{"DISK", "/fast"}, {"KIND", "sgd"}})};
  const Recipe r =
      parse_recipe("[train]\noptimizer = \"${KIND}\"\n[budget]\nssd = { path = \"${DISK}/a/${DISK}\", size = 1 }\n",
                   "r.toml", options);
  EXPECT_EQ(r.budget.ssd->path, "/fast/a//fast");
  EXPECT_EQ(r.train.optimizer, learn::OptimiserKind::kSgd);
}

TEST(RecipeLoad, SetsComeLastAndTakeBareWords) {
  const Recipe r =
      parse(kFull, {"train.lr=1e-4", "train.lr=2e-4", "stage.crop.size=160", "train.optimizer=adamw",
                    "data.val.fraction=0.4", "lanes.devices=cpu", "budget.ram=512MiB", "checkpoint.every=1epoch",
                    "stage.crop.scale=[0.1, 0.9]", "net.zero_init_residual=true"});
  EXPECT_EQ(r.train.lr, 2e-4);
  EXPECT_EQ(r.stages[0].params.at("size"), Value(160));
  EXPECT_EQ(canonical_text({{"scale", r.stages[0].params.at("scale")}}), "{ scale = [0.1, 0.9] }");
  EXPECT_EQ(r.train.optimizer, learn::OptimiserKind::kAdamW);
  EXPECT_EQ(r.data.val->fraction, 0.4);
  EXPECT_EQ(r.lanes.devices, std::vector<std::string>{"cpu"});
  EXPECT_EQ(r.budget.ram, ByteSize{512_MiB});
  EXPECT_EQ(r.checkpoint.every.epochs, 1u);
  EXPECT_TRUE(r.net.zero_init_residual);
}

TEST(RecipeLoad, ASetReachesEveryStageOfItsId) {
  const Recipe r = parse(
      "[[stage]]\nname = \"image.decode\"\nwhen = \"train\"\n[[stage]]\nname = \"image.decode\"\nwhen = \"eval\"\n",
      {"stage.decode.size=64"});
  EXPECT_EQ(r.stages[0].params.at("size"), Value(64));
  EXPECT_EQ(r.stages[1].params.at("size"), Value(64));
}

TEST(RecipeLoad, IntervalsOfCheckpoints) {
  EXPECT_EQ(parse_every("10min"), (Every{Duration{600}, 0, 0}));
  EXPECT_EQ(parse_every("1h30min"), (Every{Duration{5400}, 0, 0}));
  EXPECT_EQ(parse_every("500steps"), (Every{Duration{0}, 500, 0}));
  EXPECT_EQ(parse_every("2 epochs"), (Every{Duration{0}, 0, 2}));
  for (const char* wrong : {"", "10", "0epochs", "steps", "-5steps", "1.5epochs", "0s", "1fortnight"}) {
    EXPECT_FALSE(parse_every(wrong)) << wrong;
  }
  for (const char* text : {"10min", "1step", "500steps", "3epochs", "1h30min"}) {
    EXPECT_EQ(exact_text(*parse_every(text)), text);
  }
}

StageRegistry image_stages() {
  StageRegistry registry;
  image::register_image_stages(registry);
  return registry;
}

TEST(BuiltinRecipes, LoadResolveAndReadBack) {
  const StageRegistry registry = image_stages();
  ASSERT_GE(builtin_recipes().size(), 2u);
  for (const BuiltinRecipe& builtin : builtin_recipes()) {
    const Recipe recipe = load_recipe(std::string(builtin.name), with_set({}));
    EXPECT_EQ(recipe.name, builtin.name);
    EXPECT_FALSE(summary_of(builtin).empty());
    const Recipe resolved = resolve_stages(recipe, registry);
    EXPECT_EQ(parse(to_toml(resolved)), resolved) << builtin.name;
    EXPECT_EQ(recipe.stages.empty(), recipe.table.has_value())
        << builtin.name;  // pictures are decoded, rows need no stage
    if (recipe.stages.empty()) continue;
    EXPECT_GT(resolved.stages[0].params.size(), recipe.stages[0].params.size());
  }
}

TEST(BuiltinRecipes, AreNotHiddenByAFolderOfTheirName) {
  const RecipeFolder folder;
  std::filesystem::create_directory(folder.path("higgs"));
  const Recipe recipe = load_recipe(folder.write("mine.toml", "base = \"higgs\"\nseed = 5\n"), with_set({}));
  EXPECT_EQ(recipe.seed, 5u);
  EXPECT_EQ(recipe.table->target, "label");
}

TEST(BuiltinRecipes, SayWhatTheyPromise) {
  const Recipe real = load_recipe("imagenet-resnet50", with_set({}));
  EXPECT_EQ(real.train.epochs, 90u);
  EXPECT_EQ(real.data.order, Order::kFull);
  EXPECT_EQ(real.data.batch, 256u);
  EXPECT_EQ(real.train.lr, 0.1);
  const Recipe small = load_recipe("imagenette-resnet18", with_set({}));
  EXPECT_EQ(small.train.epochs, 30u);
  EXPECT_EQ(small.data.batch, 64u);
  EXPECT_EQ(small.train.precision, learn::Precision::kBf16);
}

TEST(ResolveStages, RefusesWhatTheStagesDoNotKnow) {
  const StageRegistry registry = image_stages();
  const auto resolve = [&](const std::string& text) {
    return message_of([&] { resolve_stages(parse(text), registry); });
  };
  EXPECT_EQ(resolve("[[stage]]\nname = \"image.decode\"\nid = \"crop\"\nsise = 3\n"),
            "r.toml:4: unknown key stage.crop.sise; the nearest right one is 'size'");
  EXPECT_EQ(resolve("[[stage]]\nname = \"image.decode\"\nsize = -3\n"),
            "r.toml:3: stage.decode.size must be an integer from 1 to 16384, not -3");
  EXPECT_THAT(resolve("[[stage]]\nname = \"image.decod\"\n"), testing::StartsWith("r.toml:1: there is no stage"));
  EXPECT_THAT(resolve("[[stage]]\nname = \"image.flip\"\n[[phase]]\nuntil_epoch = 2\nset = { stage.flip.q = 1 }\n"),
              testing::StartsWith("r.toml:5: unknown key stage.flip.q"));
}

}  // namespace
}  // namespace penstock::pipelines
