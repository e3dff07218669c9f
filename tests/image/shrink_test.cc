// What decoding at half size costs against resizing the whole picture.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "stages/image/picture_decoder.h"
#include "stages/image/resizer.h"
#include "tests/image/photos.h"
#include "tests/support/data_dir.h"

namespace penstock::image {
namespace {

Picture seen(PictureDecoder& decoder, Bytes bytes, const View& view) {
  Picture out{view.window.width, view.window.height, {}};
  out.rgb.resize(static_cast<std::size_t>(out.width) * out.height * 3);
  Resizer resizer;
  EXPECT_FALSE(decoder.open(bytes));
  resizer.start(view, out.rgb.data(), static_cast<std::size_t>(out.width) * 3);
  EXPECT_FALSE(decoder.decode_shrunk(resizer.source(), view.shrink, true, resizer));
  return out;
}

double psnr(const Picture& a, const Picture& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::pow(double(a.rgb[i]) - b.rgb[i], 2);
  return sum == 0 ? 99 : 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.rgb.size()) / sum);
}

TEST(LosslessShrink, KeepsTheRegionTwiceAsLargeAsTheOutput) {
  const auto shrink = [](int width, int height) {
    return lossless_shrink({{0, 0, width, height}, {100, 100}, {0, 0, 100, 100}});
  };
  EXPECT_EQ(shrink(399, 4000), 1);
  EXPECT_EQ(shrink(4000, 399), 1);
  EXPECT_EQ(shrink(400, 400), 2);
  EXPECT_EQ(shrink(60000, 60000), 2);
}

// Sizes at which pictures just begin to be made smaller: larger ones lose less.
TEST(LosslessShrink, LosesAlmostNothingOnRealPhotographs) {
  const auto folder = test::data_dir("imagenet-sample");
  if (folder.empty()) GTEST_SKIP() << "no data set imagenet-sample";
  PictureDecoder decoder;
  double worst = 99, sum = 0;
  int count = 0;
  for (const auto& file : files_in(folder, {".JPEG"})) {
    const auto bytes = read_file(file);
    ASSERT_FALSE(decoder.open(bytes));
    const Header header = decoder.header();
    ASSERT_EQ(header.most_shrink, 2) << file;
    View view = resize_whole({header.height, header.width}, {header.height / 4, header.width / 4});
    ASSERT_EQ(lossless_shrink(view), 2);
    const Picture whole = seen(decoder, bytes, view);
    view.shrink = 2;
    const double decibels = psnr(whole, seen(decoder, bytes, view));
    worst = std::min(worst, decibels);
    sum += decibels;
    ++count;
  }
  std::printf("%d photographs, PSNR %.1f dB in the mean, %.1f at worst\n", count, sum / count, worst);
  EXPECT_GT(count, 100);
  EXPECT_GE(worst, 38.0);
}

}  // namespace
}  // namespace penstock::image
