// classic.assign, classic.neighbours and classic.project over features that a source gives.
#include <cmath>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>

#include "engine/graph/graph_spec.h"
#include "engine/run/run.h"
#include "io/file/atomic_file.h"
#include "models/classic/reference.h"
#include "models/classic_model.h"
#include "stages/classic/registry.h"
#include "tests/io/temp_folder.h"
#include "tests/support/feature_file.h"

namespace penstock {
namespace {

using ::testing::HasSubstr;

class Rows final : public Source {
 public:
  Rows(std::vector<std::vector<float>> rows)
      : rows_(std::move(rows)),
        schema_{Field::fixed("features", DType::kF32, {static_cast<int64_t>(rows_[0].size())})} {}
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return rows_.size(); }
  uint64_t fingerprint() const override { return rows_.size(); }
  uint64_t record_bytes(uint64_t) const override { return 0; }
  uint64_t max_record_bytes() const override { return 0; }
  bool waits() const override { return false; }
  Location locate(uint64_t id) const override { return {"row-" + std::to_string(id), 0, 0}; }
  void read(std::span<const uint64_t> ids, Intake& out) const override {
    for (size_t i = 0; i < ids.size(); ++i)
      if (std::byte* at = out.row(0, i)) std::memcpy(at, rows_[ids[i]].data(), rows_[ids[i]].size() * sizeof(float));
  }

 private:
  std::vector<std::vector<float>> rows_;
  Schema schema_;
};

class ClassicStages : public testing::Test {
 protected:
  ClassicStages() { classic::register_classic_stages(registry_); }
  std::string store(const classic::ClusterModel& model) {
    const std::vector<std::byte> bytes = classic::encode_model(model);
    io::write_file(io::FileSystem::real(), folder_ / "model", std::span(bytes));
    return folder_ / "model";
  }
  Batch first(const Rows& rows, const std::string& stage, const std::string& model) {
    RunOptions options{.batch = rows.size()};
    options.faults = {.on_fault = OnFault::kSkip, .budget = 10};
    auto run =
        penstock::Run::start(GraphSpec{}.add(stage, {{"model", model}}).bind(rows.schema(), registry_), rows, options);
    return run.next();
  }
  std::string refusal(const Rows& rows, const std::string& stage, const ParamMap& params) {
    try {
      GraphSpec{}.add(stage, params).bind(rows.schema(), registry_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kUsage);
      return error.what();
    }
    return "";
  }
  const io::TempFolder folder_;
  StageRegistry registry_;
};

const classic::ClusterModel kPlain{.method = "k-means", .width = 2, .centres = {0, 0, 10, 0, 10, 0}};
const classic::ClusterModel kProjected{
    .method = "k-means",
    .width = 1,
    .centres = {-1, 2},
    .pca = classic::PcaModel{
        .width = 2, .mean = {1, 5}, .components = {0, 1}, .variance = {4}, .ratio = {1}, .whiten = true}};

TEST_F(ClassicStages, RowsGetTheNearestCentreTheLowestOfEqualOnes) {
  const Batch batch = first(Rows({{1, 0}, {9, 1}, {5, 0}}), "classic.assign", store(kPlain));
  EXPECT_THAT(batch["cluster"].as<int64_t>(), testing::ElementsAre(0, 1, 0));
  EXPECT_THAT(batch["distance"].as<float>(), testing::ElementsAre(1, std::sqrt(2.0f), 5));
}

TEST_F(ClassicStages, AModelWithAProjectionProjectsFirst) {
  const std::string model = store(kProjected);
  const Rows rows({{100, 5}, {-100, 9}});
  const Batch assigned = first(rows, "classic.assign", model);
  EXPECT_THAT(assigned["cluster"].as<int64_t>(), testing::ElementsAre(0, 1));  // 0 and 2 along the component
  EXPECT_THAT(assigned["distance"].as<float>(), testing::ElementsAre(1, 0));
  const Batch projected = first(rows, "classic.project", model);
  EXPECT_THAT(projected["features"].as<float>(), testing::ElementsAre(0, 2));
}

TEST_F(ClassicStages, NeighboursAreTheNearestRowsOfAStoredSet) {
  test::write_features(folder_ / "set.h5", 2,
                       {{.id = 30, .values = {0, 0}},
                        {.id = 10, .values = {3, 4}},
                        {.id = 99, .values = {1, 1}, .error = "cut short"},
                        {.id = 20, .values = {3, 4}},
                        {.id = 5, .values = {-6, 8}}});
  const Rows rows({{0, 0}, {3, 5}});
  const auto found = [&](const ParamMap& params) {
    RunOptions options{.order = Order::kSequential, .batch = 2};
    auto run = penstock::Run::start(GraphSpec{}.add("classic.neighbours", params).bind(rows.schema(), registry_), rows,
                                    options);
    return run.next();
  };
  const Batch l2 = found({{"rows", folder_ / "set.h5"}, {"k", 3}});
  EXPECT_EQ(l2["neighbour"].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_THAT(l2["neighbour"].as<int64_t>(), testing::ElementsAre(30, 10, 20, 10, 20, 30));
  EXPECT_THAT(l2["distance"].as<float>(), testing::ElementsAre(0, 5, 5, 1, 1, std::sqrt(34.0f)));
  const Batch cosine = found({{"rows", folder_ / "set.h5"}, {"k", 4}, {"metric", "cosine"}});
  EXPECT_THAT(cosine["neighbour"].as<int64_t>(), testing::ElementsAre(30, 10, 20, 5, 10, 20, 5, 30));
  const auto distances = cosine["distance"].as<float>();
  for (size_t n = 0; n < 4; ++n) EXPECT_EQ(distances[n], 1) << "a row of zeros is 1 away from everything";
  EXPECT_NEAR(distances[4], 1 - 29 / (5 * std::sqrt(34.0)), 1e-6);
  EXPECT_NEAR(distances[6], 1 - 22 / (10 * std::sqrt(34.0)), 1e-6);
  EXPECT_EQ(distances[7], 1);
  const Batch dot = found({{"rows", folder_ / "set.h5"}, {"k", 2}, {"metric", "dot"}});
  EXPECT_THAT(dot["neighbour"].as<int64_t>(), testing::ElementsAre(30, 10, 10, 20));
  EXPECT_THAT(dot["product"].as<float>(), testing::ElementsAre(0, 0, 29, 29));
}

TEST_F(ClassicStages, NeighboursAreThoseOfTheNaiveSearch) {
  const auto made = [](size_t count, uint64_t seed) {
    std::vector<test::FeatureRow> rows(count);
    for (size_t i = 0; i < count; ++i) {
      Draws draws(1, 0, i, static_cast<uint32_t>(seed));
      rows[i].id = static_cast<int64_t>(1000 - i);
      for (int d = 0; d < 19; ++d) rows[i].values.push_back(static_cast<float>(draws.normal()));
    }
    return rows;
  };
  const auto base = made(70, 1), queries = made(33, 2);
  test::write_features(folder_ / "set.csv", 19, base);
  std::vector<std::vector<float>> values;
  std::vector<float> flat_base, flat_queries;
  for (const auto& row : queries) {
    values.push_back(row.values);
    flat_queries.insert(flat_queries.end(), row.values.begin(), row.values.end());
  }
  for (const auto& row : base) flat_base.insert(flat_base.end(), row.values.begin(), row.values.end());
  const Rows rows(values);
  constexpr size_t kNearest = 6;
  for (const auto& [word, metric] :
       {std::pair{"l2", classic::Metric::kL2}, {"cosine", classic::Metric::kCosine}, {"dot", classic::Metric::kDot}}) {
    RunOptions options{.order = Order::kSequential, .batch = values.size()};
    const ParamMap params{{"rows", folder_ / "set.csv"}, {"k", static_cast<int64_t>(kNearest)}, {"metric", word}};
    auto run = penstock::Run::start(GraphSpec{}.add("classic.neighbours", params).bind(rows.schema(), registry_), rows,
                                    options);
    const Batch batch = run.next();
    const auto wanted = classic::reference::nearest({flat_queries.data(), values.size(), 19},
                                                    {flat_base.data(), base.size(), 19}, kNearest, metric);
    const auto found = batch["neighbour"].as<int64_t>();
    const auto got = batch[metric == classic::Metric::kDot ? "product" : "distance"].as<float>();
    for (size_t i = 0; i < wanted.ids.size(); ++i) {
      const double score = wanted.scores[i];
      EXPECT_EQ(found[i], 1000 - wanted.ids[i]) << word << " " << i;
      EXPECT_NEAR(got[i],
                  metric == classic::Metric::kL2    ? std::sqrt(score)
                  : metric == classic::Metric::kDot ? -score
                                                    : score,
                  1e-5)
          << word << " " << i;
    }
  }
}

TEST_F(ClassicStages, TheFilesContentsArePartOfWhatDecidesABatch) {
  const Rows rows({{1, 0}});
  const auto canonical = [&](const std::string& stage, const ParamMap& params) {
    return GraphSpec{}.add(stage, params).bind(rows.schema(), registry_).canonical();
  };
  for (const char* stage : {"classic.assign", "classic.project"}) {
    classic::ClusterModel model = kProjected;
    const std::string first = canonical(stage, {{"model", store(model)}});
    EXPECT_EQ(canonical(stage, {{"model", store(model)}}), first);
    model.pca->mean[0] = 2;
    EXPECT_NE(canonical(stage, {{"model", store(model)}}), first) << stage;
  }
  const ParamMap params{{"rows", folder_ / "set.h5"}, {"k", 1}};
  test::write_features(folder_ / "set.h5", 2, {{.id = 1, .values = {0, 1}}});
  const std::string first = canonical("classic.neighbours", params);
  test::write_features(folder_ / "set.h5", 2, {{.id = 1, .values = {0, 2}}});
  EXPECT_NE(canonical("classic.neighbours", params), first) << "another value";
  test::write_features(folder_ / "set.h5", 2, {{.id = 2, .values = {0, 1}}});
  EXPECT_NE(canonical("classic.neighbours", params), first) << "another id";
  test::write_features(folder_ / "set.h5", 2, {{.id = 1, .values = {0, 1}}});
  EXPECT_EQ(canonical("classic.neighbours", params), first);
}

TEST_F(ClassicStages, NeighboursCountWhatTheyHold) {
  const Rows rows({{1, 0}});
  test::write_features(folder_ / "set.h5", 2, {{.id = 1, .values = {0, 1}}, {.id = 2, .values = {0, 1}}});
  const Graph graph =
      GraphSpec{}.add("classic.neighbours", {{"rows", folder_ / "set.h5"}, {"k", 1}}).bind(rows.schema(), registry_);
  EXPECT_EQ(graph.resident_bytes(), 2u * (2 * 4 + 8));
  RunOptions options{.batch = 1, .budgets = std::make_shared<Budgets>()};
  auto run = penstock::Run::start(graph, rows, options);
  EXPECT_GE(options.budgets->peak(Tier::kRam), 32u);
}

TEST_F(ClassicStages, NeighboursRefuseWhatDoesNotFit) {
  const Rows rows({{1, 0}});
  test::write_features(folder_ / "set.h5", 2, {{.id = 1, .values = {0, 1}}, {.id = 2, .values = {0, 1}}});
  EXPECT_THAT(refusal(rows, "classic.neighbours", ParamMap{}), HasSubstr("has no rows to search"));
  EXPECT_THAT(refusal(rows, "classic.neighbours", {{"rows", folder_ / "set.h5"}, {"k", 3}}),
              HasSubstr("has 2 rows with features"));
  EXPECT_THAT(refusal(rows, "classic.neighbours", {{"rows", folder_ / "set.h5"}, {"k", 0}}), HasSubstr("k"));
  EXPECT_THAT(refusal(rows, "classic.neighbours", {{"rows", folder_ / "set.h5"}, {"metric", "l3"}}), HasSubstr("l3"));
  EXPECT_THAT(refusal(Rows({{1, 0, 0}}), "classic.neighbours", {{"rows", folder_ / "set.h5"}, {"k", 1}}),
              HasSubstr("features f32 (N, 2)"));
  const float nan = std::numeric_limits<float>::quiet_NaN(), huge = std::numeric_limits<float>::max();
  RunOptions options{.order = Order::kSequential, .batch = 3};
  options.faults = {.on_fault = OnFault::kSkip, .budget = 10};
  const Rows bad({{1, 0}, {nan, 1}, {huge, -huge}});
  auto run = penstock::Run::start(
      GraphSpec{}.add("classic.neighbours", {{"rows", folder_ / "set.h5"}, {"k", 1}}).bind(bad.schema(), registry_),
      bad, options);
  const Batch batch = run.next();
  EXPECT_EQ(batch.size(), 1u);
  ASSERT_EQ(batch.rejections().size(), 2u);
  EXPECT_THAT(batch.rejections()[0].reason, HasSubstr("not finite"));
  EXPECT_THAT(batch.rejections()[1].reason, HasSubstr("overflow"));
}

TEST_F(ClassicStages, ARowThatIsNotFiniteIsRefused) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const char* stage : {"classic.assign", "classic.project"}) {
    const Batch batch = first(Rows({{1, 0}, {nan, 1}, {5, 0}}), stage, store(kProjected));
    EXPECT_EQ(batch.size(), 2u);
    ASSERT_EQ(batch.rejections().size(), 1u);
    EXPECT_EQ(batch.rejections()[0].record, 1u);
    EXPECT_THAT(batch.rejections()[0].reason, HasSubstr("not finite"));
  }
}

TEST_F(ClassicStages, BindingRefusesWhatDoesNotFit) {
  const Rows rows({{1, 0, 0}});
  for (const char* stage : {"classic.assign", "classic.project"}) {
    EXPECT_THAT(refusal(rows, stage, ParamMap{}), HasSubstr("has no model"));
    EXPECT_THAT(refusal(rows, stage, ParamMap{{"model", store(kProjected)}}), HasSubstr("features f32 (N, 2)"));
  }
  EXPECT_THAT(refusal(Rows({{1, 0}}), "classic.project", ParamMap{{"model", store(kPlain)}}),
              HasSubstr("no projection"));
}

}  // namespace
}  // namespace penstock
