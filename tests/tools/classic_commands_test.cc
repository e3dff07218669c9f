// penstock cluster, penstock neighbours.
#include <cmath>
#include <filesystem>
#include <limits>
#include <sstream>

#include <gmock/gmock.h>

#include "io/file/file.h"
#include "pipelines/train/prediction_sink.h"
#include "tests/io/temp_folder.h"
#include "tests/support/feature_file.h"
#include "tests/tools/program_run.h"

namespace penstock::test {
namespace {

using io::TempFolder;
using ::testing::HasSubstr;

// Three clouds far apart in four directions; ids are even, and two rows hold errors.
std::vector<FeatureRow> clouds(int64_t rows) {
  std::vector<FeatureRow> out;
  for (int64_t i = 0; i < rows; ++i) {
    const auto wobble = static_cast<float>(i * 7919 % 101) / 101.0f, far = 40.0f * static_cast<float>(i % 3);
    out.push_back({.id = 2 * i,
                   .values = {far + wobble, 5 - wobble, far - static_cast<float>(i * 31 % 17) / 17.0f, 0.5f},
                   .error = i == 4 || i == 9 ? "cut short" : ""});
  }
  return out;
}

std::vector<std::vector<std::string>> cells(const std::string& path) {
  std::istringstream in(io::read_file(io::FileSystem::real(), path));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(in, line);) {
    rows.emplace_back();
    // The names hold a comma within quotes.
    bool quoted = false;
    std::string cell;
    for (const char c : line + ",") {
      if (c == '"') quoted = !quoted;
      if (c == ',' && !quoted) {
        rows.back().push_back(cell);
        cell.clear();
      } else {
        cell += c;
      }
    }
  }
  return rows;
}

void expect_refused(const Ran& ran, int code, const std::string& says) {
  EXPECT_EQ(ran.code, code) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr(says));
  EXPECT_EQ(ran.out, "");
}

TEST(ClusterCommand, RowsOfACloudGetTheSameClusterAndKeepTheirIds) {
  const TempFolder folder;
  for (const char* name : {"f.h5", "f.csv"}) {
    write_features(folder / name, 4, clouds(300));
    for (const char* method : {"k-means", "mini-batch", "mean-shift"}) {
      const Ran ran = run({"cluster", folder / name, "--k", "3", "--method", method, "--out", folder / "c.csv",
                           "--json", "--threads", "2", "--bandwidth", "5", "--starts", "3"});
      ASSERT_EQ(ran.code, 0) << ran.err;
      EXPECT_EQ(ran.json()["rows"], 298);
      EXPECT_EQ(ran.json()["skipped"], 2);
      EXPECT_EQ(ran.json()["clusters"], 3);
      EXPECT_EQ(ran.json()["method"], method);
      const auto rows = cells(folder / "c.csv");
      ASSERT_EQ(rows.size(), 299u);
      EXPECT_EQ(rows[0], (std::vector<std::string>{"id", "file", "cluster", "distance"}));
      EXPECT_EQ(rows[5][0], "10") << "the row with id 8 holds an error";
      double inertia = 0;
      for (size_t i = 1; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i][2], rows[1 + (std::stoul(rows[i][0]) / 2) % 3][2]);
        inertia += std::pow(std::stod(rows[i][3]), 2);
      }
      EXPECT_NEAR(ran.json()["inertia"].get<double>(), inertia, 1e-3 * inertia);
    }
  }
}

TEST(ClusterCommand, TakesWhatTheSinkOfInferWrites) {
  const TempFolder folder;
  for (const char* name : {"f.h5", "f.csv"}) {
    const auto sink =
        train::make_prediction_sink(io::FileSystem::real(), folder / name, {.width = 2, .features = true});
    for (uint64_t id = 0; id < 40; ++id) {
      const std::vector<float> values{id % 2 == 0 ? 1.0f : 9.0f, static_cast<float>(id) / 40};
      if (id == 7)
        sink->row({.id = id, .file = "b, 7.jpg", .values = {}, .error = "cut \"short\""});
      else
        sink->row({.id = id, .file = "a.jpg", .values = values, .error = {}});
    }
    sink->commit();
    const Ran ran = run({"cluster", folder / name, "--k", "2", "--out", folder / "c.csv", "--json"});
    ASSERT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.json()["skipped"], 1);
    EXPECT_THAT(ran.err, HasSubstr("id 7 (b, 7.jpg): cut \"short\""));
    const auto rows = cells(folder / "c.csv");
    ASSERT_EQ(rows.size(), 40u);
    EXPECT_EQ(rows[8][0], "8");
    EXPECT_EQ(rows[8][2], rows[1][2]);
    EXPECT_NE(rows[8][2], rows[2][2]);
  }
}

TEST(ClusterCommand, AFileLargerThanItsBudgetGivesTheSameFile) {
  const TempFolder folder;
  std::vector<FeatureRow> rows = clouds(9000);
  for (FeatureRow& row : rows) row.values.resize(16, static_cast<float>(row.id % 13));
  write_features(folder / "f.h5", 16, rows);
  for (const std::string out : {"a.csv", "b.csv"}) {
    // Seeding, tiles and sums take 2.8 MB of it, the rows would take 0.6.
    const Ran ran = run({"cluster", folder / "f.h5", "--k", "7", "--out", folder / out, "--json", "--budget",
                         out == "a.csv" ? "1GiB" : "3100000", "--threads", out == "a.csv" ? "1" : "3"});
    ASSERT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.json()["in_memory"], out == "a.csv");
  }
  EXPECT_EQ(io::text_of(folder / "a.csv"), io::text_of(folder / "b.csv"));
  expect_refused(run({"cluster", folder / "f.h5", "--k", "7", "--out", folder / "c.csv", "--budget", "1MiB"}), 1,
                 "--budget");
  EXPECT_FALSE(std::filesystem::exists(folder / "c.csv"));
}

TEST(ClusterCommand, StoredCentresGoOnAndKeepTheirProjection) {
  const TempFolder folder;
  write_features(folder / "f.h5", 4, clouds(600));
  const Ran first = run({"cluster", folder / "f.h5", "--k", "3", "--pca", "2", "--whiten", "--centers", folder / "c.st",
                         "--json", "--seed", "4"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_GT(first.json()["pca_explained_variance_ratio"], 0.9);
  const Ran again = run({"cluster", folder / "f.h5", "--from", folder / "c.st", "--out", folder / "c.h5", "--json"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.json()["clusters"], 3);
  EXPECT_NEAR(again.json()["inertia"].get<double>(), first.json()["inertia"].get<double>(), 1e-4);
  write_features(folder / "other.h5", 3, {{.id = 1, .values = {1, 2, 3}}, {.id = 2, .values = {1, 2, 4}}});
  expect_refused(run({"cluster", folder / "other.h5", "--from", folder / "c.st", "--json"}), 2, "rows of 4 values");
  expect_refused(run({"cluster", folder / "f.h5", "--from", folder / "c.st", "--pca", "3", "--json"}), 2, "differ");
  expect_refused(run({"cluster", folder / "f.h5", "--from", folder / "c.st", "--k", "4", "--json"}), 2,
                 "--k 4 and the 3 centres of");
  EXPECT_EQ(run({"cluster", folder / "f.h5", "--from", folder / "c.st", "--k", "3", "--json"}).code, 0);
  ASSERT_EQ(run({"cluster", folder / "f.h5", "--k", "2", "--centers", folder / "plain.st", "--json"}).code, 0);
  expect_refused(run({"cluster", folder / "f.h5", "--from", folder / "plain.st", "--whiten", "--json"}), 2,
                 "holds no projection that is whitened");
}

TEST(ClusterCommand, AStopLeavesNoFileOfRows) {
  const TempFolder folder;
  write_features(folder / "f.h5", 4, clouds(600));
  std::stop_source stop;
  stop.request_stop();
  const Ran ran = run({"cluster", folder / "f.h5", "--out", folder / "c.csv"}, stop.get_token());
  EXPECT_EQ(ran.code, 130) << ran.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "c.csv"));
  EXPECT_EQ(run({"neighbours", folder / "f.h5", "--out", folder / "n.csv"}, stop.get_token()).code, 130);
  EXPECT_FALSE(std::filesystem::exists(folder / "n.csv"));
}

TEST(ClusterCommand, RefusesWhatCannotBe) {
  const TempFolder folder;
  const std::string file = folder / "f.h5", out = folder / "c.csv";
  write_features(file, 4, clouds(30));
  expect_refused(run({"cluster", file, "--k", "29", "--out", out}), 2, "29 clusters of 28 rows");
  expect_refused(run({"cluster", file, "--method", "dbscan", "--out", out}), 2, "dbscan");
  expect_refused(run({"cluster", file, "--out", folder / "c.txt"}), 2, "neither in .csv nor in .h5");
  expect_refused(run({"cluster", file, "--out", folder / "none/c.csv"}), 2, "there is no folder");
  expect_refused(run({"cluster", file, "--out", file}), 2, "would replace the features");
  expect_refused(run({"cluster", file}), 2, "--out FILE.csv, --centers FILE or --json");
  expect_refused(run({"cluster", folder / "none.h5", "--out", out}), 2, "there is no file");
  expect_refused(run({"cluster", file, "--out", out, "--budget", "much"}), 2, "is no size");
  expect_refused(run({"cluster", file, "--out", out, "--pca", "5"}), 2, "5 principal components");
  expect_refused(run({"cluster", file, "--out", out, "--device", "cuda:7"}), 1, "cuda:7");
  expect_refused(run({"cluster", file, "--out", out, "--from", file}), 3, "f.h5");
  write_features(folder / "nan.h5", 1,
                 {{.id = 3, .values = {std::numeric_limits<float>::quiet_NaN()}}, {.id = 4, .values = {1}}});
  expect_refused(run({"cluster", folder / "nan.h5", "--k", "1", "--out", out}), 3, "the row with id 3");
  write_features(folder / "empty.h5", 2, {});
  expect_refused(run({"cluster", folder / "empty.h5", "--out", out}), 3, "no row with features");
  write_features(folder / "errors.csv", 2, {{.id = 3, .error = "gone"}});
  expect_refused(run({"cluster", folder / "errors.csv", "--out", out}), 3, "all 1 hold an error");
  write_features(folder / "same.h5", 1, {{.id = 3, .values = {1}}, {.id = 4, .values = {1}}});
  expect_refused(run({"cluster", folder / "same.h5", "--method", "mean-shift", "--out", out}), 2, "no bandwidth");
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(NeighboursCommand, FindsRowsOfTheSameCloudByIdAndNotItself) {
  const TempFolder folder;
  write_features(folder / "f.h5", 4, clouds(300));
  const Ran ran = run({"neighbours", folder / "f.h5", "--k", "4", "--out", folder / "n.csv", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.json()["queries"], 298);
  EXPECT_EQ(ran.json()["skipped"], 2);
  const auto rows = cells(folder / "n.csv");
  ASSERT_EQ(rows.size(), 299u);
  EXPECT_EQ(rows[0][2], "neighbour0");
  EXPECT_EQ(rows[0][9], "distance3");
  for (size_t i = 1; i < rows.size(); ++i) {
    for (size_t j = 0; j < 4; ++j) {
      EXPECT_NE(rows[i][2 + j], rows[i][0]);
      EXPECT_EQ(std::stoul(rows[i][2 + j]) / 2 % 3, std::stoul(rows[i][0]) / 2 % 3);
      if (j > 0) { EXPECT_GE(std::stod(rows[i][6 + j]), std::stod(rows[i][5 + j])); }
    }
  }
}

TEST(NeighboursCommand, QueriesOfAnotherFileAndEachMetric) {
  const TempFolder folder;
  write_features(folder / "f.csv", 2,
                 {{.id = 5, .values = {1, 0}}, {.id = 6, .values = {0, 3}}, {.id = 7, .values = {10, 10}}});
  write_features(folder / "q.h5", 2, {{.id = 100, .values = {1, 1}}, {.id = 101, .values = {0, 1}}});
  const std::vector<std::pair<std::string, std::vector<std::string>>> expected{
      {"l2", {"5", "6"}}, {"cosine", {"7", "6"}}, {"dot", {"7", "7"}}};
  for (const auto& [metric, nearest] : expected) {
    const Ran ran = run({"neighbours", folder / "f.csv", "--queries", folder / "q.h5", "--k", "1", "--metric", metric,
                         "--out", folder / "n.csv"});
    ASSERT_EQ(ran.code, 0) << ran.err;
    const auto rows = cells(folder / "n.csv");
    EXPECT_EQ(rows[1][0], "100");
    EXPECT_EQ(rows[1][2], nearest[0]) << metric;
    // Equally far from both by L2: the lower id... (0, 1) is sqrt 2 from 5 and 2 from 6.
    EXPECT_EQ(rows[2][2], metric == "l2" ? "5" : nearest[1]) << metric;
    EXPECT_EQ(rows[0][3], metric == "dot" ? "product" : "distance");
  }
}

TEST(NeighboursCommand, RefusesWhatCannotBe) {
  const TempFolder folder;
  const std::string file = folder / "f.h5", out = folder / "n.csv";
  write_features(file, 4, clouds(30));
  write_features(folder / "narrow.h5", 3, {{.id = 1, .values = {1, 2, 3}}});
  expect_refused(run({"neighbours", file, "--queries", folder / "narrow.h5", "--out", out}), 2, "3 values a row");
  expect_refused(run({"neighbours", file, "--metric", "hamming", "--out", out}), 2, "hamming");
  expect_refused(run({"neighbours", file, "--k", "1025", "--out", out}), 2, "1025");
  expect_refused(run({"neighbours", file, "--out", file}), 2, "would replace");
  expect_refused(run({"neighbours", file, "--out", out, "--budget", "300B"}), 1, "a budget of");
  EXPECT_FALSE(std::filesystem::exists(out));
}

}  // namespace
}  // namespace penstock::test
