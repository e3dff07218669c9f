#include <ATen/ops/cat.h>
#include <ATen/ops/relu.h>

#include "models/nets/table_layers.h"
#include "models/nets/table_nets.h"

namespace penstock::nets {
namespace {

namespace nn = torch::nn;

std::vector<int64_t> widths_of(const TableNetSpec& table) {
  if (!table.widths.empty()) return table.widths;
  std::vector<int64_t> out;
  for (const int64_t cardinality : table.cardinalities) out.push_back(embedding_width(cardinality));
  return out;
}

// fast.ai's trunc_normal_ of deviation 0.01.
void draw(at::Tensor& weight) { weight.normal_().fmod_(2).mul_(0.01); }

/// Linear, ReLU, batch norm, dropout: fast.ai's LinBnDrop with lin_first, under its names.
struct Layer final : nn::Module {
  Layer(int64_t in, int64_t out, bool batch_norm, double p)
      : linear(register_module("0", nn::Linear(nn::LinearOptions(in, out).bias(!batch_norm)))), dropout(p) {
    if (batch_norm) register_module("2", norms.emplace_back(out).module());
  }
  at::Tensor forward(at::Tensor x, const NetInput& input) {
    x = at::relu(linear(x));
    for (RowNorm& norm : norms) x = norm(x);
    return dropped(x, dropout, is_training(), input);
  }

  nn::Linear linear;
  std::vector<RowNorm> norms;  // one, or none
  double dropout;
};

/// The last layer is a linear one alone, in a sequence of one as fast.ai has it.
struct Output final : nn::Module {
  Output(int64_t in, int64_t out) : linear(register_module("0", nn::Linear(in, out))) {}
  nn::Linear linear;
};

class Tabular final : public RowModule {
 public:
  explicit Tabular(const NetSpec& spec) : table_(spec.table) {
    const std::vector<int64_t> widths = widths_of(table_);
    embeds_ = register_module("embeds", std::make_shared<Embeddings>(table_, widths, draw));
    int64_t in = table_.numbers;
    for (const int64_t width : widths) in += width;
    if (table_.batch_norm && table_.numbers > 0)
      register_module("bn_cont", bn_cont_.emplace_back(table_.numbers).module());
    const auto stack = register_module("layers", std::make_shared<nn::Module>("layers"));
    for (size_t i = 0; i < table_.layers.size(); ++i) {
      layers_.push_back(stack->register_module(
          std::to_string(i),
          std::make_shared<Layer>(in, table_.layers[i], table_.batch_norm, dropout_after(table_, i))));
      in = table_.layers[i];
    }
    output_ = stack->register_module(std::to_string(layers_.size()), std::make_shared<Output>(in, spec.classes));
  }

  at::Tensor run(const NetInput& input, const Seen& seen) override {
    std::vector<at::Tensor> parts;
    if (embeds_->size() > 0) {
      parts.push_back(dropped(at::cat(embeds_->forward(input), 1), table_.embedding_dropout, is_training(), input));
    }
    if (table_.numbers > 0) parts.push_back(bn_cont_.empty() ? input.cont : bn_cont_.front()(input.cont));
    at::Tensor x = parts.size() == 1 ? parts.front() : at::cat(parts, 1);
    if (seen("input", x)) return x;
    for (size_t i = 0; i < layers_.size(); ++i) {
      x = layers_[i]->forward(x, input);
      if (seen("layer" + std::to_string(i + 1), x)) return x;
    }
    x = held_in(table_.range, output_->linear(x));
    seen("output", x);
    return x;
  }

  std::vector<EmbeddingTable> tables() const override {
    std::vector<EmbeddingTable> out;
    embeds_->list("embeds", out);
    return out;
  }

 private:
  TableNetSpec table_;
  std::shared_ptr<Embeddings> embeds_;
  std::vector<RowNorm> bn_cont_;  // one, or none
  std::vector<std::shared_ptr<Layer>> layers_;
  std::shared_ptr<Output> output_;
};

}  // namespace

std::unique_ptr<Net> make_tabular(const NetSpec& spec) {
  return make_row_net(std::make_shared<Tabular>(spec), "tabular");
}

}  // namespace penstock::nets
