#include "models/nets/table_layers.h"

#include <ATen/ops/dropout.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "engine/base/error.h"
#include "models/nets/module_tensors.h"

namespace penstock::nets {

Embeddings::Embeddings(const TableNetSpec& table, const std::vector<int64_t>& widths,
                       const std::function<void(at::Tensor&)>& draw) {
  for (size_t i = 0; i < table.cardinalities.size(); ++i) {
    const auto holder = std::make_shared<Module>();
    const int64_t cardinality = table.cardinalities[i];
    const bool lent = table.lent_from > 0 && cardinality >= table.lent_from;
    at::Tensor weight =
        lent ? at::zeros({1, widths[i]}).expand({cardinality, widths[i]}) : at::empty({cardinality, widths[i]});
    if (!lent) draw(weight);
    weights_.push_back(holder->register_parameter("weight", weight));
    register_module(std::to_string(i), holder);
  }
}

std::vector<at::Tensor> Embeddings::forward(const NetInput& input, size_t first) const {
  std::vector<at::Tensor> out;
  out.reserve(weights_.size());
  for (size_t i = 0; i < weights_.size(); ++i) {
    const bool given = first + i < input.rows.size() && input.rows[first + i].defined();
    out.push_back(
        at::embedding(given ? input.rows[first + i] : weights_[i], input.cat.select(1, static_cast<int64_t>(i))));
  }
  return out;
}

void Embeddings::list(const std::string& name, std::vector<EmbeddingTable>& into) const {
  for (size_t i = 0; i < weights_.size(); ++i)
    into.push_back({name + "." + std::to_string(i) + ".weight", static_cast<int64_t>(i), weights_[i]});
}

at::Tensor RowNorm::operator()(const at::Tensor& x) {
  if (norm_->is_training() && x.size(0) == 1 && !norm_->counts_over_lanes())
    throw Error(Code::kUsage, "a training batch of one row has no variance, and batch norm needs one")
        .hint("set data.last = \"drop\", a larger data.batch, or net.batch_norm = false");
  return norm_->forward(x.view({x.size(0), x.size(1), 1, 1})).view(x.sizes());
}

at::Tensor dropped(const at::Tensor& x, double p, bool training, const NetInput& input) {
  if (p == 0 || !training) return x;
  if (!input.draws) return at::dropout(x, p, training);
  const at::Tensor kept = at::empty_like(x, at::TensorOptions().requires_grad(false)).bernoulli_(1 - p, input.draws);
  return x * kept.div_(1 - p);
}

double dropout_after(const TableNetSpec& table, size_t i) {
  if (table.dropout.empty()) return 0;
  return table.dropout[table.dropout.size() == 1 ? 0 : i];
}

at::Tensor held_in(const std::vector<double>& range, const at::Tensor& outputs) {
  if (range.empty()) return outputs;
  return at::sigmoid(outputs) * (range[1] - range[0]) + range[0];
}

namespace {

class RowNet final : public Net {
 public:
  RowNet(std::shared_ptr<RowModule> module, std::string arch) : module_(std::move(module)), arch_(std::move(arch)) {}

  at::Tensor forward(const NetInput& input) override {
    return module_->run(input, [](const std::string&, const at::Tensor&) { return false; });
  }

  at::Tensor features(const NetInput& input, const std::string& layer) override {
    bool found = false;
    std::string names;
    at::Tensor out = module_->run(input, [&](const std::string& name, const at::Tensor&) {
      names += (names.empty() ? "" : ", ") + name;
      return found = name == layer;
    });
    if (!found) throw Error(Code::kUsage, arch_ + " has no layer '" + layer + "'").hint("its layers: " + names);
    return out;
  }

  std::vector<NamedTensor> parameters() const override { return parameters_of(*module_); }
  std::vector<NamedTensor> buffers() const override { return buffers_of(*module_); }
  std::vector<EmbeddingTable> tables() const override { return module_->tables(); }
  void train(bool on) override { module_->train(on); }

  void move_to(at::Device device) override {
    const std::vector<EmbeddingTable> embeddings = tables();
    for (const auto& list : {parameters(), buffers()})
      for (const auto& [name, tensor] : list) {
        const bool stays = !tensor.requires_grad() &&
                           std::ranges::any_of(embeddings, [&](const auto& t) { return t.weight.is_same(tensor); });
        if (!stays) at::Tensor(tensor).set_data(tensor.to(device));
      }
  }

  void count_over(Collective* group) override {
    count_norms_over(*module_, group, arch_, "leave train.sync_batch_norm out");
  }

 private:
  std::shared_ptr<RowModule> module_;
  std::string arch_;
};

}  // namespace

std::unique_ptr<Net> make_row_net(std::shared_ptr<RowModule> module, std::string arch) {
  return std::make_unique<RowNet>(std::move(module), std::move(arch));
}

}  // namespace penstock::nets
