#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "engine/cuda/cuda_machine.h"
#include "stages/device/cuda/nvjpeg_decoder.h"
#include "stages/image/picture_decoder.h"
#include "tests/device/on_device.h"
#include "tests/image/photos.h"

namespace penstock::device {
namespace {

using NvjpegOnDevice = OnDevice;

double mean_difference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

TEST_P(NvjpegOnDevice, DecodesAsTheCpuDoesButForRounding) {
  NvjpegDecoder decoder(*device_);
  std::vector<std::vector<std::byte>> jpegs;
  for (const auto& [width, height] : {std::pair{64, 48}, {33, 17}, {200, 301}, {8, 8}, {1, 1}})
    jpegs.push_back(image::jpeg_of(image::made_picture(width, height), {.quality = 92}));
  const std::vector<image::Bytes> batch(jpegs.begin(), jpegs.end());
  uint64_t room_bytes = 0;
  for (const image::Bytes& jpeg : batch) room_bytes += decoder.decoded_bytes(jpeg) + 16;
  DeviceBuffer room = device_->allocate(room_bytes, "test");
  const auto decoded = decoder.decode(*stream_, batch, reinterpret_cast<uint8_t*>(room.data()), room.size());
  ASSERT_EQ(decoded.size(), batch.size());
  image::PictureDecoder cpu;
  for (size_t i = 0; i < batch.size(); ++i) {
    ASSERT_FALSE(decoded[i].fault) << decoded[i].fault.text();
    image::Picture wanted;
    ASSERT_FALSE(decode_whole(cpu, batch[i], wanted));
    ASSERT_EQ(decoded[i].image.width, wanted.width);
    ASSERT_EQ(decoded[i].image.height, wanted.height);
    EXPECT_LT(mean_difference(back<uint8_t>(decoded[i].image.rgb, wanted.rgb.size()), wanted.rgb), 2.0) << i;
  }
}

TEST_P(NvjpegOnDevice, AFaultOfOneIsAValueAndLeavesTheOthers) {
  NvjpegDecoder decoder(*device_);
  const auto good = image::jpeg_of(image::made_picture(40, 30));
  const std::vector<std::byte> none, words(300, std::byte{'x'}), header(good.begin(), good.begin() + 60);
  const std::vector<image::Bytes> batch = {good, none, words, header, good, good};
  DeviceBuffer room = device_->allocate(2 * (40 * 30 * 3 + 16), "test");  // the last finds no room
  const auto decoded = decoder.decode(*stream_, batch, reinterpret_cast<uint8_t*>(room.data()), room.size());
  stream_->synchronize();
  EXPECT_FALSE(decoded[0].fault);
  EXPECT_EQ(decoded[1].fault.kind, image::FaultKind::kEmpty);
  for (const size_t i : {2, 3}) {
    EXPECT_TRUE(decoded[i].fault) << i;
    EXPECT_NE(decoded[i].fault.text().find("nvJPEG"), std::string::npos) << decoded[i].fault.text();
    EXPECT_EQ(decoded[i].image.rgb, nullptr);
  }
  EXPECT_FALSE(decoded[4].fault);
  EXPECT_EQ(decoded[5].fault.kind, image::FaultKind::kTooLarge) << decoded[5].fault.text();
  const auto a = back<uint8_t>(decoded[0].image.rgb, 3600), b = back<uint8_t>(decoded[4].image.rgb, 3600);
  EXPECT_EQ(a, b);
}

INSTANTIATE_TEST_SUITE_P(Gpu, NvjpegOnDevice, testing::Values("cuda:0"), device_word);

}  // namespace
}  // namespace penstock::device
