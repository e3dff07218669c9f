#include "stages/device/jpeg_for_device.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "stages/image/jpeg_frame.h"
#include "stages/image/png_encoder.h"
#include "tests/image/photos.h"

namespace penstock::device {
namespace {

using image::ChromaSampling;
using image::JpegEncodeOptions;
using Jpeg = std::vector<std::byte>;

Jpeg jpeg(const JpegEncodeOptions& options = {}) { return image::jpeg_of(image::made_picture(40, 30), options); }

bool takes(const Jpeg& bytes, bool honours_orientation = false) {
  const std::optional<image::Size> size = size_on_device(bytes, honours_orientation);
  EXPECT_EQ(size.value_or(image::Size{30, 40}), (image::Size{30, 40}));
  return size.has_value();
}

/// Where the payload of the first segment of a kind begins.
size_t payload_of(const Jpeg& bytes, int marker) {
  const std::byte wanted[] = {std::byte{0xFF}, static_cast<std::byte>(marker)};
  return static_cast<size_t>(std::search(bytes.begin(), bytes.end(), std::begin(wanted), std::end(wanted)) -
                             bytes.begin()) +
         4;
}

Jpeg patched(Jpeg bytes, size_t at, int value) {
  bytes.at(at) = static_cast<std::byte>(value);
  return bytes;
}

Jpeg with_adobe(int transform) {
  const int segment[] = {0xFF, 0xEE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform};
  Jpeg bytes = jpeg();
  std::vector<std::byte> as_bytes;
  for (const int value : segment) as_bytes.push_back(static_cast<std::byte>(value));
  bytes.insert(bytes.begin() + 2, as_bytes.begin(), as_bytes.end());
  return bytes;
}

TEST(JpegForDevice, OrdinaryOnesAre) {
  EXPECT_TRUE(takes(jpeg()));
  for (const ChromaSampling sampling :
       {ChromaSampling::k444, ChromaSampling::k422, ChromaSampling::k420, ChromaSampling::k440})
    EXPECT_TRUE(takes(jpeg({.sampling = sampling})));
  EXPECT_TRUE(takes(jpeg({.restart_rows = 1})));
  EXPECT_TRUE(takes(with_adobe(1)));
  const std::vector<uint8_t> grey(40 * 30, 7);
  EXPECT_TRUE(takes(image::encode_jpeg({.data = grey.data(), .width = 40, .height = 30, .channels = 1})));
}

TEST(JpegForDevice, AllOthersAreTheCpus) {
  EXPECT_FALSE(takes({}));
  EXPECT_FALSE(takes(Jpeg(300, std::byte{'x'})));
  EXPECT_FALSE(takes(image::encode_png(image::made_picture(40, 30))));
  EXPECT_FALSE(takes(jpeg({.progressive = true})));
  EXPECT_FALSE(takes(jpeg({.sampling = ChromaSampling::k411})));
  EXPECT_FALSE(takes(with_adobe(0))) << "RGB as it is";
  const Jpeg good = jpeg();
  const size_t frame = payload_of(good, 0xC0), scan = payload_of(good, 0xDA);
  EXPECT_FALSE(takes(patched(good, frame - 3, 0xC9))) << "arithmetic coding";
  EXPECT_FALSE(takes(patched(good, frame, 12))) << "twelve bits";
  EXPECT_FALSE(takes(patched(good, frame + 5, 4))) << "CMYK";
  EXPECT_FALSE(takes(patched(good, scan, 1))) << "a scan for each component";
  Jpeg no_width = patched(good, frame + 3, 0);
  EXPECT_FALSE(takes(patched(no_width, frame + 4, 0)));
  Jpeg rgb = patched(patched(patched(good, frame + 6, 'R'), frame + 9, 'G'), frame + 12, 'B');
  EXPECT_FALSE(takes(rgb));
}

TEST(JpegForDevice, OneThatIsToBeTurnedIsTheCpus) {
  const Jpeg turned = jpeg({.orientation = 6});
  EXPECT_TRUE(takes(turned, false));
  EXPECT_FALSE(takes(turned, true));
  EXPECT_TRUE(takes(jpeg(), true));
}

TEST(JpegForDevice, NoBytesBehindTheEndAreLookedAt) {
  const Jpeg good = jpeg();
  const size_t scan = payload_of(good, 0xDA);
  for (size_t length = 0; length <= scan; ++length) {
    const Jpeg cut(good.begin(), good.begin() + static_cast<ptrdiff_t>(length));  // a copy, for the sanitizer
    EXPECT_FALSE(takes(cut)) << length;
  }
  const Jpeg whole_header(good.begin(), good.begin() + static_cast<ptrdiff_t>(scan) + 1);
  EXPECT_TRUE(takes(whole_header)) << "that the rest is missing is found where it is decoded in full";
}

TEST(JpegFrame, SaysWhatTheHeaderSays) {
  const auto frame = image::read_jpeg_frame(jpeg({.sampling = ChromaSampling::k422}));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->marker, 0xC0);
  EXPECT_EQ(frame->precision, 8);
  EXPECT_EQ(frame->width, 40);
  EXPECT_EQ(frame->height, 30);
  EXPECT_EQ(frame->components, 3);
  EXPECT_EQ(frame->component[0].across, 2);
  EXPECT_EQ(frame->component[0].down, 1);
  EXPECT_TRUE(frame->has_huffman_tables);
  EXPECT_FALSE(frame->adobe_transform);
  EXPECT_EQ(frame->scanned, 3);
  EXPECT_EQ(image::read_jpeg_frame(with_adobe(2))->adobe_transform, 2);
}

}  // namespace
}  // namespace penstock::device
