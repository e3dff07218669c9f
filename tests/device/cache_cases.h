// The cache of decoded pictures on any device.
#pragma once

#include <map>
#include <thread>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "stages/device/augment_jobs.h"
#include "stages/device/each.h"
#include "stages/device/image_cache.h"
#include "tests/device/on_device.h"

namespace penstock::device {

using CacheOnDevice = OnDevice;

inline std::vector<uint8_t> cache_picture(uint64_t id, int width, int height) {
  std::vector<uint8_t> rgb(static_cast<size_t>(3 * width * height));
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>(id * 31 + i * 7);
  return rgb;
}

TEST_P(CacheOnDevice, KeepsWhatWasPutAndSaysWhatDidNotFit) {
  DeviceImageCache cache(*device_, 1000);
  std::map<uint64_t, std::vector<uint8_t>> pictures;
  for (const uint64_t id : {5, 900, 17, 2}) {
    const int width = 5 + static_cast<int>(id % 3), height = 11;
    pictures[id] = cache_picture(id, width, height);
    EXPECT_TRUE(cache.put(*stream_, id, pictures[id].data(), width, height)) << id;
  }
  EXPECT_FALSE(cache.put(*stream_, 17, pictures[17].data(), 7, 11)) << "it is there already";
  const auto large = cache_picture(1, 20, 20), small = cache_picture(3, 4, 4);
  EXPECT_FALSE(cache.put(*stream_, 1, large.data(), 20, 20));
  EXPECT_TRUE(cache.put(*stream_, 3, small.data(), 4, 4)) << "a smaller one fits still";
  stream_->synchronize();
  for (const auto& [id, rgb] : pictures) {
    const CachedImage found = cache.find(id);
    ASSERT_NE(found.rgb, nullptr);
    EXPECT_EQ(found.width, 5 + static_cast<int>(id % 3));
    EXPECT_EQ(back<uint8_t>(found.rgb, rgb.size()), rgb);
  }
  EXPECT_EQ(cache.find(1).rgb, nullptr);
  EXPECT_EQ(cache.images(), 5u);
  EXPECT_EQ(cache.left_out(), 1u);
  EXPECT_EQ(cache.left_out_bytes(), 1200u);
  EXPECT_NE(cache.text().find("holds 5 pictures in "), std::string::npos) << cache.text();
  EXPECT_NE(cache.text().find("of 1000 B; 1 (1.17 KiB) did not fit"), std::string::npos) << cache.text();
}

TEST_P(CacheOnDevice, KernelsFindPicturesByRecord) {
  DeviceImageCache cache(*device_, 64_KiB);
  const auto rgb = cache_picture(0, 6, 6);
  for (uint64_t id = 100; id > 0; id -= 2) ASSERT_TRUE(cache.put(*stream_, id, rgb.data(), 6, 6));
  cache.seal(*stream_);
  EXPECT_EQ(cache.index().count, 50);
  std::vector<ImagePlan> plans;
  for (uint64_t id = 0; id < 104; ++id) plans.push_back({.record = id});
  const DeviceBuffer there_plans = there(plans), found = there(std::vector<CachedImage>(plans.size()));
  each(*stream_, static_cast<int64_t>(plans.size()),
       Locate{cache.index(), reinterpret_cast<const ImagePlan*>(there_plans.data()),
              reinterpret_cast<CachedImage*>(const_cast<std::byte*>(found.data()))});
  const auto images = back<CachedImage>(found.data(), plans.size());
  for (uint64_t id = 0; id < images.size(); ++id) EXPECT_EQ(images[id].rgb, cache.find(id).rgb) << id;
  EXPECT_NE(images[100].rgb, nullptr);
  EXPECT_EQ(images[101].rgb, nullptr);
}

TEST_P(CacheOnDevice, AMakerOnTheDeviceWritesInPlace) {
  DeviceImageCache cache(*device_, 100);
  uint8_t* room = cache.place(7, 4, 5);
  ASSERT_NE(room, nullptr);
  EXPECT_EQ(cache.find(7).rgb, room);
  EXPECT_EQ(cache.place(7, 4, 5), nullptr) << "it is there already";
  EXPECT_EQ(cache.place(8, 4, 5), nullptr) << "60 of 100 bytes are taken";
  EXPECT_EQ(cache.left_out(), 1u);
  const auto rgb = cache_picture(7, 4, 5);
  stream_->copy(room, rgb.data(), rgb.size());
  EXPECT_EQ(back<uint8_t>(cache.find(7).rgb, rgb.size()), rgb);
}

TEST_P(CacheOnDevice, AnEmptyOneFindsNothing) {
  DeviceImageCache cache(*device_, 16);
  cache.seal(*stream_);
  EXPECT_EQ(cache.index().count, 0);
  EXPECT_EQ(cache.find(0).rgb, nullptr);
}

TEST_P(CacheOnDevice, ThreadsFillItTogether) {
  DeviceImageCache cache(*device_, 1_MiB);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const auto stream = device_->make_stream();
      std::vector<std::vector<uint8_t>> kept;
      for (uint64_t id = t; id < 200; id += 4) {
        kept.push_back(cache_picture(id, 7, 9));
        EXPECT_TRUE(cache.put(*stream, id, kept.back().data(), 7, 9));
        EXPECT_NE(cache.find(id).rgb, nullptr);
      }
      stream->synchronize();
    });
  for (std::thread& thread : threads) thread.join();
  for (uint64_t id = 0; id < 200; ++id) EXPECT_EQ(back<uint8_t>(cache.find(id).rgb, 189), cache_picture(id, 7, 9));
}

TEST_P(CacheOnDevice, TakesItsRoomFromTheDevicesBudget) {
  const uint64_t before = device_->budgets().used(device_->tier());
  {
    const DeviceImageCache cache(*device_, 1_MiB);
    EXPECT_EQ(device_->budgets().used(device_->tier()), before + 1_MiB);
  }
  EXPECT_EQ(device_->budgets().used(device_->tier()), before);
  if (device_->memory_limit() == 0) return;
  try {
    const DeviceImageCache cache(*device_, device_->memory_limit() + 1);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kMemory);
    EXPECT_NE(std::string(e.what()).find("for image cache"), std::string::npos) << e.what();
  }
}

}  // namespace penstock::device
