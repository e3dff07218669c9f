// The stages on single pictures, through a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "engine/graph/graph_spec.h"
#include "stages/image/augment/blur.h"
#include "stages/image/augment/colour_ops.h"
#include "stages/image/augment/erase.h"
#include "tests/image/pixel_source.h"

namespace penstock::image::augment {
namespace {

constexpr int kWidth = 20, kHeight = 14;
using Bytes = std::vector<std::uint8_t>;

std::uint8_t noise(uint64_t id, std::size_t i) {
  return static_cast<std::uint8_t>((id * 7919 + i * 2654435761u + (i >> 4) * 40503u) >> 7);
}

const PixelSource kNoise(200, kWidth, kHeight, noise);
const PixelSource kAllAlike(400, kWidth, kHeight, [](uint64_t, std::size_t i) { return noise(1, i); });

std::map<uint64_t, Bytes> run_alone(const Source& source, const std::string& name, const ParamMap& params,
                                    uint64_t seed = 3) {
  std::map<uint64_t, Bytes> all;
  for (const SeenBatch& batch :
       run_over(source, GraphSpec{}.add(name, params), {.seed = seed, .order = Order::kSequential, .batch = 20}))
    for (std::size_t i = 0; i < batch.ids.size(); ++i) all[batch.ids[i]] = batch.pixels[i];
  return all;
}

PixelView view_of(Bytes& bytes) { return {bytes.data(), kWidth, kHeight, std::ptrdiff_t{3} * kWidth}; }

using Operation = std::function<void(PixelView)>;

struct Case {
  std::string name;
  ParamMap params;
  Operation operation;
};

std::vector<Case> cases() {
  return {
      {"image.grayscale", {}, grayscale},
      {"image.invert", {}, invert},
      {"image.equalise", {}, equalise},
      {"image.autocontrast", {}, autocontrast},
      {"image.posterise", {{"bits", 3}}, [](PixelView v) { posterise(v, 3); }},
      {"image.solarise", {{"threshold", 100}}, [](PixelView v) { solarise(v, 100); }},
      {"image.sharpness",
       {{"factor", 1.5}},
       [](PixelView v) {
         RowScratch scratch;
         sharpness(v, 1.5, scratch);
       }},
      {"image.gaussian-blur",
       {{"kernel_size", 5}, {"sigma", 1.25}},
       [](PixelView v) {
         BlurScratch scratch;
         gaussian_blur(v, 5, 1.25, scratch);
       }},
      {"image.color-jitter", {{"brightness", {0.7, 0.7}}}, [](PixelView v) { brightness(v, 0.7); }},
      {"image.color-jitter", {{"contrast", {1.7, 1.7}}}, [](PixelView v) { contrast(v, 1.7); }},
      {"image.color-jitter", {{"saturation", {0, 0}}}, [](PixelView v) { saturation(v, 0); }},
      {"image.color-jitter", {{"hue", {-0.25, -0.25}}}, [](PixelView v) { hue(v, -0.25); }},
  };
}

TEST(PixelStages, DoTheirOperationOnEveryPictureWherePIsOne) {
  for (const Case& c : cases()) {
    ParamMap params = c.params;
    params["p"] = 1.0;
    const auto all = run_alone(kNoise, c.name, params);
    ASSERT_EQ(all.size(), 200u);
    for (const auto& [id, pixels] : all) {
      Bytes wanted = kNoise.pixels(id);
      c.operation(view_of(wanted));
      ASSERT_EQ(pixels, wanted) << c.name << " on record " << id;
    }
  }
}

TEST(PixelStages, LeaveTheRestAsItIs) {
  std::vector<Case> all = cases();
  all.push_back({"image.erase", {{"value", 255}}, {}});
  for (const Case& c : all) {
    ParamMap params = c.params;
    params["p"] = 0.0;
    for (const auto& [id, pixels] : run_alone(kNoise, c.name, params)) ASSERT_EQ(pixels, kNoise.pixels(id)) << c.name;
    params["p"] = 0.25;
    int changed = 0;
    for (const auto& [id, pixels] : run_alone(kAllAlike, c.name, params)) changed += pixels != kAllAlike.pixels(id);
    EXPECT_NEAR(changed, 100, 35) << c.name;  // four deviations
  }
}

GraphSpec all_stages() {
  return GraphSpec{}
      .add("image.color-jitter", {{"brightness", 0.4}, {"contrast", 0.4}, {"saturation", 0.4}, {"hue", 0.1}})
      .add("image.gaussian-blur", {{"kernel_size", 7}, {"p", 0.5}})
      .add("image.sharpness", {{"factor", {0.5, 2.0}}})
      .add("image.posterise", {{"bits", 6}})
      .add("image.solarise", {{"threshold", 200}, {"p", 0.2}})
      .add("image.equalise", {{"p", 0.3}})
      .add("image.autocontrast")
      .add("image.invert", {{"p", 0.1}})
      .add("image.grayscale", {{"p", 0.2}})
      .add("image.erase", {{"value", "random"}})
      .add("image.mixup", {{"p", 0.5}})
      .add("image.cutmix");
}

TEST(PixelStages, GiveTheSameBytesOnAnyNumberOfThreads) {
  const RunOptions options{.seed = 11, .last = Last::kKeep, .batch = 16, .epochs = 2};
  const auto one = run_over(kNoise, all_stages(), options, 1), eight = run_over(kNoise, all_stages(), options, 8);
  ASSERT_EQ(one.size(), 26u);
  ASSERT_EQ(eight.size(), one.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].pixels, eight[i].pixels);
    EXPECT_EQ(one[i].labels_b, eight[i].labels_b);
    EXPECT_EQ(one[i].shares, eight[i].shares);
  }
  EXPECT_NE(run_over(kNoise, all_stages(), {.seed = 12, .last = Last::kKeep, .batch = 16})[0].pixels, one[0].pixels);
}

TEST(ColorJitter, TakesItsOperationsInAnyOrder) {
  const ParamMap params{{"brightness", {1.8, 1.8}}, {"contrast", {0.3, 0.3}}, {"hue", {0.3, 0.3}}};
  std::map<Bytes, int> seen;
  for (const auto& [id, pixels] : run_alone(kAllAlike, "image.color-jitter", params)) ++seen[pixels];
  std::set<Bytes> wanted;
  const std::vector<Operation> operations{[](PixelView v) { brightness(v, 1.8); },
                                          [](PixelView v) { contrast(v, 0.3); }, [](PixelView v) { hue(v, 0.3); }};
  std::vector<int> order{0, 1, 2};
  do {
    Bytes picture = kAllAlike.pixels(0);
    for (const int i : order) operations[static_cast<std::size_t>(i)](view_of(picture));
    wanted.insert(picture);
  } while (std::next_permutation(order.begin(), order.end()));
  ASSERT_EQ(wanted.size(), 6u);
  EXPECT_EQ(seen.size(), 6u);
  for (const auto& [picture, count] : seen) {
    EXPECT_TRUE(wanted.contains(picture));
    EXPECT_NEAR(count, 400 / 6, 30);  // four deviations
  }
}

TEST(ColorJitter, SpreadsANumberAroundOne) {
  const PixelSource grey(400, 1, 1, [](uint64_t, std::size_t) { return 100; });
  int least = 255, most = 0;
  for (const auto& [id, pixels] : run_alone(grey, "image.color-jitter", {{"brightness", 0.4}})) {
    least = std::min<int>(least, pixels[0]);
    most = std::max<int>(most, pixels[0]);
  }
  EXPECT_THAT(least, testing::AllOf(testing::Ge(60), testing::Le(62)));
  EXPECT_THAT(most, testing::AllOf(testing::Ge(137), testing::Le(140)));
}

TEST(Erase, FillsARectangleOfTheSizeAskedFor) {
  const PixelSource black(400, 100, 80, [](uint64_t, std::size_t) { return 0; });
  const auto all =
      run_alone(black, "image.erase", {{"p", 1.0}, {"scale", {0.1, 0.2}}, {"ratio", {0.5, 2.0}}, {"value", {9, 8, 7}}});
  int tall = 0;
  for (const auto& [id, pixels] : all) {
    int x0 = 100, x1 = 0, y0 = 80, y1 = 0, filled = 0;
    for (int i = 0; i < 100 * 80; ++i) {
      if (pixels[3 * i] == 0) continue;
      ASSERT_EQ(pixels[3 * i], 9);
      ASSERT_EQ(pixels[3 * i + 1], 8);
      ASSERT_EQ(pixels[3 * i + 2], 7);
      x0 = std::min(x0, i % 100), x1 = std::max(x1, i % 100 + 1);
      y0 = std::min(y0, i / 100), y1 = std::max(y1, i / 100 + 1);
      ++filled;
    }
    const int width = x1 - x0, height = y1 - y0;
    ASSERT_EQ(filled, width * height);
    EXPECT_THAT(filled / 8000.0, testing::AllOf(testing::Ge(0.095), testing::Le(0.205)));
    EXPECT_THAT(height / double(width), testing::AllOf(testing::Ge(0.47), testing::Le(2.1)));
    tall += height > width;
  }
  EXPECT_NEAR(tall, 200, 45);  // the ratio is drawn on a logarithmic scale
}

TEST(Erase, WritesNoiseOfAllValues) {
  const auto all = run_alone(kAllAlike, "image.erase", {{"p", 1.0}, {"value", "random"}, {"side", 1000}});
  std::vector<int> counts(256);
  for (const auto& [id, pixels] : all)
    for (const std::uint8_t value : pixels) ++counts[value];
  const double mean = 400.0 * kWidth * kHeight * 3 / 256;
  for (const int count : counts) EXPECT_NEAR(count, mean, 0.25 * mean);
}

TEST(Erase, CutoutIsASquareThatMayLiePartlyOutside) {
  std::set<std::pair<int, int>> sizes;
  Draws draws(1, 2, 3, 4);
  for (int i = 0; i < 2000; ++i) {
    const Rect part = cutout_part(10, 8, 4, draws);
    ASSERT_GE(part.x, 0);
    ASSERT_LE(part.x + part.width, 10);
    ASSERT_GE(part.y, 0);
    ASSERT_LE(part.y + part.height, 8);
    sizes.insert({part.width, part.height});
  }
  EXPECT_EQ(sizes.size(), 9u) << "sides of 2, 3 and 4, each with each";
  EXPECT_EQ(cutout_part(3, 3, 99, draws), (Rect{0, 0, 3, 3}));
}

TEST(Erase, AParameterOfThreeKindsSurvivesARoundTrip) {
  StageRegistry registry;
  register_image_stages(registry);
  const StageInfo& info = registry.require("image.erase");
  for (const Value& value : {Value(7), Value("random"), Value(ValueArray{Value(1), Value(2), Value(3)})}) {
    const ParamMap resolved = info.resolve({{"value", value}}, "erase");
    EXPECT_EQ(canonical_text(info.resolve(resolved, "erase")), canonical_text(resolved));
  }
  EXPECT_EQ(info.resolve({{"value", "random"}}, "erase").at("value"), Value("random"));
}

TEST(PixelStages, RefuseWrongParametersAndSchemas) {
  StageRegistry registry;
  register_image_stages(registry);
  const auto make = [&](std::string_view name, const ParamMap& params) {
    return registry.require(name).make(params, "it");
  };
  EXPECT_THROW(make("image.color-jitter", {{"brightness", {2, 1}}}), Error);
  EXPECT_THROW(make("image.color-jitter", {{"brightness", {1, 2, 3}}}), Error);
  EXPECT_THROW(make("image.color-jitter", {{"brightness", -0.1}}), Error);
  EXPECT_THROW(make("image.color-jitter", {{"hue", -0.1}}), Error);
  EXPECT_THROW(make("image.color-jitter", {{"hue", 0.6}}), Error);
  EXPECT_THROW(make("image.gaussian-blur", {{"kernel_size", 4}}), Error);
  EXPECT_THROW(make("image.gaussian-blur", {{"sigma", {2, 1}}}), Error);
  EXPECT_THROW(make("image.gaussian-blur", {{"sigma", 0}}), Error);
  EXPECT_THROW(make("image.posterise", {{"bits", 9}}), Error);
  EXPECT_THROW(make("image.erase", {{"value", "noise"}}), Error);
  EXPECT_THROW(make("image.erase", {{"value", {1, 2}}}), Error);
  EXPECT_THROW(make("image.erase", {{"value", 256}}), Error);
  EXPECT_THROW(make("image.erase", {{"scale", {0.5, 0.1}}}), Error);
  EXPECT_THROW(make("image.mixup", {{"alpha", 0}}), Error);
  for (const StageInfo* info : registry.list()) {
    if (info->name == "image.decode" || info->name == "image.flip") continue;
    const auto stage = info->make({}, "it");
    const Field label = Field::fixed("label", DType::kI64);
    const bool takes_masks =
        info->name == "image.affine" || info->name == "image.perspective" || info->name == "image.pad-crop";
    const Schema two_channels{Field::fixed("pixels", DType::kU8, {4, 4, takes_masks ? 2 : 1}), label};
    EXPECT_THROW(stage->bind(two_channels), Error) << info->name;
    EXPECT_THROW(stage->bind(Schema{Field::fixed("pixels", DType::kF32, {4, 4, 3}), label}), Error) << info->name;
    EXPECT_THROW(stage->bind(Schema{label}), Error) << info->name;
  }
}

}  // namespace
}  // namespace penstock::image::augment
