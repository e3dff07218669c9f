// Normalising on any device, held to the plain formula.
#pragma once

#include <cmath>

#include "engine/base/error.h"
#include "stages/device/normalise.h"
#include "stages/device/rounding.h"
#include "tests/device/on_device.h"

namespace penstock::device {

using NormaliseOnDevice = OnDevice;

struct NormaliseCase {
  int64_t count, height, width;
  int channels;
  int64_t skip = 0;  ///< values that images and out begin behind an aligned place
};

inline std::vector<uint8_t> all_values(int64_t count) {
  std::vector<uint8_t> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint8_t>(i * 167 + (i >> 8) * 13);
  return values;
}

// The formula, a value after the other, in the order of `out`.
inline std::vector<float> plain(const Normalise& job, const std::vector<uint8_t>& images) {
  std::vector<float> out(static_cast<size_t>(job.count * job.height * job.width * job.channels));
  const int64_t plane = job.height * job.width;
  for (int64_t n = 0; n < job.count; ++n)
    for (int64_t p = 0; p < plane; ++p)
      for (int c = 0; c < job.channels; ++c) {
        const auto k = static_cast<size_t>(c);
        const float v = images[static_cast<size_t>((n * plane + p) * job.channels + c)];
        const int64_t at = job.channels_last ? (n * plane + p) * job.channels + c : (n * job.channels + c) * plane + p;
        out[static_cast<size_t>(at)] = (v / 255.0f - job.mean[k]) / job.std[k];
      }
  return out;
}

TEST_P(NormaliseOnDevice, GivesTheFormulasBitsInEveryTypeLayoutAndSize) {
  const NormaliseCase cases[] = {{2, 16, 16, 3}, {3, 5, 7, 3}, {1, 1, 1, 3},     {2, 12, 10, 1},   {2, 9, 3, 1},
                                 {2, 8, 8, 4},   {1, 3, 5, 2}, {2, 16, 8, 3, 1}, {2, 224, 224, 3}, {0, 8, 8, 3}};
  for (const NormaliseCase& of : cases)
    for (const DType type : {DType::kF32, DType::kF16, DType::kBF16})
      for (const bool channels_last : {false, true}) {
        const int64_t count = of.count * of.height * of.width * of.channels;
        const auto images = all_values(count + of.skip);
        const std::vector<uint8_t> of_interest(images.begin() + of.skip, images.end());
        const size_t each = type == DType::kF32 ? 4 : 2;
        const DeviceBuffer in = there(images);
        DeviceBuffer out = device_->allocate(static_cast<uint64_t>(count + of.skip + 16) * each, "test");
        const Normalise job{.images = reinterpret_cast<const uint8_t*>(in.data()) + of.skip,
                            .out = out.data() + static_cast<size_t>(of.skip) * each,
                            .count = of.count,
                            .height = of.height,
                            .width = of.width,
                            .channels = of.channels,
                            .type = type,
                            .channels_last = channels_last,
                            .mean = {0.485f, 0.456f, 0.406f, 0.1f},
                            .std = {0.229f, 0.224f, 0.225f, 3.7f}};
        const std::vector<uint8_t> guard(16, 0xa5);
        stream_->copy(static_cast<std::byte*>(job.out) + static_cast<size_t>(count) * each, guard.data(), guard.size());
        normalise(*stream_, job);
        const auto wanted = plain(job, of_interest);
        const std::string what = std::to_string(of.count) + "x" + std::to_string(of.height) + "x" +
                                 std::to_string(of.width) + "x" + std::to_string(of.channels) + " " +
                                 std::string(name_of(type)) + (channels_last ? " channels-last" : " planes");
        if (type == DType::kF32) {
          const auto bits = back<uint32_t>(job.out, static_cast<size_t>(count));
          for (size_t i = 0; i < bits.size(); ++i)
            ASSERT_EQ(bits[i], std::bit_cast<uint32_t>(wanted[i])) << what << " " << i;
        } else {
          const auto bits = back<uint16_t>(job.out, static_cast<size_t>(count));
          for (size_t i = 0; i < bits.size(); ++i)
            ASSERT_EQ(bits[i], type == DType::kF16 ? f16_bits(wanted[i]) : bf16_bits(wanted[i])) << what << " " << i;
        }
        EXPECT_EQ(back<uint8_t>(static_cast<std::byte*>(job.out) + static_cast<size_t>(count) * each, 16), guard)
            << what;
      }
}

TEST_P(NormaliseOnDevice, RefusesWhatItCannotDo) {
  const auto refused = [&](Normalise job, const std::string& words) {
    try {
      normalise(*stream_, job);
      ADD_FAILURE() << "was done: " << words;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::kUsage);
      EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
    }
  };
  refused({.type = DType::kI64}, "not i64");
  refused({.channels = 5}, "these have 5");
  refused({.std = {1, 0, 1}}, "above 0");
}

}  // namespace penstock::device
