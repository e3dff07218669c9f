// Lanes that decode, on any device: their batches against those of the CPUs' stages.
#pragma once

#include <vector>

#include "tests/device/feed_run.h"

namespace penstock::device {

using DecodeOnDevice = OnDevice;

/// Every fourth picture is progressive, which no device is given, every fourth is grey.
inline std::vector<std::byte> mixed_jpeg(const image::Picture& picture, uint64_t id) {
  if (id % 4 == 2) {
    std::vector<uint8_t> grey;
    for (size_t i = 0; i < picture.rgb.size(); i += 3) grey.push_back(picture.rgb[i]);
    return image::encode_jpeg({.data = grey.data(), .width = picture.width, .height = picture.height, .channels = 1});
  }
  return image::jpeg_of(picture, {.progressive = id % 4 == 3});
}

/// On a GPU pixels may differ in their last bits, and through colours and erasing by more: there the crop alone is compared.
inline std::vector<AugmentCase> decode_cases(bool is_gpu) {
  std::vector<AugmentCase> cases = augment_cases();
  if (is_gpu) cases.resize(3);
  return cases;
}

class DecodeRun {
 public:
  DecodeRun(Device& device, Stream& stream, const PngSource& source)
      : is_gpu(stream.native_handle() != nullptr), run(device, stream, source) {
    run.most_off = is_gpu ? 12 : 0;
  }
  const bool is_gpu;
  FeedRun run;
};

TEST_P(DecodeOnDevice, GivesTheBatchesOfTheCpus) {
  PngSource source(60, mixed_jpeg);
  source.is_verified = true;
  DecodeRun of(*device_, *stream_, source);
  for (const AugmentCase& each : decode_cases(of.is_gpu)) {
    of.run.share = make_share();
    const std::vector<uint64_t> uploads = of.run.epochs_of(each, std::nullopt);
    const DecodeCounts counts = of.run.share->counts();
    EXPECT_EQ(counts.other_kinds, 3u * 15) << each.name << ": the progressive ones";
    EXPECT_EQ(counts.cpu.records, 3u * 15);
    EXPECT_EQ(counts.given_back, 0u);
    EXPECT_EQ(counts.lanes.records, of.run.decoded);
    EXPECT_GE(counts.lanes.records, 3u * 45) << "and those that are mixed across the cut";
    EXPECT_GE(uploads[0], 15u);
  }
}

TEST_P(DecodeOnDevice, SharesRecordsWithTheCpus) {
  PngSource source(60, mixed_jpeg);
  source.is_verified = true;
  DecodeRun of(*device_, *stream_, source);
  for (const AugmentCase& each : decode_cases(of.is_gpu)) {
    of.run.share = make_share(/*hybrid=*/true);
    of.run.epochs_of(each, std::nullopt);
    const DecodeCounts counts = of.run.share->counts();
    EXPECT_GT(counts.lanes.records, 30u) << each.name;
    EXPECT_GT(counts.cpu.records, 45u + 30) << each.name;
  }
}

TEST_P(DecodeOnDevice, KeepsWhatItDecodes) {
  PngSource source(60, mixed_jpeg);
  source.is_verified = true;
  DecodeRun of(*device_, *stream_, source);
  const AugmentCase each = decode_cases(of.is_gpu).front();
  of.run.share = make_share();
  EXPECT_EQ(of.run.epochs_of(each, bytes_in_cache(source)), std::vector<uint64_t>(3, 0)) << "all are held at once";
  EXPECT_EQ(of.run.decoded, 45u) << "once each";
  EXPECT_EQ(of.run.made, 3u * 60 - 45);

  of.run.share = make_share();
  of.run.epochs_of(each, bytes_in_cache(source) / 2);
  EXPECT_GT(of.run.decoded, 45u) << "in every epoch those that found no room";
  EXPECT_GT(of.run.made, 30u);
}

TEST_P(DecodeOnDevice, WhatIsNotVerifiedIsDecodedOnTheCpusFirst) {
  const PngSource source(20, mixed_jpeg);  // does not remember what was verified
  DecodeRun of(*device_, *stream_, source);
  of.run.share = make_share();
  of.run.epochs_of(decode_cases(of.is_gpu).front(), std::nullopt);
  EXPECT_EQ(of.run.decoded, 0u);
  EXPECT_EQ(of.run.share->counts().not_verified, 3u * 15);
}

}  // namespace penstock::device
