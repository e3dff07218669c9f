// What NvjpegDecoder makes of nvJPEG's words, without a GPU.
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/cuda/cuda_device.h"
#include "stages/device/cuda/nvjpeg_decoder.h"
#include "tests/support/cuda/fake_cuda.h"
#include "tests/support/cuda/fake_nvjpeg.h"

namespace penstock::device {
namespace {

using image::FaultKind;
using test::fake_jpeg;

class FakedNvjpeg : public testing::Test {
 protected:
  void SetUp() override {
    test::reset_fake_cuda();
    test::fake_nvjpeg_start() = NVJPEG_STATUS_SUCCESS;
    device_ = make_cuda_device(0);
    stream_ = device_->make_stream();
  }
  void TearDown() override {
    stream_.reset();
    EXPECT_TRUE(test::fake_cuda().nothing_alive());
    EXPECT_EQ(test::fake_nvjpeg_alive(), 0);
  }
  std::unique_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
};

TEST_F(FakedNvjpeg, FaultsOfTheDataAreValuesOfTheirKind) {
  NvjpegDecoder decoder(*device_);
  const std::vector<std::byte> none, cut(2);
  const std::vector<std::pair<std::vector<std::byte>, FaultKind>> cases = {
      {fake_jpeg(4, 2), FaultKind::kNone},
      {none, FaultKind::kEmpty},
      {cut, FaultKind::kTruncated},
      {fake_jpeg(4, 2, NVJPEG_STATUS_BAD_JPEG), FaultKind::kCorrupt},
      {fake_jpeg(4, 2, NVJPEG_STATUS_JPEG_NOT_SUPPORTED), FaultKind::kUnsupported},
      {fake_jpeg(4, 2, NVJPEG_STATUS_INTERNAL_ERROR), FaultKind::kHeader},
      {fake_jpeg(0, 2), FaultKind::kHeader},
      {fake_jpeg(4, 2, NVJPEG_STATUS_SUCCESS, NVJPEG_STATUS_SUCCESS, 4), FaultKind::kUnsupported},
      {fake_jpeg(4, 2, NVJPEG_STATUS_SUCCESS, NVJPEG_STATUS_BAD_JPEG), FaultKind::kCorrupt},
      {fake_jpeg(200, 200), FaultKind::kTooLarge},
      {fake_jpeg(5, 3, NVJPEG_STATUS_SUCCESS, NVJPEG_STATUS_SUCCESS, 1), FaultKind::kNone},
  };
  std::vector<image::Bytes> batch;
  for (const auto& [bytes, kind] : cases) batch.push_back(bytes);
  DeviceBuffer room = device_->allocate(4096, "test");
  const auto decoded = decoder.decode(*stream_, batch, reinterpret_cast<uint8_t*>(room.data()), room.size());
  stream_->synchronize();
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(decoded[i].fault.kind, cases[i].second) << i << ": " << decoded[i].fault.text();
    EXPECT_EQ(decoded[i].image.rgb == nullptr, static_cast<bool>(decoded[i].fault)) << i;
  }
  EXPECT_EQ(decoded[0].image.rgb, reinterpret_cast<uint8_t*>(room.data()));
  for (int k = 0; k < 24; ++k) EXPECT_EQ(decoded[0].image.rgb[k], 4);
  for (int k = 0; k < 45; ++k) EXPECT_EQ(decoded[10].image.rgb[k], 5);
  EXPECT_EQ(decoder.decoded_bytes(batch[10]), 45u);
  EXPECT_EQ(decoder.decoded_bytes(batch[3]), 0u);
}

TEST_F(FakedNvjpeg, AFaultOfTheGpuStaysInTheStream) {
  NvjpegDecoder decoder(*device_);
  const auto good = fake_jpeg(4, 2), failing = fake_jpeg(4, 2, NVJPEG_STATUS_SUCCESS, NVJPEG_STATUS_EXECUTION_FAILED);
  const std::vector<image::Bytes> batch = {good, failing, good};
  DeviceBuffer room = device_->allocate(4096, "test");
  const auto decoded = decoder.decode(*stream_, batch, reinterpret_cast<uint8_t*>(room.data()), room.size());
  EXPECT_NE(decoded[0].image.rgb, nullptr);
  EXPECT_EQ(decoded[2].image.rgb, nullptr);
  try {
    stream_->synchronize();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kDevice);
    EXPECT_NE(std::string(e.what()).find("decoding a JPEG on cuda:0 failed: nvJPEG: a kernel failed"),
              std::string::npos)
        << e.what();
  }
}

TEST_F(FakedNvjpeg, DecodesStraightIntoTheCache) {
  NvjpegDecoder decoder(*device_);
  DeviceImageCache cache(*device_, 100);
  const std::vector<uint64_t> ids = {30, 10, 20};
  const std::vector<std::vector<std::byte>> jpegs = {fake_jpeg(4, 5), fake_jpeg(9, 9), fake_jpeg(3, 2)};
  const std::vector<image::Bytes> batch(jpegs.begin(), jpegs.end());
  const auto decoded = decoder.decode(
      *stream_, batch, [&](size_t i, int width, int height) { return cache.place(ids[i], width, height); });
  cache.seal(*stream_);
  EXPECT_EQ(decoded[1].fault.kind, FaultKind::kTooLarge) << "243 bytes into 100";
  EXPECT_EQ(cache.images(), 2u);
  EXPECT_EQ(cache.index().find(20).rgb, decoded[2].image.rgb);
  EXPECT_EQ(cache.index().find(30).rgb[59], 4);
  EXPECT_EQ(cache.index().find(10).rgb, nullptr);
}

TEST_F(FakedNvjpeg, ThatDoesNotStartSaysSo) {
  test::fake_nvjpeg_start() = NVJPEG_STATUS_ARCH_MISMATCH;
  try {
    const NvjpegDecoder decoder(*device_);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kDevice);
    EXPECT_NE(std::string(e.what()).find("starting nvJPEG on cuda:0 failed: nvJPEG: it was not built for this GPU"),
              std::string::npos)
        << e.what();
  }
}

}  // namespace
}  // namespace penstock::device
