#include "tools/synth/image_set.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "engine/base/error.h"
#include "tools/synth/scene.h"
#include "tools/synth/shape.h"

namespace penstock::synth {
namespace {
namespace fs = std::filesystem;

class ImageSet : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "synth-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Relative path -> bytes of every file.
  static std::map<std::string, std::string> contents(const fs::path& root) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      files[fs::relative(entry.path(), root).string()] = {std::istreambuf_iterator<char>(in), {}};
    }
    return files;
  }

  static SetResult make(const fs::path& dest, SetOptions options) {
    options.classes = 3;
    options.train = 4;
    options.val = 2;
    options.min_side = 40;
    options.max_side = 70;
    return make_set(dest, options, [](auto, auto) {});
  }

  fs::path folder_;
};

TEST_F(ImageSet, IsTheSameForAnyNumberOfThreads) {
  make(folder_ / "one", {.threads = 1});
  make(folder_ / "three", {.threads = 3});
  EXPECT_EQ(contents(folder_ / "one"), contents(folder_ / "three"));
}

TEST_F(ImageSet, HoldsTheAskedNumberOfDifferentJpegs) {
  const SetResult result = make(folder_ / "set", {});
  EXPECT_EQ(result.pictures, 3 * 6);
  std::set<std::string> different;
  int train = 0, val = 0;
  for (const auto& [name, bytes] : contents(folder_ / "set")) {
    if (!name.ends_with(".jpg")) continue;
    EXPECT_TRUE(bytes.starts_with("\xff\xd8\xff")) << name;
    different.insert(bytes);
    (name.starts_with("train/") ? train : val) += 1;
  }
  EXPECT_EQ(train, 12);
  EXPECT_EQ(val, 6);
  EXPECT_EQ(different.size(), 18u);
}

TEST_F(ImageSet, AnotherSeedMakesOtherPictures) {
  make(folder_ / "one", {.seed = 1});
  make(folder_ / "two", {.seed = 2});
  auto one = contents(folder_ / "one"), two = contents(folder_ / "two");
  EXPECT_NE(one["train/bars/bars_00000.jpg"], two["train/bars/bars_00000.jpg"]);
}

TEST_F(ImageSet, LeavesTheSameSetAloneAndRefusesAnotherOne) {
  make(folder_ / "set", {});
  EXPECT_TRUE(make(folder_ / "set", {}).was_there);
  EXPECT_THROW(make(folder_ / "set", {.seed = 5}), Error);
  fs::create_directory(folder_ / "foreign");
  EXPECT_THROW(make(folder_ / "foreign", {}), Error);
}

TEST_F(ImageSet, BeginsAgainAfterAStartThatWasKilled) {
  fs::create_directories(folder_ / "set.partial" / "train" / "strange");
  make(folder_ / "set", {});
  EXPECT_FALSE(fs::exists(folder_ / "set.partial"));
  EXPECT_FALSE(fs::exists(folder_ / "set" / "train" / "strange"));
}

TEST_F(ImageSet, RefusesOptionsOutOfRange) {
  const auto nothing = [](auto, auto) {};
  EXPECT_THROW(make_set(folder_ / "set", {.classes = 11}, nothing), Error);
  EXPECT_THROW(make_set(folder_ / "set", {.train = 0}, nothing), Error);
  EXPECT_THROW(make_set(folder_ / "set", {.min_side = 600, .max_side = 300}, nothing), Error);
  EXPECT_FALSE(fs::exists(folder_ / "set"));
}

// A set whose classes the mean colour tells apart would show nothing about a network.
TEST(Scene, MeanColourDoesNotTellTheClass) {
  constexpr int kEach = 40;
  using Mean = std::array<double, 3>;
  const auto mean_of = [](int shape, int index) {
    Dice dice{7, static_cast<std::uint64_t>(shape), static_cast<std::uint64_t>(index)};
    const Scene scene = draw_scene(shape, 64, 64, dice);
    Mean mean{};
    for (std::size_t i = 0; i < scene.rgb.size(); ++i) mean[i % 3] += scene.rgb[i];
    for (double& channel : mean) channel /= 64 * 64;
    return mean;
  };
  std::array<Mean, kShapes> centre{};
  for (int shape = 0; shape < kShapes; ++shape) {
    for (int i = 0; i < kEach; ++i) {
      const Mean mean = mean_of(shape, i);
      for (std::size_t c = 0; c < 3; ++c) centre[static_cast<std::size_t>(shape)][c] += mean[c] / kEach;
    }
  }
  int right = 0;
  for (int shape = 0; shape < kShapes; ++shape) {
    for (int i = kEach; i < 2 * kEach; ++i) {
      const Mean mean = mean_of(shape, i);
      int nearest = -1;
      double best = 1e30;
      for (int other = 0; other < kShapes; ++other) {
        const Mean& c = centre[static_cast<std::size_t>(other)];
        const double distance = std::hypot(mean[0] - c[0], mean[1] - c[1], mean[2] - c[2]);
        if (distance < best) best = distance, nearest = other;
      }
      right += nearest == shape;
    }
  }
  EXPECT_LT(right, kShapes * kEach * 0.2) << "chance is 0.1";
}

}  // namespace
}  // namespace penstock::synth
