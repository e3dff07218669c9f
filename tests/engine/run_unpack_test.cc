// Sources whose reading computes: brought on I/O threads, read on compute threads.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "tests/engine/run_world.h"

namespace penstock {
namespace {

using test::MemorySource;

/// A memory source whose reader refuses to read what was not brought before, or on a thread that brings.
class UnpackingSource final : public Source {
 public:
  explicit UnpackingSource(const MemorySource& data) : data_(data) {}
  const Schema& schema() const override { return data_.schema(); }
  uint64_t size() const override { return data_.size(); }
  uint64_t fingerprint() const override { return data_.fingerprint(); }
  uint64_t record_bytes(uint64_t id) const override { return data_.record_bytes(id); }
  uint64_t max_record_bytes() const override { return data_.max_record_bytes(); }
  void read(std::span<const uint64_t> ids, Intake& out) const override { data_.read(ids, out); }
  bool waits() const override { return true; }
  std::string_view unpacks() const override { return "test.unpack"; }
  Location locate(uint64_t id) const override { return data_.locate(id); }
  std::unique_ptr<Reader> start(const Journey&, Budgets&) const override { return std::make_unique<Unpacking>(*this); }

  mutable std::atomic<uint64_t> brought{0}, unpacked{0}, replaced{0};

 private:
  class Unpacking final : public Reader {
   public:
    explicit Unpacking(const UnpackingSource& source) : source_(source) {}
    void bring(const Asked& asked) override {
      const std::lock_guard lock(mutex_);
      bringers_.insert(std::this_thread::get_id());
      for (const uint64_t position : asked.positions) there_.insert({asked.epoch, position, asked.attempt});
      source_.brought += asked.ids.size();
    }
    void read(const Asked& asked, Intake& out) override {
      {
        const std::lock_guard lock(mutex_);
        EXPECT_FALSE(bringers_.contains(std::this_thread::get_id()));
        for (const uint64_t position : asked.positions)
          EXPECT_EQ(there_.erase({asked.epoch, position, asked.attempt}), 1u);
      }
      source_.unpacked += asked.ids.size();
      if (asked.attempt > 0) source_.replaced += asked.ids.size();
      source_.data_.read(asked.ids, out);
    }

   private:
    const UnpackingSource& source_;
    std::mutex mutex_;
    std::set<std::thread::id> bringers_;
    std::set<std::tuple<uint64_t, uint64_t, uint32_t>> there_;
  };

  const MemorySource& data_;
};

}  // namespace

TEST(RunUnpack, BringsOnIoThreadsAndReadsOnComputeThreadsWithTheSameBytes) {
  const MemorySource data(200, true);
  const UnpackingSource unpacking(data);
  for (const unsigned threads : {1u, 3u}) {
    const RunOptions options{.seed = 3, .order = Order::kFull, .batch = 16, .epochs = 2};
    const test::Seen plain = test::run_all(data, test::forked(), options, threads);
    const test::Seen seen = test::run_all(unpacking, test::forked(), options, threads);
    EXPECT_EQ(seen.ids, plain.ids);
    EXPECT_EQ(seen.bytes, plain.bytes);
  }
  EXPECT_EQ(unpacking.brought, unpacking.unpacked);
  EXPECT_GE(unpacking.unpacked, 2 * 2 * 12 * 16u);
}

TEST(RunUnpack, ReportsTheTimeUnderTheSourcesName) {
  const MemorySource data(64, true);
  const UnpackingSource unpacking(data);
  auto run = test::start(test::forked().bind(data.schema(), test::registry()), unpacking, {.batch = 16});
  test::drain(run);
  const Report report = run.report();
  ASSERT_GE(report.stages.size(), 2u);
  EXPECT_EQ(report.stages[0].name, "read");
  EXPECT_EQ(report.stages[1].name, "test.unpack");
  EXPECT_EQ(report.stages[1].records, 64u);
  EXPECT_GT(report.stages[1].busy_seconds, 0);
}

TEST(RunUnpack, ReplacementsAreBroughtToo) {
  MemorySource data(100, true);
  data.bad = {7, 40};
  const UnpackingSource unpacking(data);
  const RunOptions options{
      .seed = 5, .order = Order::kFull, .batch = 10, .faults = {.on_fault = OnFault::kReplace, .budget = 50}};
  const test::Seen plain = test::run_all(data, test::forked(), options, 2);
  const test::Seen seen = test::run_all(unpacking, test::forked(), options, 2);
  EXPECT_EQ(seen.ids, plain.ids);
  EXPECT_EQ(seen.bytes, plain.bytes);
  EXPECT_GE(unpacking.replaced, 2u);
}

}  // namespace penstock
