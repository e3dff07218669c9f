#include "tests/device/decode_cases.h"

#include "engine/base/error.h"
#include "engine/device/sim_device.h"
#include "stages/image/picture_decoder.h"

namespace penstock::device {
namespace {

INSTANTIATE_TEST_SUITE_P(Here, DecodeOnDevice, testing::Values("cpu", "sim:0"), device_word);

TEST(TwinDecoder, SaysWhatIsWrongWithOneAndDecodesTheOthers) {
  const auto device = make_sim_device();
  const auto stream = device->make_stream();
  const auto decoder = make_device_decoder(*device);
  EXPECT_EQ(decoder->name(), "libjpeg-turbo");
  const image::Picture picture = image::made_picture(40, 30);
  const std::vector<std::byte> good = image::jpeg_of(picture), cut(good.begin(), good.end() - 40), none;
  const std::vector<image::Bytes> batch = {good, none, cut, good, good};
  std::vector<std::vector<uint8_t>> rooms(4, std::vector<uint8_t>(picture.rgb.size()));
  const auto decoded = decoder->decode(
      *stream, batch, [&](size_t i, int, int) -> uint8_t* { return i < 4 ? rooms[i].data() : nullptr; });
  image::PictureDecoder plain;
  image::Picture wanted;
  ASSERT_FALSE(decode_whole(plain, good, wanted));
  for (const size_t i : {0u, 3u}) {
    EXPECT_FALSE(decoded[i].fault) << decoded[i].fault.text();
    EXPECT_EQ(decoded[i].image.rgb, rooms[i].data());
    EXPECT_EQ(rooms[i], wanted.rgb);
  }
  EXPECT_EQ(decoded[1].fault.kind, image::FaultKind::kEmpty);
  EXPECT_EQ(decoded[2].fault.kind, image::FaultKind::kTruncated);
  EXPECT_EQ(decoded[2].image.rgb, nullptr);
  EXPECT_EQ(decoded[4].fault.kind, image::FaultKind::kTooLarge);
}

TEST(LaneDecoder, NamesARecordThatWasDamagedSinceItWasVerified) {
  PngSource source(8, [](const image::Picture& picture, uint64_t) { return image::jpeg_of(picture); });
  source.is_verified = true;
  source.encoded[5].resize(source.encoded[5].size() - 40);
  const auto device = make_sim_device();
  const auto stream = device->make_stream();
  FeedRun run(*device, *stream, source);
  run.share = make_share();
  try {
    run.epochs_of(augment_cases().front(), std::nullopt);
    FAIL() << "the CPUs' stages decode no more than the crop of a verified record, the lanes all of it";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kData);
    EXPECT_NE(std::string(e.what()).find("record 5 was verified, and is damaged now: truncated"), std::string::npos)
        << e.what();
  }
}

TEST(HeldPictures, KeepWhatOneLaneDecodesOnAllDevices) {
  const auto first = make_sim_device({.index = 0}), second = make_sim_device({.index = 1});
  const auto held = make_held();
  held->join(*first, 400);
  held->join(*second, 400);
  const auto stream = first->make_stream();
  DeviceBuffer there = first->allocate(3 * 192, "test");
  std::vector<uint8_t> pixels(3 * 192);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i / 192 + 1);
  stream->copy(there.data(), pixels.data(), pixels.size());
  const auto* rgb = reinterpret_cast<const uint8_t*>(there.data());
  const std::vector<uint64_t> ids = {7, 8, 9};
  const std::vector<CachedImage> images = {{rgb, 8, 8}, {rgb + 192, 8, 8}, {rgb + 384, 8, 8}};
  held->keep_decoded(*stream, ids, images);
  held->keep_decoded(*stream, ids, images);  // by another lane, which had them in its batch as well
  EXPECT_EQ(held->pictures(), 2u) << "the third finds no room";
  EXPECT_TRUE(held->is_full());
  for (size_t lane = 0; lane < 2; ++lane) {
    const auto reader = (lane == 0 ? first : second)->make_stream();
    held->wait(lane, *reader);
    std::vector<uint8_t> back(192);
    reader->copy(back.data(), held->find(lane, 8).rgb, back.size());
    reader->synchronize();
    EXPECT_EQ(back, std::vector<uint8_t>(192, 2));
  }
  EXPECT_FALSE(held->holds(9));
}

}  // namespace
}  // namespace penstock::device
