// Against scikit-learn, on rows that both sides compute: golden/make_golden.py.
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "models/classic/kmeans.h"
#include "models/classic/mean_shift.h"
#include "models/classic/neighbours.h"
#include "models/classic/pca.h"

namespace penstock::classic {
namespace {

constexpr size_t kRows = 400, kWidth = 6;

std::vector<float> made_rows() {
  std::vector<float> out;
  for (int64_t i = 0; i < static_cast<int64_t>(kRows); ++i) {
    for (int64_t d = 0; d < static_cast<int64_t>(kWidth); ++d) {
      const int64_t noise = (i * i * 7919 + d * 104729 + i * (d + 1) * 31) % 1009;
      const int64_t cloud = (i % 4) * ((d * d + 3 * d + 1) % 5);
      out.push_back(static_cast<float>(static_cast<double>(50 + 4 * cloud) + static_cast<double>(noise / 8) / 16.0));
    }
  }
  return out;
}

class Golden : public testing::Test {
 protected:
  Golden() {
    std::ifstream file(PENSTOCK_SOURCE_DIR "/tests/classic/golden/scikit_learn.txt");
    for (std::string line; std::getline(file, line);) {
      std::istringstream in(line);
      std::string name;
      in >> name;
      for (double value = 0; in >> value;) golden_[name].push_back(value);
    }
  }
  const std::vector<double>& golden(const std::string& name) {
    EXPECT_TRUE(golden_.contains(name)) << name;
    return golden_[name];
  }
  template <class T>
  void expect_near(const std::vector<T>& found, const std::string& name, double share) {
    const std::vector<double>& expected = golden(name);
    ASSERT_EQ(found.size(), expected.size()) << name;
    for (size_t i = 0; i < found.size(); ++i)
      ASSERT_NEAR(static_cast<double>(found[i]), expected[i], share * (1 + std::abs(expected[i]))) << name << " " << i;
  }
  std::vector<int32_t> labels_of(const std::vector<float>& centres) {
    std::vector<int32_t> out;
    assign_all(blocks, *algebra, centres, [&](uint64_t, std::span<const int32_t> labels, std::span<const float>) {
      out.assign(labels.begin(), labels.end());
    });
    return out;
  }

  std::vector<float> values = made_rows();
  MemoryRows source{{values.data(), kRows, kWidth}};
  Cores cores{2};
  std::unique_ptr<Algebra> algebra = make_cpu_algebra(cores);
  Blocks blocks{source, uint64_t{1} << 30};

 private:
  std::map<std::string, std::vector<double>> golden_;
};

TEST_F(Golden, TheRowsAreTheSame) {
  double sum = 0;
  for (const float x : values) sum += static_cast<double>(x);
  EXPECT_EQ(sum, golden("rows_sum").at(0));
}

TEST_F(Golden, KMeansIsScikitLearnsFromTheSameStart) {
  for (const size_t iterations : {1u, 3u, 300u}) {
    const std::string name = "kmeans" + std::to_string(iterations);
    const KMeansResult result =
        k_means(blocks, *algebra,
                {.k = 5, .max_iterations = iterations, .from = {values.begin(), values.begin() + 5 * kWidth}});
    expect_near(result.centres, name + "_centres", 1e-5);
    expect_near(std::vector<double>{result.inertia}, name + "_inertia", 1e-5);
    expect_near(labels_of(result.centres), name + "_labels", 0);
    expect_near(std::vector<size_t>{result.iterations}, name + "_iterations", 0);
  }
}

TEST_F(Golden, NeighboursAreScikitLearnsUpToTies) {
  for (const auto& [metric, name] : {std::pair{Metric::kL2, "euclidean"}, std::pair{Metric::kCosine, "cosine"}}) {
    std::vector<float> found;
    std::vector<int64_t> found_ids;
    nearest_rows(source, source, *algebra, {.k = 4, .metric = metric},
                 [&](uint64_t, std::span<const float> distances, std::span<const int64_t> ids) {
                   for (size_t i = 0; i < ids.size(); ++i) {
                     if (i / 4 % 5 != 0) continue;
                     found.push_back(distances[i]);
                     found_ids.push_back(ids[i]);
                   }
                 });
    expect_near(found, std::string(name) + "_distances", metric == Metric::kL2 ? 1e-6 : 3e-7);
    const std::vector<double>&ids = golden(std::string(name) + "_ids"),
          &distances = golden(std::string(name) + "_distances");
    for (size_t i = 0; i < ids.size(); ++i) {
      const bool tie = (i > 0 && distances[i] - distances[i - 1] < 1e-6) ||
                       (i + 1 < ids.size() && distances[i + 1] - distances[i] < 1e-6) || i % 4 == 3;
      EXPECT_TRUE(tie || static_cast<double>(found_ids[i]) == ids[i]) << name << " " << i;
    }
  }
}

TEST_F(Golden, PrincipalComponentsAreScikitLearnsWithTheirSigns) {
  const PcaModel model = fit_pca(blocks, *algebra, 4);
  expect_near(model.mean, "pca_mean", 1e-6);
  expect_near(model.components, "pca_components", 1e-5);
  expect_near(model.variance, "pca_variance", 1e-6);
  expect_near(model.ratio, "pca_ratio", 1e-6);
  for (const bool whiten : {false, true}) {
    PcaModel other = model;
    other.whiten = whiten;
    ProjectedRows projected(source, other, *algebra);
    std::vector<float> all(kRows * 4), some;
    projected.read(0, all);
    for (size_t i = 0; i < kRows; i += 40)
      some.insert(some.end(), all.begin() + static_cast<long>(i * 4), all.begin() + static_cast<long>(i * 4 + 4));
    expect_near(some, whiten ? "pca_whitened" : "pca_projected", 1e-4);
  }
}

TEST_F(Golden, MeanShiftAndItsBandwidthAreScikitLearns) {
  expect_near(std::vector<double>{estimate_bandwidth(blocks, *algebra)}, "bandwidth", 1e-5);
  for (const bool binned : {false, true}) {
    const std::string name = std::string("mean_shift") + (binned ? "1" : "0");
    const MeanShiftResult result = mean_shift(blocks, *algebra, {.bandwidth = 6, .binned = binned});
    expect_near(result.centres, name + "_centres", 1e-4);
    expect_near(labels_of(result.centres), name + "_labels", 0);
  }
}

}  // namespace
}  // namespace penstock::classic
