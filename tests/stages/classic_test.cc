// classic.assign and classic.project over features that a source gives.
#include <cmath>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>

#include "engine/graph/graph_spec.h"
#include "engine/run/run.h"
#include "io/file/atomic_file.h"
#include "models/classic_model.h"
#include "stages/classic/registry.h"
#include "tests/io/temp_folder.h"

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
