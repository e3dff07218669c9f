#include "tests/device/augment_cases.h"

#include "engine/base/error.h"
#include "stages/device/pixel_math.h"
#include "stages/image/augment/colour_reference.h"

namespace penstock::device {
namespace {

INSTANTIATE_TEST_SUITE_P(Here, AugmentOnDevice, testing::Values("cpu", "sim:0"), device_word);

namespace reference = image::augment::reference;

TEST(PixelMath, TurnsHuesAsTheReferenceDoes) {
  for (int at = 0; at < 1 << 24; at += 7) {  // coprime to 256: every value of every channel
    const Rgb p{static_cast<uint8_t>(at), static_cast<uint8_t>(at >> 8), static_cast<uint8_t>(at >> 16)};
    const auto steps = static_cast<uint8_t>(at * 2654435761u >> 24);
    uint8_t wanted[3] = {p.r, p.g, p.b};
    reference::turn_hue(wanted, steps);
    ASSERT_EQ(turned_hue(p, steps), (Rgb{wanted[0], wanted[1], wanted[2]})) << at << " by " << int{steps};
  }
}

TEST(PixelMath, BlendsAndWeighsAsTheReferenceDoes) {
  for (const float factor : {0.0f, 0.3f, 1.0f, 1.7f, 40.0f})
    for (int a = 0; a < 256; ++a)
      for (int b = 0; b < 256; ++b) ASSERT_EQ(blend(a, b, factor), reference::blend(a, b, factor));
  for (int at = 0; at < 1 << 24; at += 61) {
    const uint8_t rgb[3] = {static_cast<uint8_t>(at), static_cast<uint8_t>(at >> 8), static_cast<uint8_t>(at >> 16)};
    ASSERT_EQ(luma({rgb[0], rgb[1], rgb[2]}), reference::luma(rgb));
  }
}

TEST(AugmentPlanner, RefusesNoiseWhichTheDeviceDoesNotDo) {
  AugmentRecipe recipe;
  recipe.erase = image::augment::Erase::Params{.value = {.random = true}};
  try {
    const AugmentPlanner planner(recipe);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kUsage);
    EXPECT_NE(std::string(e.what()).find("leave the stage to the CPU"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace penstock::device
