#include "engine/device/upload_ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <latch>
#include <set>

#include "engine/base/error.h"
#include "engine/device/cpu_device.h"
#include "engine/device/sim_device.h"

namespace penstock {
namespace {

using Parts = std::vector<std::span<const std::byte>>;

std::span<const std::byte> bytes_of(const std::vector<int>& values) { return std::as_bytes(std::span(values)); }

TEST(UploadRing, CopiesPartsBehindOneAnotherAndLetsTheSourceGo) {
  const auto device = make_cpu_device();
  UploadRing ring(*device);
  auto first = std::make_shared<std::vector<int>>(std::vector<int>{1, 2}),
       second = std::make_shared<std::vector<int>>(3, 7);
  const std::weak_ptr<std::vector<int>> watch = first;
  const Parts parts = {bytes_of(*first), {}, bytes_of(*second)};
  UploadRing::Place& place = ring.upload(parts, std::move(first));
  place.copied.synchronize();
  const int expected[] = {1, 2, 7, 7, 7};
  EXPECT_EQ(std::memcmp(place.memory.data(), expected, sizeof expected), 0);
  ring.finish();
  EXPECT_TRUE(watch.expired());
}

TEST(UploadRing, CopiesTheNextBatchWhileTheDeviceComputes) {
  const auto device = make_sim_device({.copy_bytes_per_second = 0});
  UploadRing ring(*device);
  const auto compute = device->make_stream();
  const std::vector<int> batch(1000, 3);
  const Parts parts = {bytes_of(batch)};
  std::latch release(1);
  UploadRing::Place& first = ring.upload(parts, nullptr);
  compute->wait(first.copied);
  compute->launch([&] { release.wait(); });
  compute->record(first.used);
  UploadRing::Place& second = ring.upload(parts, nullptr);
  second.copied.synchronize();  // would never come back if copies stood behind steps
  EXPECT_FALSE(first.used.query());
  EXPECT_NE(&first, &second);
  compute->record(second.used);
  release.count_down();
  EXPECT_EQ(&ring.upload(parts, nullptr), &first);  // waits for the step
  EXPECT_EQ(ring.places(), 2u);
}

TEST(UploadRing, GoesFurtherAheadWhereTheDeviceRanDry) {
  const auto device = make_cpu_device();  // every step is done before the next batch comes
  UploadRing ring(*device, 4);
  const auto compute = device->make_stream();
  const std::vector<int> batch(1000, 3);
  const Parts parts = {bytes_of(batch)};
  std::set<const UploadRing::Place*> used;
  for (int i = 0; i < 20; ++i) {
    UploadRing::Place& place = ring.upload(parts, nullptr);
    compute->wait(place.copied);
    compute->record(place.used);
    used.insert(&place);
  }
  EXPECT_EQ(ring.places(), 4u);
  EXPECT_EQ(used.size(), 4u);
}

TEST(UploadRing, IsRefusedByTheDevicesBudget) {
  const auto device = make_sim_device({.memory_bytes = 1000});
  UploadRing ring(*device);
  const std::vector<int> batch(1000);
  const Parts parts = {bytes_of(batch)};
  EXPECT_THROW(ring.upload(parts, nullptr), Error);
}

}  // namespace
}  // namespace penstock
