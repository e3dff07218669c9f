// Which networks there are, without a torch header: for recipes, `check` and `penstock recipes`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::nets {

/// What a resnet has after each convolution. Group norm (Wu and He 2018) counts within each record: no lane needs another's statistics.
enum class NormKind : uint8_t { kBatch, kGroup };

/// What a network of rows is made for and made of. Plain numbers, stored with the weights.
struct TableNetSpec {
  std::vector<int64_t> cardinalities;  ///< of each column of codes: they run from 0 to cardinality - 1
  int64_t numbers = 0;                 ///< columns of numbers
  /// tabular: of each embedding; empty: embedding_width(). dlrm, fm: one for all, 16 where empty.
  std::vector<int64_t> widths;
  std::vector<int64_t> layers = {200, 100};  ///< hidden ones (dlrm: of the top)
  std::vector<int64_t> bottom = {64, 32};    ///< dlrm: hidden layers that the numbers go through
  std::vector<double> dropout;               ///< after each of `layers`; one for all will do; empty: none
  double embedding_dropout = 0;              ///< tabular: of the values of embeddings
  bool batch_norm = true;                    ///< tabular: of the numbers, and after each hidden layer
  std::vector<double> range;                 ///< outputs lie between these two (a scaled sigmoid); empty: anywhere
  /// Embeddings of at least so many categories are made without memory or a draw, one row of zeros in the place of all: who makes the network gives
  /// them tensors of their shape before it is used. 0: none.
  int64_t lent_from = 0;
  bool operator==(const TableNetSpec&) const = default;
};

/// What a recipe's [net] says.
struct NetSpec {
  std::string arch = "resnet18";    ///< a name of net_names(), or "torchscript": a module of the user's
  int64_t classes = 1000;           ///< width of the logits
  bool zero_init_residual = false;  ///< resnets: the last norm of each block starts at 0 (Goyal et al. 2017)
  NormKind norm = NormKind::kBatch;
  TableNetSpec table = {};  ///< of networks of rows
};

/// Those of pictures, then those of rows: "resnet18", "resnet34", "resnet50", "tabular", "dlrm", "fm".
const std::vector<std::string>& net_names();

/// Whether it takes rows (cat, cont) in place of pictures.
bool is_table_net(const std::string& arch);

/// min(600, round(1.6 n^0.56)): the rule of thumb of fast.ai's tabular models for n categories.
int64_t embedding_width(int64_t cardinality);

/// Throws Error kUsage that names the nearest network where `spec.arch` is unknown, where `classes` < 1, or where a network of rows makes no
/// sense: no column, a width or layer below 1, dropouts that are none or do not fit the layers, a range that does not rise.
void check(const NetSpec& spec);

}  // namespace penstock::nets
