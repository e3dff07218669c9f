// Mixup and cutmix: pixels and labels of a batch against the plain formula.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/graph/graph_spec.h"
#include "stages/image/augment/mix.h"
#include "tests/image/pixel_source.h"
#include "tests/image/targets.h"

namespace penstock::image::augment {
namespace {

constexpr int kWidth = 21, kHeight = 10;
const PixelSource kSource(103, kWidth, kHeight,
                          [](uint64_t id, std::size_t i) { return static_cast<std::uint8_t>(id * 37 + i * 11); });
const RunOptions kOptions{.seed = 5, .last = Last::kKeep, .batch = 12, .epochs = 3};

// The picture mixed into record i of a batch, as the source made it.
std::vector<std::uint8_t> neighbour(const SeenBatch& batch, std::size_t i) {
  return kSource.pixels(batch.ids[(i + batch.ids.size() - 1) % batch.ids.size()]);
}

void expect_labels(const SeenBatch& batch) {
  const std::size_t n = batch.ids.size();
  ASSERT_EQ(batch.labels_b.size(), n);
  ASSERT_EQ(batch.shares.size(), n);
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_EQ(batch.labels[i], static_cast<int64_t>(batch.ids[i]));
    EXPECT_EQ(batch.shares[i], batch.shares[0]);
    EXPECT_EQ(batch.labels_b[i], static_cast<int64_t>(batch.ids[n == 1 ? i : (i + n - 1) % n]));
  }
}

TEST(Mixup, BlendsEachPictureWithTheOneBeforeIt) {
  std::set<float> shares;
  const auto batches = run_over(kSource, GraphSpec{}.add("image.mixup", {{"alpha", 1.0}}), kOptions);
  ASSERT_EQ(batches.size(), 27u);
  for (const SeenBatch& batch : batches) {
    expect_labels(batch);
    const double share = batch.shares[0];
    shares.insert(batch.shares[0]);
    for (std::size_t i = 0; i < batch.ids.size(); ++i) {
      const auto first = kSource.pixels(batch.ids[i]), second = neighbour(batch, i);
      for (std::size_t k = 0; k < first.size(); ++k)
        ASSERT_EQ(batch.pixels[i][k], std::floor(share * first[k] + (1 - share) * second[k] + 0.5));
    }
  }
  EXPECT_GT(shares.size(), 15u);
}

TEST(Cutmix, PutsOneRectangleOfThePictureBeforeIntoEach) {
  std::set<float> shares;
  for (const SeenBatch& batch : run_over(kSource, GraphSpec{}.add("image.cutmix"), kOptions)) {
    expect_labels(batch);
    shares.insert(batch.shares[0]);
    std::set<std::size_t> part;  // pixels that came from the neighbour; the same of all records
    for (std::size_t i = 0; i < batch.ids.size(); ++i) {
      const auto first = kSource.pixels(batch.ids[i]), second = neighbour(batch, i);
      std::set<std::size_t> here;
      for (std::size_t k = 0; k < first.size(); ++k) {
        ASSERT_TRUE(batch.pixels[i][k] == first[k] || batch.pixels[i][k] == second[k]);
        if (batch.pixels[i][k] != first[k]) here.insert(k / 3);
      }
      if (batch.ids.size() == 1) continue;
      if (i == 0) part = here;
      EXPECT_EQ(here, part);
    }
    if (batch.ids.size() == 1) continue;
    EXPECT_FLOAT_EQ(batch.shares[0], 1 - static_cast<float>(part.size()) / (kWidth * kHeight));
    if (part.empty()) continue;
    const std::size_t top = *part.begin() / kWidth, bottom = *part.rbegin() / kWidth;
    const std::size_t left = *part.begin() % kWidth, right = *part.rbegin() % kWidth;
    EXPECT_EQ(part.size(), (bottom - top + 1) * (right - left + 1)) << "a rectangle";
  }
  EXPECT_GT(shares.size(), 15u);
}

TEST(Mixing, ASecondStageLeavesMixedBatchesAlone) {
  const GraphSpec both = GraphSpec{}.add("image.mixup", {{"p", 0.5}}).add("image.cutmix");
  const auto mixup = run_over(kSource, GraphSpec{}.add("image.mixup", {{"p", 0.5}}), kOptions);
  const auto cutmix = run_over(kSource, GraphSpec{}.add("image.cutmix"), kOptions);
  const auto mixed = run_over(kSource, both, kOptions);
  int by_mixup = 0;
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    const bool first = mixup[i].shares[0] != 1;
    by_mixup += first;
    const SeenBatch& wanted = first ? mixup[i] : cutmix[i];
    EXPECT_EQ(mixed[i].pixels, wanted.pixels);
    EXPECT_EQ(mixed[i].labels_b, wanted.labels_b);
    EXPECT_EQ(mixed[i].shares, wanted.shares);
  }
  EXPECT_THAT(by_mixup, testing::AllOf(testing::Ge(5), testing::Le(22)));
}

// The shares of all ranks, put together again.
std::vector<SeenBatch> run_over_ranks(std::uint32_t ranks, const GraphSpec& spec, RunOptions options) {
  std::vector<SeenBatch> all;
  options.ranks = ranks;
  for (options.rank = 0; options.rank < ranks; ++options.rank) {
    const std::vector<SeenBatch> shares = run_over(kSource, spec, options);
    all.resize(shares.size());
    for (std::size_t b = 0; b < shares.size(); ++b) {
      const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
      append(all[b].ids, shares[b].ids);
      append(all[b].pixels, shares[b].pixels);
      append(all[b].labels, shares[b].labels);
      append(all[b].labels_b, shares[b].labels_b);
      append(all[b].shares, shares[b].shares);
    }
  }
  return all;
}

TEST(Mixing, GivesTheSameBytesForAnyNumberOfRanks) {
  const GraphSpec specs[] = {GraphSpec{}.add("image.mixup", {{"alpha", 1.0}}), GraphSpec{}.add("image.cutmix"),
                             GraphSpec{}.add("image.mixup", {{"p", 0.5}}).add("image.cutmix")};
  for (const GraphSpec& spec : specs)
    for (const Last last : {Last::kKeep, Last::kWrap}) {  // of kKeep the last batch has 7 records
      RunOptions options = kOptions;
      options.last = last;
      options.order = Order::kFull;
      const auto one = run_over(kSource, spec, options);
      for (const std::uint32_t ranks : {2u, 3u, 12u}) {  // of 12 a share is one record, or none
        const auto many = run_over_ranks(ranks, spec, options);
        ASSERT_EQ(many.size(), one.size());
        for (std::size_t b = 0; b < one.size(); ++b) {
          EXPECT_EQ(many[b].ids, one[b].ids);
          EXPECT_EQ(many[b].shares, one[b].shares) << ranks << " ranks, batch " << b;
          EXPECT_EQ(many[b].labels_b, one[b].labels_b) << ranks << " ranks, batch " << b;
          EXPECT_TRUE(many[b].pixels == one[b].pixels) << ranks << " ranks, batch " << b;
        }
      }
    }
}

TEST(Mixing, ABatchLeftAloneSaysSo) {
  for (const char* name : {"image.mixup", "image.cutmix"})
    for (const SeenBatch& batch : run_over(kSource, GraphSpec{}.add(name, {{"p", 0.0}}), kOptions))
      for (std::size_t i = 0; i < batch.ids.size(); ++i) {
        EXPECT_EQ(batch.pixels[i], kSource.pixels(batch.ids[i]));
        EXPECT_EQ(batch.labels_b[i], batch.labels[i]);
        EXPECT_EQ(batch.shares[i], 1.0f);
      }
}

TEST(Mixing, RefusesFieldsOfOtherMeaning) {
  StageRegistry registry;
  register_image_stages(registry);
  const Field pixels = Field::fixed("pixels", DType::kU8, {4, 4, 3}), label = Field::fixed("label", DType::kI64);
  const auto stage = registry.require("image.mixup").make({}, "it");
  EXPECT_THROW(stage->bind(Schema{pixels, label, Field::fixed("mix", DType::kF32)}), Error);
  EXPECT_THROW(stage->bind(Schema{pixels, Field::fixed("label", DType::kI64, {2})}), Error);
  EXPECT_THROW(
      stage->bind(Schema{pixels, label, Field::fixed("mix", DType::kF64), Field::fixed("label_b", DType::kI64)}),
      Error);
}

TEST(MixValues, GiveTheSameOnEveryTarget) {
  on_every_target([] {
    for (const std::size_t count : {0, 1, 15, 64, 201})
      for (const int weight : {0, 1, 77, 128, 255, 256}) {
        std::vector<std::uint8_t> a(count), b(count), wanted(count);
        for (std::size_t i = 0; i < count; ++i) {
          a[i] = static_cast<std::uint8_t>(255 - i * 3);
          b[i] = static_cast<std::uint8_t>(i * 91);
          wanted[i] = static_cast<std::uint8_t>((a[i] * weight + b[i] * (256 - weight) + 128) / 256);
        }
        mix_values(a.data(), b.data(), count, weight);
        ASSERT_EQ(a, wanted) << count << " " << weight;
      }
  });
}

TEST(DrawBeta, HasTheMomentsOfTheDistribution) {
  for (const double alpha : {0.05, 0.2, 1.0, 4.0}) {
    Draws draws(1, 2, 3, 4);
    constexpr int kCount = 20000;
    double sum = 0, squares = 0;
    for (int i = 0; i < kCount; ++i) {
      const double x = draw_beta(draws, alpha);
      ASSERT_TRUE(x >= 0 && x <= 1);
      sum += x;
      squares += (x - 0.5) * (x - 0.5);
    }
    const double variance = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(sum / kCount, 0.5, 4 * std::sqrt(variance / kCount)) << alpha;
    EXPECT_NEAR(squares / kCount, variance, 0.04 * variance) << alpha;
  }
}

}  // namespace
}  // namespace penstock::image::augment
