#include <ATen/core/grad_mode.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tril_indices.h>

#include <cmath>

#include "models/nets/table_layers.h"
#include "models/nets/table_nets.h"

namespace penstock::nets {
namespace {

namespace nn = torch::nn;

constexpr int64_t kDefaultWidth = 16;  // of the paper's benchmarks on Criteo's data

/// Linear layers whose names count the ReLU between them, as in the reference's Sequential.
struct Stack final : nn::Module {
  Stack(int64_t in, const std::vector<int64_t>& layers) {
    const at::NoGradGuard no_grad;
    for (size_t i = 0; i < layers.size(); ++i) {
      linears.push_back(register_module(std::to_string(2 * i), nn::Linear(in, layers[i])));
      const auto m = static_cast<double>(layers[i]), n = static_cast<double>(in);
      linears.back()->weight.normal_(0, std::sqrt(2 / (m + n)));
      linears.back()->bias.normal_(0, std::sqrt(1 / m));
      in = layers[i];
    }
  }
  std::vector<nn::Linear> linears;
};

void draw(at::Tensor& weight) {
  const double most = std::sqrt(1 / static_cast<double>(weight.size(0)));
  weight.uniform_(-most, most);
}

std::vector<int64_t> with(std::vector<int64_t> layers, int64_t last) {
  layers.push_back(last);
  return layers;
}

class Dlrm final : public RowModule {
 public:
  explicit Dlrm(const NetSpec& spec) : table_(spec.table) {
    const int64_t width = table_.widths.empty() ? kDefaultWidth : table_.widths[0];
    const std::vector<int64_t> widths(table_.cardinalities.size(), width);
    emb_l_ = register_module("emb_l", std::make_shared<Embeddings>(table_, widths, draw));
    auto vectors = static_cast<int64_t>(widths.size());
    int64_t in = 0;
    if (table_.numbers > 0) {
      bot_l_ = register_module("bot_l", std::make_shared<Stack>(table_.numbers, with(table_.bottom, width)));
      ++vectors;
      in = width;
    }
    // Below the diagonal: each pair once, no vector with itself.
    pairs_ = at::tril_indices(vectors, vectors, -1);
    in += pairs_.size(1);
    if (in == 0) in = width;  // a single column of codes has no pairs: its vector is all there is
    top_l_ = register_module("top_l", std::make_shared<Stack>(in, with(table_.layers, spec.classes)));
  }

  at::Tensor run(const NetInput& input, const Seen& seen) override {
    std::vector<at::Tensor> vectors, joined;
    if (bot_l_) {
      at::Tensor x = input.cont;
      for (nn::Linear& linear : bot_l_->linears) x = at::relu(linear(x));
      if (seen("bottom", x)) return x;
      vectors.push_back(x);
      joined.push_back(x);
    }
    for (at::Tensor& vector : emb_l_->forward(input)) vectors.push_back(std::move(vector));
    if (pairs_.size(1) > 0) {
      const at::Tensor t = at::stack(vectors, 1);  // (N, F, width)
      if (pairs_.device() != t.device()) pairs_ = pairs_.to(t.device());
      const at::Tensor products = at::bmm(t, t.transpose(1, 2));
      joined.push_back(products.flatten(1).index_select(1, pairs_[0] * products.size(2) + pairs_[1]));
    } else if (joined.empty()) {
      joined = vectors;
    }
    at::Tensor x = at::cat(joined, 1);
    if (seen("interaction", x)) return x;
    std::vector<nn::Linear>& top = top_l_->linears;
    for (size_t i = 0; i + 1 < top.size(); ++i) {
      x = at::relu(top[i](x));
      x = dropped(x, dropout_after(table_, i), is_training(), input);
      if (seen("layer" + std::to_string(i + 1), x)) return x;
    }
    x = held_in(table_.range, top.back()(x));
    seen("output", x);
    return x;
  }

  std::vector<EmbeddingTable> tables() const override {
    std::vector<EmbeddingTable> out;
    emb_l_->list("emb_l", out);
    return out;
  }

 private:
  TableNetSpec table_;
  std::shared_ptr<Embeddings> emb_l_;
  std::shared_ptr<Stack> bot_l_, top_l_;  // bot_l_: null without numbers
  at::Tensor pairs_;                      // i64 (2, pairs); follows the vectors to their device
};

}  // namespace

std::unique_ptr<Net> make_dlrm(const NetSpec& spec) { return make_row_net(std::make_shared<Dlrm>(spec), "dlrm"); }

}  // namespace penstock::nets
