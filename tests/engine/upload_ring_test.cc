#include "engine/device/upload_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <latch>
#include <set>

#include "engine/base/error.h"
#include "engine/device/cpu_device.h"
#include "engine/device/sim_device.h"
#include "tests/support/fake_clock.h"

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
  const Event used = first.used_by(*compute);
  UploadRing::Place& second = ring.upload(parts, nullptr);
  second.copied.synchronize();  // would never come back if copies stood behind steps
  EXPECT_FALSE(used.query());
  EXPECT_FALSE(first.is_done());
  EXPECT_NE(&first, &second);
  second.used_by(*compute);
  release.count_down();
  EXPECT_EQ(&ring.upload(parts, nullptr), &first);  // waits for the step
  EXPECT_EQ(ring.places(), 2u);
}

// Batches that come four at once and then not for 3.5 steps, to a device whose steps take 1 ms and its copies nothing.
struct Bursts {
  static constexpr int kBursts = 10, kEach = 4;
  static constexpr int64_t kStep = 1'000'000, kPause = 3'500'000;

  explicit Bursts(size_t most) : most_(most) {}

  /// How long the device stood without work between its first step and its last.
  int64_t idle_ns() {
    const auto device =
        make_sim_device({.copy_bytes_per_second = 0, .launch_ns = kStep, .count_real_work = false}, clock_);
    UploadRing ring(*device, most_);
    const auto compute = device->make_stream();
    {
      const test::FakeClock::Running running(clock_);
      for (int burst = 0; burst < kBursts; ++burst) {
        for (int i = 0; i < kEach; ++i) step(ring, *compute);
        if (burst + 1 < kBursts) clock_.sleep_until_ns(clock_.now_ns() + kPause);
      }
      const test::FakeClock::Idle idle(clock_);
      compute->synchronize();
    }
    places_ = ring.places();
    return clock_.now_ns() - compute->busy_ns();
  }
  size_t places() const { return places_; }

 private:
  void step(UploadRing& ring, Stream& compute) {
    // By the clock the place is free then, so that upload() waits for no time to pass.
    if (ends_.size() >= ring.places()) clock_.sleep_until_ns(ends_[ends_.size() - ring.places()]);
    for (size_t i = 0; i < ends_.size(); ++i)
      if (ends_[i] <= clock_.now_ns()) used_[i].synchronize();
    const Parts parts = {bytes_of(batch_)};
    UploadRing::Place& place = ring.upload(parts, nullptr);
    compute.wait(place.copied);
    compute.launch([] {});
    used_.push_back(place.used_by(compute));
    ends_.push_back(std::max(clock_.now_ns(), ends_.empty() ? 0 : ends_.back()) + kStep);
  }

  const size_t most_;
  const std::vector<int> batch_ = std::vector<int>(1000, 3);
  test::FakeClock clock_;
  std::vector<Event> used_;
  std::vector<int64_t> ends_;  ///< of the steps, by what Bursts says of the device
  size_t places_ = 0;
};

TEST(UploadRing, GoesFurtherAheadWhereTheDeviceRanDry) {
  // Two places hold two steps of work, and each pause but the last takes 1.5 steps more.
  Bursts two(2);
  EXPECT_EQ(two.idle_ns(), (Bursts::kBursts - 1) * 1'500'000);
  EXPECT_EQ(two.places(), 2u);
  // Of three the first pause is as long, and later ones take 0.5 steps more than there is work; that it has run dry again brings the fourth.
  Bursts three(3);
  EXPECT_EQ(three.idle_ns(), 1'500'000 + (Bursts::kBursts - 2) * 500'000);
  Bursts four(4);
  EXPECT_EQ(four.idle_ns(), 1'500'000 + 500'000);
  EXPECT_EQ(four.places(), 4u);
}

TEST(UploadRing, StaysAsLargeAsTheDeviceHasMemoryFor) {
  const auto device = make_cpu_device(210 << 10);  // every step is done before the next batch comes
  const auto others = device->allocate(100 << 10, "weights");
  UploadRing ring(*device, 4);
  const std::vector<int> batch((48 << 10) / sizeof(int), 3);
  const Parts parts = {bytes_of(batch)};
  std::set<const UploadRing::Place*> used;
  const auto compute = device->make_stream();
  for (int i = 0; i < 20; ++i) {
    UploadRing::Place& place = ring.upload(parts, nullptr);
    place.used_by(*compute);
    used.insert(&place);
  }
  EXPECT_EQ(ring.places(), 2u);
  EXPECT_EQ(used.size(), 2u);
}

TEST(UploadRing, GivesBackWhatItHasGrownByWhereBatchesBecomeLarger) {
  const auto device = make_cpu_device(4000);
  UploadRing ring(*device, 4);
  const std::vector<int> small(250, 3), large(500, 5);
  const auto compute = device->make_stream();
  for (int i = 0; i < 20; ++i) ring.upload(Parts{bytes_of(small)}, nullptr).used_by(*compute);
  EXPECT_EQ(ring.places(), 4u);
  for (int i = 0; i < 20; ++i) {
    UploadRing::Place& place = ring.upload(Parts{bytes_of(large)}, nullptr);
    place.copied.synchronize();
    ASSERT_EQ(std::memcmp(place.memory.data(), large.data(), 2000), 0);
    place.used_by(*compute);
  }
  EXPECT_EQ(ring.places(), 2u);
}

TEST(UploadRing, WhatIsBroughtUpAheadStaysUntilItIsUsed) {
  const auto device = make_cpu_device(4000);
  const auto compute = device->make_stream();
  UploadRing ring(*device, 4);
  const std::vector<int> small(250, 3), large(500, 5);
  for (int i = 0; i < 4; ++i) ring.upload(Parts{bytes_of(small)}, nullptr).used_by(*compute);
  ASSERT_EQ(ring.places(), 4u);
  UploadRing::Place& ahead = ring.upload(Parts{bytes_of(small)}, nullptr);
  EXPECT_FALSE(ahead.is_done());
  for (int i = 0; i < 2; ++i) ring.upload(Parts{bytes_of(small)}, nullptr).used_by(*compute);
  // The fourth place is to become larger: the memory that is left is the one ahead's.
  EXPECT_THROW(ring.upload(Parts{bytes_of(large)}, nullptr), Error);
  EXPECT_EQ(std::memcmp(ahead.memory.data(), small.data(), 1000), 0);
  ahead.give_back();
  EXPECT_NO_THROW(ring.upload(Parts{bytes_of(large)}, nullptr).used_by(*compute));
}

TEST(UploadRing, IsRefusedByTheDevicesBudget) {
  const auto device = make_cpu_device(1000);
  UploadRing ring(*device);
  const std::vector<int> fits(100), batch(500);
  ring.upload(Parts{bytes_of(fits)}, nullptr);
  try {
    ring.upload(Parts{bytes_of(batch)}, nullptr);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kMemory);
    EXPECT_NE(error.message().find("1.95 KiB wanted for uploaded batches"), std::string::npos) << error.what();
    EXPECT_NE(error.message().find("the largest: uploaded batches 400 B"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace penstock
