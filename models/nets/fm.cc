#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include "models/nets/table_layers.h"
#include "models/nets/table_nets.h"

namespace penstock::nets {
namespace {

constexpr int64_t kDefaultFactors = 16;

// Rendle's libFM draws factors with a small deviation and begins with weights of 0.
void draw_factors(at::Tensor& weight) { weight.normal_(0, 0.01); }
void draw_zeros(at::Tensor& weight) { weight.zero_(); }

class FactorisationMachine final : public RowModule {
 public:
  explicit FactorisationMachine(const NetSpec& spec)
      : range_(spec.table.range),
        outputs_(spec.classes),
        factors_(spec.table.widths.empty() ? kDefaultFactors : spec.table.widths[0]) {
    const TableNetSpec& table = spec.table;
    const auto widths = [&](int64_t width) { return std::vector<int64_t>(table.cardinalities.size(), width); };
    linear_ = register_module("linear", std::make_shared<Embeddings>(table, widths(outputs_), draw_zeros));
    pairs_ = register_module("factors", std::make_shared<Embeddings>(table, widths(outputs_ * factors_), draw_factors));
    if (table.numbers > 0) {
      number_linear_ = register_parameter("number_linear", at::zeros({table.numbers, outputs_}));
      number_factors_ =
          register_parameter("number_factors", at::empty({table.numbers, outputs_ * factors_}).normal_(0, 0.01));
    }
    bias_ = register_parameter("bias", at::zeros({outputs_}));
  }

  at::Tensor run(const NetInput& input, const Seen& seen) override {
    at::Tensor first = bias_.expand({input.count(), outputs_});
    at::Tensor sum, squares;  // over all x: of v x, and of (v x)^2, each (N, outputs * factors)
    if (linear_->size() > 0) {
      first = first + at::stack(linear_->forward(input, 0), 0).sum(0);
      const at::Tensor v = at::stack(pairs_->forward(input, linear_->size()), 0);
      sum = v.sum(0);
      squares = v.square().sum(0);
    }
    if (number_linear_.defined()) {
      first = first + input.cont.matmul(number_linear_);
      const at::Tensor s = input.cont.matmul(number_factors_);
      const at::Tensor q = input.cont.square().matmul(number_factors_.square());
      sum = sum.defined() ? sum + s : s;
      squares = squares.defined() ? squares + q : q;
    }
    if (seen("linear", first)) return first;
    const at::Tensor second = (sum.square() - squares).view({-1, outputs_, factors_}).sum(2) * 0.5;
    if (seen("pairs", second)) return second;
    const at::Tensor out = held_in(range_, first + second);
    seen("output", out);
    return out;
  }

  std::vector<EmbeddingTable> tables() const override {
    std::vector<EmbeddingTable> out;
    linear_->list("linear", out);
    pairs_->list("factors", out);
    return out;
  }

 private:
  std::vector<double> range_;
  int64_t outputs_, factors_;
  std::shared_ptr<Embeddings> linear_, pairs_;
  at::Tensor number_linear_, number_factors_;  // undefined without numbers
  at::Tensor bias_;
};

}  // namespace

std::unique_ptr<Net> make_fm(const NetSpec& spec) {
  return make_row_net(std::make_shared<FactorisationMachine>(spec), "fm");
}

}  // namespace penstock::nets
