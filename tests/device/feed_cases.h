// Batches put together on a device, from pictures it holds and from pixels of the CPUs, against the batches of the CPUs alone.
#pragma once

#include "tests/device/feed_run.h"

namespace penstock::device {

using FeedOnDevice = OnDevice;

TEST_P(FeedOnDevice, GivesTheBatchesOfTheCpusAndUploadsWhatIsNotHeld) {
  const PngSource source(60);
  FeedRun run(*device_, *stream_, source);
  for (const AugmentCase& of : augment_cases()) {
    const std::vector<uint64_t> uploads = run.epochs_of(of, bytes_in_cache(source));
    EXPECT_EQ(uploads, std::vector<uint64_t>(3, 0)) << of.name << ": decoded whole, and held at once";
    EXPECT_FALSE(run.held->is_full());
  }
}

TEST_P(FeedOnDevice, MixesHeldRecordsWithOthersInBatchOrder) {
  const PngSource source(60);
  FeedRun run(*device_, *stream_, source);
  for (const AugmentCase& of : augment_cases()) {
    const std::vector<uint64_t> uploads = run.epochs_of(of, bytes_in_cache(source) / 2);
    for (const uint64_t uploaded : uploads) EXPECT_GT(uploaded, 0u) << of.name;
    EXPECT_GT(run.made, 60u) << of.name;
    EXPECT_NE(run.text.find("there is no room for the others"), std::string::npos) << run.text;
  }
}

TEST_P(FeedOnDevice, MixesTheFirstOfAShareWithTheLastOfTheShareBefore) {
  const PngSource source(60);
  FeedRun run(*device_, *stream_, source);
  const std::vector<AugmentCase> cases = augment_cases();
  const auto mixes = std::ranges::find(cases, "all", &AugmentCase::name);
  ASSERT_NE(mixes, cases.end());
  for (const uint64_t share : {1, 2})
    for (const uint32_t ranks : {2u, 3u})
      for (uint32_t rank = 0; rank < ranks; ++rank) run.epochs_of(*mixes, bytes_in_cache(source) / share, rank, ranks);
}

TEST_P(FeedOnDevice, WithHardlyAnyRoomNearlyAllIsUploaded) {
  const PngSource source(20);
  FeedRun run(*device_, *stream_, source);
  EXPECT_EQ(run.epochs_of(augment_cases().front(), 1), std::vector<uint64_t>(3, 19)) << "record 0 is a single pixel";
  EXPECT_EQ(run.made, 3u);
}

}  // namespace penstock::device
