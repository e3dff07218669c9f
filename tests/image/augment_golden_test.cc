// Against torchvision and Pillow on photographs and patterns: see golden/make_augment_golden.py.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>

#include "stages/image/augment/blur.h"
#include "stages/image/augment/colour_ops.h"
#include "tests/image/crc32.h"
#include "tests/image/golden_pictures.h"
#include "tests/support/data_dir.h"

namespace penstock::image::augment {
namespace {

struct Golden {
  std::string picture, operation, samples;
  double argument = 0;
  std::uint32_t crc = 0;
};

std::vector<Golden> read_golden() {
  std::ifstream file(PENSTOCK_SOURCE_DIR "/tests/image/golden/augment.txt");
  std::vector<Golden> all;
  for (std::string text; std::getline(file, text);) {
    if (text.starts_with("#")) continue;
    std::istringstream line(text);
    Golden g;
    line >> g.picture >> g.operation >> g.argument >> std::hex >> g.crc >> g.samples;
    all.push_back(g);
  }
  return all;
}

void blur(PixelView picture, int side, double sigma) {
  BlurScratch scratch;
  gaussian_blur(picture, side, sigma, scratch);
}

void sharpen(PixelView picture, double factor) {
  RowScratch scratch;
  sharpness(picture, factor, scratch);
}

const std::map<std::string, std::function<void(PixelView, double)>> kOperations{
    {"brightness", brightness},
    {"contrast", contrast},
    {"saturation", saturation},
    {"hue", hue},
    {"sharpness", sharpen},
    {"grayscale", [](PixelView v, double) { grayscale(v); }},
    {"invert", [](PixelView v, double) { invert(v); }},
    {"posterise", [](PixelView v, double bits) { posterise(v, static_cast<int>(bits)); }},
    {"solarise", [](PixelView v, double threshold) { solarise(v, static_cast<int>(threshold)); }},
    {"equalise", [](PixelView v, double) { equalise(v); }},
    {"autocontrast", [](PixelView v, double) { autocontrast(v); }},
    {"blur3", [](PixelView v, double sigma) { blur(v, 3, sigma); }},
    {"blur23", [](PixelView v, double sigma) { blur(v, 23, sigma); }},
};

void compare(const Golden& g, Picture picture, int& compared, int& equal) {
  SCOPED_TRACE(g.picture + " " + g.operation + " " + std::to_string(g.argument));
  kOperations.at(g.operation)({picture.rgb.data(), picture.width, picture.height, std::ptrdiff_t{3} * picture.width},
                              g.argument);
  const bool same = test::crc32_of(picture.rgb) == g.crc;
  ++compared;
  equal += same;
  if (g.operation.starts_with("blur"))
    EXPECT_LE(largest_difference(picture.rgb, g.samples), 1);
  else
    EXPECT_TRUE(same) << "largest difference of the samples " << largest_difference(picture.rgb, g.samples);
}

TEST(AugmentGolden, AgreesWithTorchvisionOnPatterns) {
  int compared = 0, equal = 0;
  for (const Golden& g : read_golden())
    if (g.picture.find(':') != std::string::npos) compare(g, pattern(g.picture), compared, equal);
  EXPECT_GT(compared, 300);
  std::printf("%d of %d equal to torchvision, the rest (blur) within 1\n", equal, compared);
}

TEST(AugmentGolden, AgreesWithTorchvisionOnPhotographs) {
  const auto data = test::data_dir("imagenet-sample").parent_path();
  if (data.empty()) GTEST_SKIP() << "no data set imagenet-sample: set PENSTOCK_DATA";
  int compared = 0, equal = 0;
  std::map<std::string, Picture> photographs;
  for (const Golden& g : read_golden()) {
    if (g.picture.find(':') != std::string::npos) continue;
    if (!photographs.contains(g.picture)) photographs[g.picture] = photograph(data / g.picture);
    compare(g, photographs[g.picture], compared, equal);
  }
  EXPECT_GT(compared, 100);
  std::printf("%d of %d equal to torchvision, the rest (blur) within 1\n", equal, compared);
}

}  // namespace
}  // namespace penstock::image::augment
