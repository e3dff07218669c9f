// What networks of rows have in common. Included by them alone.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "models/nets/batch_norm.h"
#include "models/nets/net.h"

namespace penstock::nets {

/// One embedding a column: "NAME.0.weight", "NAME.1.weight", ...
class Embeddings final : public torch::nn::Module {
 public:
  /// Of `table`'s columns. `draw` fills a new table (cardinality, width).
  Embeddings(const TableNetSpec& table, const std::vector<int64_t>& widths,
             const std::function<void(at::Tensor&)>& draw);

  /// Of each column (N, width). `first`: the place of its first table in `input.rows`.
  std::vector<at::Tensor> forward(const NetInput& input, size_t first = 0) const;
  size_t size() const { return weights_.size(); }
  void list(const std::string& name, std::vector<EmbeddingTable>& into) const;

 private:
  std::vector<at::Tensor> weights_;
};

/// Batch norm of (N, C): one that can count over all lanes.
class RowNorm {
 public:
  explicit RowNorm(int64_t columns) : norm_(columns) {}
  at::Tensor operator()(const at::Tensor& x);
  std::shared_ptr<torch::nn::Module> module() const { return norm_.ptr(); }

 private:
  BatchNorm norm_;
};

/// `x` with a share `p` of its values 0 and the others scaled up for it, in training; else itself.
at::Tensor dropped(const at::Tensor& x, double p, bool training, const NetInput& input);
/// The dropout after layer `i`.
double dropout_after(const TableNetSpec& table, size_t i);
/// What `range` says, or the same.
at::Tensor held_in(const std::vector<double>& range, const at::Tensor& outputs);

/// A layer's output on the way, for features(): true ends there.
using Seen = std::function<bool(const std::string& layer, const at::Tensor& output)>;

/// A module behind the interface of all networks.
class RowModule : public torch::nn::Module {
 public:
  /// Outputs (N, classes), or what it had when `seen` ended it.
  virtual at::Tensor run(const NetInput& input, const Seen& seen) = 0;
  virtual std::vector<EmbeddingTable> tables() const = 0;
};

std::unique_ptr<Net> make_row_net(std::shared_ptr<RowModule> module, std::string arch);

}  // namespace penstock::nets
