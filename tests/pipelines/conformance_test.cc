// What every registered stage must do, whatever it is for: a new stage is tested by being registered.
#include <chrono>
#include <cstring>
#include <map>

#include <gtest/gtest.h>

#include "engine/graph/graph_spec.h"
#include "engine/run/run.h"
#include "io/file/atomic_file.h"
#include "models/classic_model.h"
#include "pipelines/job/job.h"
#include "stages/image/jpeg_encoder.h"
#include "tests/image/number_png.h"
#include "tests/io/temp_folder.h"
#include "tests/support/feature_file.h"

namespace penstock {
namespace {

/// Pictures of many sizes made from their id, with masks and boxes; record 13 of a damaged set is no picture.
class Pictures final : public Source {
 public:
  Pictures(uint64_t size, bool damaged) {
    for (uint64_t id = 0; id < size; ++id) {
      const uint32_t width = 20 + static_cast<uint32_t>(id * 7 % 50);
      const uint32_t height = 17 + static_cast<uint32_t>(id * 11 % 60);
      std::vector<uint8_t> pixels(size_t{width} * height * 3);
      for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * (id + 3) / 5);
      encoded_.push_back(image::encode_jpeg(
          {.data = pixels.data(), .width = static_cast<int>(width), .height = static_cast<int>(height)}));
      masks_.push_back(image::png_of_numbers(std::vector<uint8_t>(size_t{width} * height, static_cast<uint8_t>(id % 9)),
                                             static_cast<int>(width), static_cast<int>(height), id % 2 == 1));
      if (damaged && id == 13) encoded_.back().assign(40, std::byte{65});
    }
  }
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return encoded_.size(); }
  uint64_t fingerprint() const override { return encoded_.size(); }
  uint64_t record_bytes(uint64_t) const override { return 0; }  // lent
  uint64_t max_record_bytes() const override { return 0; }
  bool waits() const override { return false; }
  Location locate(uint64_t id) const override { return {"picture-" + std::to_string(id), 0, encoded_[id].size()}; }
  void read(std::span<const uint64_t> ids, Intake& out) const override {
    for (size_t i = 0; i < ids.size(); ++i) {
      out.lend(0, i, encoded_[ids[i]]);
      const auto label = static_cast<int64_t>(ids[i] % 3);
      if (std::byte* at = out.row(1, i)) std::memcpy(at, &label, sizeof label);
      out.lend(2, i, masks_[ids[i]]);
      const float features[3] = {static_cast<float>(ids[i] % 5), static_cast<float>(ids[i] % 7), 0.25f};
      if (std::byte* at = out.row(5, i)) std::memcpy(at, features, sizeof features);
      const float box[4] = {2, 3, 15, 16};
      const bool has_box = ids[i] % 4 != 0;
      if (std::byte* at = out.rows(3, i, has_box ? 1 : 0); at != nullptr && has_box) std::memcpy(at, box, sizeof box);
      if (std::byte* at = out.rows(4, i, has_box ? 1 : 0); at != nullptr && has_box)
        std::memcpy(at, &label, sizeof label);
    }
  }

 private:
  std::vector<std::vector<std::byte>> encoded_, masks_;
  Schema schema_{Field::encoded("bytes"),
                 Field::fixed("label", DType::kI64),
                 Field::encoded("mask_bytes"),
                 Field::ragged("boxes", DType::kF32, {4}, 3),
                 Field::ragged("box_label", DType::kI64, {}, 3),
                 Field::fixed("features", DType::kF32, {3})};
};

/// What a stage cannot do without: a stored clustering of three values, projected to two; stored rows of three.
ParamMap params_for(const StageInfo& info) {
  static const io::TempFolder folder;
  if (!info.name.starts_with("classic.")) return {};
  if (info.name == "classic.neighbours") {
    test::write_features(folder / "rows.h5", 3, {{.id = 3, .values = {1, 2, 0}}, {.id = 1, .values = {4, 0, 0.5f}}});
    return {{"rows", folder / "rows.h5"}, {"k", 2}};
  }
  const std::vector<std::byte> bytes = classic::encode_model(
      {.method = "k-means",
       .width = 2,
       .centres = {0, 0, 3, 1},
       .pca = classic::PcaModel{
           .width = 3, .mean = {2, 3, 0}, .components = {1, 0, 0, 0, 1, 0}, .variance = {2, 1}, .ratio = {0.6, 0.4}}});
  io::write_file(io::FileSystem::real(), folder / "model", std::span(bytes));
  return {{"model", folder / "model"}};
}

/// The stage alone where it takes the source's fields, else behind the decoder.
GraphSpec spec_for(const StageInfo& info, const Source& source, const StageRegistry& registry) {
  GraphSpec alone = GraphSpec{}.add(info.name, params_for(info));
  try {
    alone.bind(source.schema(), registry);
    return alone;
  } catch (const Error&) { return GraphSpec{}.add("image.decode", {{"size", 32}}).add(info.name); }
}

std::string bytes_of(const GraphSpec& spec, const Source& source, const StageRegistry& registry, RunOptions options) {
  auto run = penstock::Run::start(spec.bind(source.schema(), registry), source, std::move(options));
  std::string bytes;
  while (Batch batch = run.next())
    for (size_t f = 0; f < batch.schema().size(); ++f)
      bytes.append(reinterpret_cast<const char*>(batch.tensor(f).data), batch.tensor(f).bytes);
  return bytes;
}

RunOptions on_threads(unsigned threads, uint64_t batch) {
  RunOptions options{.seed = 7, .last = Last::kKeep, .batch = batch};
  options.cores = std::make_shared<Cores>(threads);
  return options;
}

class Conformance : public testing::TestWithParam<std::string> {
 protected:
  StageRegistry registry = all_stages();
  const StageInfo& info = registry.require(GetParam());
};

TEST_P(Conformance, ItsParametersSurviveARoundTrip) {
  const ParamMap resolved = info.resolve({}, "stage");
  EXPECT_EQ(canonical_text(info.resolve(resolved, "stage")), canonical_text(resolved));
  for (const ParamDoc& doc : info.params) {
    EXPECT_FALSE(doc.meaning.empty()) << doc.name;
    EXPECT_FALSE(doc.type.empty()) << doc.name;
  }
  EXPECT_FALSE(info.summary.empty());
}

TEST_P(Conformance, AnUnknownParameterIsRefusedByName) {
  try {
    info.make({{"no_such_key", 1}}, "my_stage");
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage);
    EXPECT_NE(std::string(error.what()).find("no_such_key"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("my_stage"), std::string::npos) << error.what();
  }
}

/// The bytes of each record of each batch, over all ranks.
std::map<std::pair<uint64_t, uint64_t>, std::string> records_of(const GraphSpec& spec, const Source& source,
                                                                const StageRegistry& registry, uint32_t ranks) {
  std::map<std::pair<uint64_t, uint64_t>, std::string> records;
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    RunOptions options = on_threads(2, 8);
    options.rank = rank;
    options.ranks = ranks;
    auto run = penstock::Run::start(spec.bind(source.schema(), registry), source, options);
    while (Batch batch = run.next())
      for (size_t f = 0; f < batch.schema().size(); ++f)
        for (size_t i = 0; i < batch.size(); ++i) {
          const Tensor tensor = batch.tensor(f);
          const size_t row = batch.schema().fields()[f].row_bytes();
          const size_t from = tensor.offsets.empty() ? i : static_cast<size_t>(tensor.offsets[i]);
          const size_t end = tensor.offsets.empty() ? i + 1 : static_cast<size_t>(tensor.offsets[i + 1]);
          records[{batch.step(), batch.positions()[i]}].append(reinterpret_cast<const char*>(tensor.data) + from * row,
                                                               (end - from) * row);
        }
  }
  return records;
}

TEST_P(Conformance, AnyNumberOfProcessesGivesTheSameBytes) {
  const Pictures source(61, false);
  const GraphSpec spec = spec_for(info, source, registry);
  const auto one = records_of(spec, source, registry, 1);
  EXPECT_EQ(one.size(), 61u);
  EXPECT_TRUE(records_of(spec, source, registry, 2) == one);
  EXPECT_TRUE(records_of(spec, source, registry, 5) == one);
}

TEST_P(Conformance, OneAndEightThreadsGiveTheSameBytes) {
  const Pictures source(61, false);
  const GraphSpec spec = spec_for(info, source, registry);
  const std::string one = bytes_of(spec, source, registry, on_threads(1, 8));
  EXPECT_FALSE(one.empty());
  EXPECT_EQ(one, bytes_of(spec, source, registry, on_threads(8, 8)));
}

TEST_P(Conformance, EmptyAndOneRecordBatchesAreFine) {
  const Pictures source(5, false);
  const GraphSpec spec = spec_for(info, source, registry);
  const std::string whole = bytes_of(spec, source, registry, on_threads(2, 1));
  EXPECT_FALSE(whole.empty());
  // Four ranks share a last batch of one record: three of them get none.
  for (uint32_t rank = 0; rank < 4; ++rank) {
    RunOptions options = on_threads(2, 4);
    options.rank = rank;
    options.ranks = 4;
    auto run = penstock::Run::start(spec.bind(source.schema(), registry), source, options);
    EXPECT_EQ(run.next().size(), 1u);
    EXPECT_EQ(run.next().size(), rank == 0 ? 1u : 0u);
    EXPECT_FALSE(run.next());
  }
}

TEST_P(Conformance, TheBatchCarriesTheSchemaThatWasBound) {
  const Pictures source(9, false);
  const Graph graph = spec_for(info, source, registry).bind(source.schema(), registry);
  auto run = penstock::Run::start(graph, source, on_threads(2, 4));
  const Batch batch = run.next();
  EXPECT_EQ(batch.schema(), graph.output);
  for (const Field& field : graph.stages.back().after.fields()) {
    if (field.extent == Extent::kUnbounded) continue;
    const Tensor tensor = batch[field.name];
    EXPECT_EQ(tensor.dtype, field.dtype);
    EXPECT_EQ(std::vector<int64_t>(tensor.shape.begin() + 1, tensor.shape.end()), field.shape);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data) % 4096, 0u) << field.name;
  }
}

TEST_P(Conformance, ABadRecordNamesStageAndRecord) {
  const Pictures source(30, true);
  try {
    bytes_of(spec_for(info, source, registry), source, registry, on_threads(2, 10));
    const Graph graph = spec_for(info, source, registry).bind(source.schema(), registry);
    for (const BoundStage& stage : graph.stages) EXPECT_NE(stage.name, "image.decode") << "must have refused record 13";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kData);
    EXPECT_NE(std::string(error.what()).find("record 13 (picture-13"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("stage '"), std::string::npos) << error.what();
  }
}

TEST_P(Conformance, BeginsNothingNewAfterAStop) {
  const Pictures source(40, false);
  const GraphSpec spec = spec_for(info, source, registry);
  RunOptions options = on_threads(2, 8);
  options.epochs = 100'000;
  auto run = penstock::Run::start(spec.bind(source.schema(), registry), source, options);
  EXPECT_TRUE(run.next());
  const auto begin = std::chrono::steady_clock::now();
  run.stop();
  run.wait();  // calls in flight end
  const auto records = [&] { return run.report().stages[1].records; };
  const uint64_t after = records();
  EXPECT_THROW(while (run.next()){}, Error);
  EXPECT_EQ(records(), after);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));  // a hang, not a deadline
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  const StageRegistry registry = all_stages();
  for (const StageInfo* info : registry.list()) all.push_back(info->name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(EveryStage, Conformance, testing::ValuesIn(names()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name)
    if (c == '.' || c == '-') c = '_';
  return name;
});

}  // namespace
}  // namespace penstock
