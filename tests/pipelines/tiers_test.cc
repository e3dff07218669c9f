// What tiers gave: added up over runs, kept over resumes, in words.
#include "pipelines/stream/tiers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/data/open.h"
#include "io/tier/storage.h"
#include "pipelines/train/totals.h"
#include "tests/support/tiny_photos.h"

namespace penstock {
namespace {

using testing::HasSubstr;
using testing::Not;

TierUse disk() {
  return {.name = "hdd:sda",
          .hits = 60,
          .bytes_needed = 6'000'000,
          .bytes_read = 6'060'000,
          .reads = 30,
          .busy_seconds = 0.05,
          .predicted_bytes_per_second = 150e6,
          .predicted_seconds = 0.04};
}
TierUse ram() { return {.name = "ram", .hits = 40, .misses = 60, .bytes_needed = 4'000'000, .kept = 40}; }

TEST(Tiers, AreAddedByNameAndTheLastSaysWhatIsKept) {
  std::vector<TierUse> sum{disk()};
  TierUse later = disk();
  later.predicted_bytes_per_second = 50e6;
  later.predicted_seconds = 0.12;
  TierUse more = ram();
  more.kept = 70;
  add_tiers(sum, std::vector<TierUse>{ram(), later});
  add_tiers(sum, std::vector<TierUse>{more});
  ASSERT_EQ(sum.size(), 2u);
  EXPECT_EQ(sum[0].hits, 120u);
  EXPECT_EQ(sum[0].bytes_read, 12'120'000u);
  EXPECT_EQ(sum[0].reads, 60u);
  EXPECT_DOUBLE_EQ(sum[0].busy_seconds, 0.1);
  EXPECT_DOUBLE_EQ(sum[0].predicted_seconds, 0.16);
  // The bytes that the model gave of both, over its seconds: (150 * 0.04 + 50 * 0.12) / 0.16.
  EXPECT_DOUBLE_EQ(sum[0].predicted_bytes_per_second, 75e6);
  EXPECT_DOUBLE_EQ(achieved_bytes_per_second(sum[0]), 121.2e6);
  EXPECT_EQ(sum[1].hits, 80u);
  EXPECT_EQ(sum[1].misses, 120u);
  EXPECT_EQ(sum[1].kept, 70u) << "not a sum: how many it holds now";
  EXPECT_EQ(achieved_bytes_per_second(sum[1]), 0) << "there is no device";
}

TEST(Tiers, InWordsSayModelAndLeastMissesWhereThereAreAny) {
  const std::string words = tiers_text(std::vector<TierUse>{disk(), ram()}, 100);
  const std::string first = words.substr(0, words.find('\n')), second = words.substr(first.size() + 1);
  EXPECT_THAT(first, HasSubstr("hdd:sda"));
  EXPECT_THAT(first, HasSubstr("60 records"));
  EXPECT_THAT(first, HasSubstr("in 30 reads"));
  EXPECT_THAT(first, HasSubstr("its model says"));
  EXPECT_THAT(first, Not(HasSubstr("keeps")));
  EXPECT_THAT(second, HasSubstr("; missed 60; keeps 40 of 100, so that 60 misses an epoch are the least"));
  EXPECT_THAT(second, Not(HasSubstr("reads")));
}

TEST(Tiers, OfATrainingAreKeptInItsCheckpoints) {
  train::Totals totals;
  Report report;
  report.records = 100;
  report.tiers = {disk(), ram()};
  totals.add(report);
  const train::Totals back = train::Totals::from_json(totals.to_json());
  ASSERT_EQ(back.tiers.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const TierUse &was = totals.tiers[i], &is = back.tiers[i];
    EXPECT_EQ(is.name, was.name);
    EXPECT_EQ(is.hits, was.hits);
    EXPECT_EQ(is.misses, was.misses);
    EXPECT_EQ(is.bytes_needed, was.bytes_needed);
    EXPECT_EQ(is.bytes_read, was.bytes_read);
    EXPECT_EQ(is.reads, was.reads);
    EXPECT_DOUBLE_EQ(is.busy_seconds, was.busy_seconds);
    EXPECT_DOUBLE_EQ(is.predicted_bytes_per_second, was.predicted_bytes_per_second);
    EXPECT_DOUBLE_EQ(is.predicted_seconds, was.predicted_seconds);
    EXPECT_EQ(is.kept, was.kept);
  }
  EXPECT_THAT(totals.as_report().tiers, testing::SizeIs(2));
}

TEST(Tiers, RecordsThatStagesCheckedAreVerifiedInLaterEpochs) {
  const test::TempFolder folder;
  test::make_photos(folder / "photos", 2, 40);
  const auto data = io::open(folder / "photos");
  const io::Storage storage(*data, {});
  for (uint64_t id = 0; id < 80; ++id) ASSERT_FALSE(storage.verified(id));
  for (const uint64_t id : {0, 3, 63, 64, 79}) storage.note_verified(id);
  for (uint64_t id = 0; id < 80; ++id)
    EXPECT_EQ(storage.verified(id), id == 0 || id == 3 || id == 63 || id == 64 || id == 79) << id;
  EXPECT_FALSE(data->verified(3)) << "the data set says what was packed";
}

}  // namespace
}  // namespace penstock
