#include "models/classic_model.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "models/nets/safetensors.h"

namespace penstock::classic {
namespace {

ClusterModel example() {
  return {.method = "k-means",
          .width = 2,
          .centres = {1, 2, 3, 4, 5, 6},
          .pca = PcaModel{.width = 3,
                          .mean = {1, 2, 3},
                          .components = {1, 0, 0, 0, 1, 0},
                          .variance = {4, 1},
                          .ratio = {0.7, 0.2},
                          .whiten = true},
          .finished = false};
}

Code refusal(std::span<const std::byte> bytes) {
  try {
    decode_model(bytes, "m.safetensors");
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("m.safetensors"), std::string::npos) << error.what();
    return error.code();
  }
  ADD_FAILURE() << "was not refused";
  return Code::kInternal;
}

TEST(ClassicModel, ComesBackAsItWas) {
  const ClusterModel model = example();
  const std::vector<std::byte> bytes = encode_model(model);
  EXPECT_EQ(bytes, encode_model(model));
  const ClusterModel back = decode_model(bytes, "m.safetensors");
  EXPECT_EQ(back.method, "k-means");
  EXPECT_EQ(back.size(), 3u);
  EXPECT_EQ(back.input_width(), 3u);
  EXPECT_FALSE(back.finished);
  EXPECT_EQ(back.centres, model.centres);
  ASSERT_TRUE(back.pca);
  EXPECT_EQ(back.pca->mean, model.pca->mean);
  EXPECT_EQ(back.pca->components, model.pca->components);
  EXPECT_EQ(back.pca->variance, model.pca->variance);
  EXPECT_TRUE(back.pca->whiten);
}

TEST(ClassicModel, WhatIsNoneIsRefused) {
  const std::vector<float> values{1, 2};
  const std::vector<nets::StoredTensor> tensors{
      {.name = "centres", .shape = {1, 2}, .bytes = std::as_bytes(std::span(values))}};
  EXPECT_EQ(refusal(nets::encode_safetensors(tensors, {})), Code::kUsage);
  EXPECT_EQ(refusal(nets::encode_safetensors(tensors, {{"format", "penstock.cluster"}, {"version", "2"}})),
            Code::kUsage);
  EXPECT_EQ(refusal(nets::encode_safetensors({}, {{"format", "penstock.cluster"}, {"version", "1"}})), Code::kData);
  std::vector<std::byte> cut = encode_model(example());
  cut.resize(cut.size() - 4);
  EXPECT_EQ(refusal(cut), Code::kData);
  ClusterModel wrong = example();
  wrong.width = 3;  // two centres, and a projection to two values
  EXPECT_EQ(refusal(encode_model(wrong)), Code::kData);
  wrong = example();
  wrong.centres[0] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(refusal(encode_model(wrong)), Code::kData);
}

}  // namespace
}  // namespace penstock::classic
