// Against torchvision and Pillow on real photographs: see golden/make_golden.py.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>

#include "stages/image/picture_decoder.h"
#include "stages/image/resizer.h"
#include "tests/image/crc32.h"
#include "tests/image/photos.h"
#include "tests/support/data_dir.h"

namespace penstock::image {
namespace {

struct Golden {
  std::string file, view, samples;
  Size size;
  Rect crop;
  double mean[3];
  std::uint32_t crc = 0;
};

std::vector<Golden> read_golden() {
  std::ifstream file(PENSTOCK_SOURCE_DIR "/tests/image/golden/torchvision.txt");
  std::vector<Golden> all;
  for (std::string text; std::getline(file, text);) {
    if (text.starts_with("#")) continue;
    std::istringstream line(text);
    Golden g;
    line >> g.file >> g.view >> g.size.height >> g.size.width >> g.crop.x >> g.crop.y >> g.crop.width >>
        g.crop.height >> g.mean[0] >> g.mean[1] >> g.mean[2] >> std::hex >> g.crc >> g.samples;
    all.push_back(g);
  }
  return all;
}

double mean_difference(const std::vector<std::uint8_t>& pixels, const std::string& samples) {
  const std::size_t count = samples.size() / 2;
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i)
    sum += std::abs(std::stoi(samples.substr(2 * i, 2), nullptr, 16) - int{pixels[i * pixels.size() / count]});
  return sum / static_cast<double>(count);
}

View view_of(const Golden& g, Size picture) {
  const Rect window{0, 0, g.size.width, g.size.height};
  if (g.view == "crop") return {g.crop, g.size, window};
  if (g.view == "bicubic") return {g.crop, g.size, window, Filter::kBicubic};
  if (g.view == "area") return {g.crop, g.size, window, Filter::kArea};
  if (g.view == "center") return center_crop(picture, g.size, 0.875);
  return resize_whole(picture, g.size);
}

TEST(Golden, AgreesWithTorchvisionOnRealPhotographs) {
  const auto data = test::data_dir("imagenet-sample").parent_path();
  if (data.empty()) GTEST_SKIP() << "no data set imagenet-sample: set PENSTOCK_DATA";
  const std::vector<Golden> all = read_golden();
  ASSERT_GT(all.size(), 200u);
  Resizer resizer;
  std::size_t equal = 0;
  double worst = 0;
  for (const Golden& g : all) {
    SCOPED_TRACE(g.file + " " + g.view);
    PictureDecoder decoder(g.view == "turned");
    const auto bytes = read_file(data / g.file);
    Fault fault = decoder.open(bytes);
    ASSERT_FALSE(fault) << fault.text();
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(g.size.height) * g.size.width * 3);
    resizer.start(view_of(g, {decoder.header().height, decoder.header().width}), pixels.data(),
                  static_cast<std::size_t>(g.size.width) * 3);
    fault = decoder.decode(resizer.source(), false, resizer);
    ASSERT_FALSE(fault) << fault.text();
    const double difference = mean_difference(pixels, g.samples);
    EXPECT_LE(difference, 1.0);
    worst = std::max(worst, difference);
    double sums[3] = {};
    for (std::size_t i = 0; i < pixels.size(); ++i) sums[i % 3] += pixels[i];
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(sums[c] / (pixels.size() / 3.0), g.mean[c], 1.0);
    const bool same = test::crc32_of(pixels) == g.crc;
    equal += same;
    if (!same) std::printf("not byte-equal: %s %s, mean difference %.3f\n", g.file.c_str(), g.view.c_str(), difference);
  }
  EXPECT_EQ(equal, all.size()) << "the same fixed-point arithmetic and the same libjpeg give the same bytes";
  std::printf("%zu of %zu byte-equal to Pillow, worst mean difference %.3f of 255\n", equal, all.size(), worst);
}

}  // namespace
}  // namespace penstock::image
