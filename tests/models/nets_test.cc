// Networks against torchvision: golden/make_golden.py says how the numbers were made.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "engine/base/error.h"
#include "models/nets/net.h"
#include "models/nets/state.h"
#include "tests/models/golden_state.h"

namespace penstock::nets {
namespace {

using test::filled;
using test::pattern;
using testing::HasSubstr;

struct Golden {
  std::vector<NamedTensor> state;
  std::vector<float> logits;
};

Golden golden_of(const std::string& arch) {
  std::ifstream in(PENSTOCK_SOURCE_DIR "/tests/models/golden/" + arch + ".txt");
  Golden out;
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name == "logits") {
      for (float value; words >> value;) out.logits.push_back(value);
      continue;
    }
    std::vector<int64_t> shape;
    for (int64_t extent; words >> extent;) shape.push_back(extent);
    out.state.emplace_back(name, filled(out.state.size(), name, shape));
  }
  return out;
}

at::Tensor golden_images() {
  const at::Tensor images = at::empty({2, 3, 64, 64});
  for (int64_t i = 0; i < images.numel(); ++i) {
    images.mutable_data_ptr<float>()[i] = static_cast<float>(pattern(static_cast<uint64_t>(i), 1000));
  }
  return images;
}

std::vector<NamedTensor> tensors_of(const Net& net) {
  auto all = net.parameters();
  for (auto& buffer : net.buffers()) all.push_back(buffer);
  return all;
}

class TorchvisionNet : public testing::TestWithParam<const char*> {};

TEST_P(TorchvisionNet, GivesTheLogitsOfTorchvisionForItsStateDict) {
  at::set_num_threads(1);
  const Golden golden = golden_of(GetParam());
  ASSERT_EQ(golden.logits.size(), 14u);
  const auto net = make_net({.arch = GetParam(), .classes = 7});
  EXPECT_EQ(tensors_of(*net).size(), golden.state.size());
  const auto bytes = encode_state(golden.state, {});
  copy_state(decode_safetensors(bytes, "golden"), "", tensors_of(*net), "golden");
  net->train(false);
  const at::NoGradGuard no_grad;
  const at::Tensor logits = net->forward(golden_images()).contiguous();
  for (int64_t i = 0; i < 14; ++i) {
    EXPECT_NEAR(logits.const_data_ptr<float>()[i], golden.logits[static_cast<size_t>(i)], 1e-4) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(ResNets, TorchvisionNet, testing::Values("resnet18", "resnet34", "resnet50"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Nets, FeaturesAreTheLayersByName) {
  at::set_num_threads(1);
  at::manual_seed(1);
  const auto net = make_net({.arch = "resnet18", .classes = 5});
  net->train(false);
  const at::NoGradGuard no_grad;
  const at::Tensor images = golden_images();
  EXPECT_EQ(net->features(images, "avgpool").sizes().vec(), (std::vector<int64_t>{2, 512}));
  EXPECT_EQ(net->features(images, "layer2").sizes().vec(), (std::vector<int64_t>{2, 128, 8, 8}));
  EXPECT_TRUE(net->features(images, "fc").equal(net->forward(images)));
  for (const char* wrong : {"layer9", ""}) {
    try {
      net->features(images, wrong);
      FAIL() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kUsage);
      EXPECT_THAT(error.what(), HasSubstr("avgpool"));
    }
  }
}

TEST(Nets, FirstWeightsComeFromTheSeed) {
  const auto bytes_with = [](uint64_t seed) {
    at::manual_seed(seed);
    return encode_state(tensors_of(*make_net({.arch = "resnet18", .classes = 5})), {});
  };
  EXPECT_EQ(bytes_with(1), bytes_with(1));
  EXPECT_NE(bytes_with(1), bytes_with(2));
}

TEST(Nets, ZeroInitResidualStopsEachBlocksLastNorm) {
  const auto net = make_net({.arch = "resnet50", .classes = 5, .zero_init_residual = true});
  int zeros = 0;
  for (const auto& [name, tensor] : net->parameters()) {
    if (!name.ends_with("bn3.weight")) continue;
    EXPECT_EQ(tensor.abs().sum().item<float>(), 0) << name;
    ++zeros;
  }
  EXPECT_EQ(zeros, 16);
}

TEST(Nets, UnknownNamesAndClassesAreRefused) {
  try {
    check({.arch = "resnet81"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("resnet18"));
  }
  EXPECT_THROW(check({.arch = "resnet18", .classes = 0}), Error);
  EXPECT_THROW(make_net({.arch = "torchscript", .classes = 2}), Error);
}

TEST(Nets, StateOfAnotherNetworkIsRefusedWhole) {
  at::manual_seed(1);
  const auto ten = make_net({.arch = "resnet18", .classes = 10});
  const auto five = make_net({.arch = "resnet18", .classes = 5});
  const auto before = encode_state(tensors_of(*ten), {});
  const auto bytes = encode_state(tensors_of(*five), {});
  try {
    copy_state(decode_safetensors(bytes, "five"), "", tensors_of(*ten), "five");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kData);
    EXPECT_THAT(error.what(), HasSubstr("fc."));
    EXPECT_THAT(error.what(), HasSubstr("shape (5"));
  }
  EXPECT_EQ(encode_state(tensors_of(*ten), {}), before);
  EXPECT_THROW(copy_state(decode_safetensors(bytes, "five"), "ema/", tensors_of(*five), "five"), Error);
}

TEST(Nets, AFileThatIsNoTorchScriptIsRefused) {
  const std::string text = "hello";
  try {
    load_script_net(std::as_bytes(std::span(text.data(), text.size())), "model.pt");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kData);
    EXPECT_THAT(error.what(), HasSubstr("model.pt"));
  }
}

}  // namespace
}  // namespace penstock::nets
