// Networks of rows against PyTorch: golden/make_golden_tables.py says how the numbers were made.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "engine/base/error.h"
#include "models/nets/net.h"
#include "models/nets/state.h"
#include "tests/models/golden_state.h"

namespace penstock::nets {
namespace {

using testing::HasSubstr;

struct Golden {
  std::vector<NamedTensor> state;
  std::vector<float> outputs;
  float loss = 0;
  std::map<std::string, std::vector<float>> gradients;
};

std::vector<float> numbers_of(std::istream& words) {
  std::vector<float> out;
  for (float value; words >> value;) out.push_back(value);
  return out;
}

Golden golden_of(const std::string& name) {
  std::ifstream in(PENSTOCK_SOURCE_DIR "/tests/models/golden/" + name + ".txt");
  Golden out;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key == "outputs") {
      out.outputs = numbers_of(words);
    } else if (key == "loss") {
      words >> out.loss;
    } else if (key == "gradient") {
      words >> key;
      out.gradients[key] = numbers_of(words);
    } else {
      std::vector<int64_t> shape;
      for (int64_t extent; words >> extent;) shape.push_back(extent);
      out.state.emplace_back(key, test::filled(out.state.size(), key, shape));
    }
  }
  return out;
}

constexpr int64_t kRows = 6, kNumbers = 4;
const std::vector<int64_t> kCardinalities = {5, 3, 12};

NetInput golden_rows() {
  at::Tensor cat = at::empty({kRows, 3}, at::kInt), cont = at::empty({kRows, kNumbers});
  for (int64_t r = 0; r < kRows; ++r)
    for (int64_t c = 0; c < 3; ++c) cat[r][c] = (r * 7 + c * 3) % kCardinalities[static_cast<size_t>(c)];
  for (int64_t i = 0; i < cont.numel(); ++i)
    cont.mutable_data_ptr<float>()[i] = static_cast<float>(test::pattern(static_cast<uint64_t>(i), 1000));
  return {cat, cont};
}

at::Tensor golden_targets() {
  at::Tensor targets = at::empty({kRows});
  for (int64_t i = 0; i < kRows; ++i) targets[i] = static_cast<float>(test::pattern(static_cast<uint64_t>(i), 1001));
  return targets;
}

std::vector<NamedTensor> tensors_of(const Net& net) {
  auto all = net.parameters();
  for (auto& buffer : net.buffers()) all.push_back(buffer);
  return all;
}

void expect_near(const at::Tensor& got, const std::vector<float>& expected, const std::string& what) {
  const at::Tensor plain = got.detach().contiguous();
  ASSERT_EQ(static_cast<size_t>(plain.numel()), expected.size()) << what;
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(plain.const_data_ptr<float>()[i], expected[i], 2e-5) << what << " " << i;
}

struct World {
  const char* golden;
  NetSpec spec;
  char task;  // r, b, c
};

NetSpec spec_of(const char* arch, int64_t outputs, std::vector<int64_t> widths, std::vector<int64_t> layers,
                std::vector<double> range = {}) {
  NetSpec spec{.arch = arch, .classes = outputs};
  spec.table = {.cardinalities = kCardinalities,
                .numbers = kNumbers,
                .widths = std::move(widths),
                .layers = std::move(layers),
                .bottom = {6, 5},
                .dropout = {},
                .range = std::move(range)};
  return spec;
}

class PyTorchsNet : public testing::TestWithParam<World> {};

TEST_P(PyTorchsNet, GivesTheSameOutputsLossAndGradients) {
  at::set_num_threads(1);
  const Golden golden = golden_of(GetParam().golden);
  ASSERT_FALSE(golden.outputs.empty());
  const auto net = make_net(GetParam().spec);
  EXPECT_EQ(tensors_of(*net).size(), golden.state.size());
  const auto bytes = encode_state(golden.state, {});
  copy_state(decode_safetensors(bytes, "golden"), "", tensors_of(*net), "golden");
  net->train(false);
  expect_near(net->forward(golden_rows()), golden.outputs, "outputs");

  net->train(true);
  const at::Tensor outputs = net->forward(golden_rows()), targets = golden_targets();
  const at::Tensor loss = GetParam().task == 'c' ? at::cross_entropy_loss(outputs, at::arange(kRows).remainder(3))
                          : GetParam().task == 'b'
                              ? at::binary_cross_entropy_with_logits(outputs.select(1, 0), (targets > 0).to(at::kFloat))
                              : at::mse_loss(outputs.select(1, 0), targets);
  EXPECT_NEAR(loss.item<float>(), golden.loss, 2e-5);
  loss.backward();
  size_t compared = 0;
  for (const auto& [name, parameter] : net->parameters()) {
    const auto found = golden.gradients.find(name);
    if (found == golden.gradients.end()) continue;
    expect_near(parameter.grad(), found->second, name);
    ++compared;
  }
  EXPECT_EQ(compared, golden.gradients.size());
}

INSTANTIATE_TEST_SUITE_P(Of, PyTorchsNet,
                         testing::Values(World{"tabular", spec_of("tabular", 1, {4, 3, 5}, {8, 6}, {-1, 2}), 'r'},
                                         World{"tabular_classes", spec_of("tabular", 3, {4, 3, 5}, {8, 6}), 'c'},
                                         World{"dlrm", spec_of("dlrm", 1, {4}, {7, 5}), 'b'},
                                         World{"fm", spec_of("fm", 2, {3}, {}), 'r'}),
                         [](const auto& info) { return std::string(info.param.golden); });

TEST(TableNets, RowsInThePlaceOfTablesGiveTheSame) {
  for (const NetSpec& spec :
       {spec_of("tabular", 1, {}, {8}), spec_of("dlrm", 1, {4}, {7}), spec_of("fm", 1, {3}, {})}) {
    at::manual_seed(3);
    const auto net = make_net(spec);
    net->train(false);
    const NetInput whole = golden_rows();
    NetInput part = whole;
    part.cat = whole.cat.clone();
    for (const EmbeddingTable& table : net->tables()) {  // each row by itself: code i of the part is row i
      const at::Tensor codes = whole.cat.select(1, table.column);
      part.cat.select(1, table.column).copy_(at::arange(kRows, at::kInt));
      part.rows.push_back(table.weight.index_select(0, codes));
    }
    EXPECT_TRUE(at::equal(net->forward(part), net->forward(whole))) << spec.arch;
  }
}

TEST(TableNets, ColumnsOfOneKindAreEnough) {
  for (const char* arch : {"tabular", "dlrm", "fm"}) {
    NetSpec spec = spec_of(arch, 2, {}, {5});
    spec.table.numbers = 0;
    EXPECT_EQ(make_net(spec)->forward(NetInput(golden_rows().cat, {})).sizes().vec(), (std::vector<int64_t>{6, 2}))
        << arch;
    spec.table.numbers = kNumbers;
    spec.table.cardinalities.clear();
    EXPECT_EQ(make_net(spec)->forward(NetInput({}, golden_rows().cont)).sizes().vec(), (std::vector<int64_t>{6, 2}))
        << arch;
    spec.table.cardinalities = {12};
    spec.table.numbers = 0;
    EXPECT_EQ(make_net(spec)->forward(NetInput(golden_rows().cat.slice(1, 2, 3), {})).sizes().vec(),
              (std::vector<int64_t>{6, 2}))
        << arch;
  }
}

TEST(TableNets, DropoutFallsOnTrainingAlone) {
  NetSpec spec = spec_of("tabular", 1, {}, {16});
  spec.table.dropout = {0.5};
  spec.table.embedding_dropout = 0.25;
  spec.table.batch_norm = false;
  at::manual_seed(1);
  const auto net = make_net(spec);
  net->train(true);
  EXPECT_FALSE(at::equal(net->forward(golden_rows()), net->forward(golden_rows())));
  const at::Tensor inputs = net->features(golden_rows(), "input");
  EXPECT_GT((inputs == 0).sum().item<int64_t>(), 0);
  net->train(false);
  EXPECT_TRUE(at::equal(net->forward(golden_rows()), net->forward(golden_rows())));
  try {
    net->features(golden_rows(), "fc");
    FAIL();
  } catch (const Error& error) { EXPECT_THAT(error.what(), HasSubstr("input, layer1, output")); }
}

TEST(TableNets, TheUsualRuleForWidths) {
  EXPECT_EQ(embedding_width(1), 2);
  EXPECT_EQ(embedding_width(7), 5);
  EXPECT_EQ(embedding_width(1116), 81);  // Rossmann's stores, as fast.ai prints them
  EXPECT_EQ(embedding_width(100000000), 600);
}

TEST(TableNets, SpecsThatMakeNoSenseAreRefused) {
  const auto complaint = [](const std::function<void(NetSpec&)>& spoil) -> std::string {
    NetSpec spec = spec_of("tabular", 1, {}, {8, 4});
    spoil(spec);
    try {
      make_net(spec);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kUsage);
      return error.what();
    }
    return "nothing was wrong";
  };
  EXPECT_THAT(complaint([](NetSpec& s) { s.table.cardinalities.clear(), s.table.numbers = 0; }),
              HasSubstr("at least one"));
  EXPECT_THAT(complaint([](NetSpec& s) { s.table.widths = {3}; }), HasSubstr("each column"));
  EXPECT_THAT(complaint([](NetSpec& s) { s.table.layers = {0}; }), HasSubstr("net.layers"));
  EXPECT_THAT(complaint([](NetSpec& s) { s.table.dropout = {0.1, 0.2, 0.3}; }), HasSubstr("2 layers"));
  EXPECT_THAT(complaint([](NetSpec& s) { s.table.dropout = {1}; }), HasSubstr("[0, 1)"));
  EXPECT_THAT(complaint([](NetSpec& s) { s.table.range = {2, 1}; }), HasSubstr("net.range"));
}

TEST(TableNets, ATrainingBatchOfOneRowIsRefused) {
  const auto net = make_net(spec_of("tabular", 1, {}, {8}));
  net->train(true);
  const NetInput rows = golden_rows();
  EXPECT_THROW(net->forward(NetInput(rows.cat.slice(0, 0, 1), rows.cont.slice(0, 0, 1))), Error);
  net->train(false);
  net->forward(NetInput(rows.cat.slice(0, 0, 1), rows.cont.slice(0, 0, 1)));
}

}  // namespace
}  // namespace penstock::nets
