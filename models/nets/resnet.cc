#include "models/nets/resnet.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include "engine/base/error.h"
#include "models/nets/batch_norm.h"
#include "models/nets/module_tensors.h"

namespace penstock::nets {
namespace {

namespace nn = torch::nn;

nn::Conv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

/// What stands after each convolution, under torchvision's names.
class Norm {
 public:
  Norm(NormKind kind, int64_t channels)
      : norm_(kind == NormKind::kBatch ? nn::AnyModule(BatchNorm(channels))
                                       : nn::AnyModule(nn::GroupNorm(nn::GroupNormOptions(kGroups, channels)))) {}
  at::Tensor operator()(const at::Tensor& x) { return norm_.forward(x); }
  std::shared_ptr<nn::Module> module() const { return norm_.ptr(); }

 private:
  static constexpr int64_t kGroups = 32;  // Wu and He 2018 (arXiv 1803.08494), table 3
  nn::AnyModule norm_;
};

/// "downsample": the projection of the shortcut, as torchvision's Sequential names it.
struct Projection final : nn::Module {
  Projection(int64_t in, int64_t out, int64_t stride, NormKind norm)
      : conv_(register_module("0", conv(in, out, 1, stride))), norm_(norm, out) {
    register_module("1", norm_.module());
  }
  at::Tensor forward(const at::Tensor& x) { return norm_(conv_(x)); }

  nn::Conv2d conv_;
  Norm norm_;
};

/// One residual block: basic (two 3x3) or bottleneck (1x1, 3x3, 1x1).
struct Block final : nn::Module {
  Block(int64_t in, int64_t width, int64_t out, int64_t stride, bool bottleneck, NormKind norm) {
    const auto add = [this, norm](int64_t from, int64_t to, int64_t kernel, int64_t step) {
      const std::string number = std::to_string(convs_.size() + 1);
      convs_.push_back(register_module("conv" + number, conv(from, to, kernel, step)));
      norms_.emplace_back(norm, to);
      register_module("bn" + number, norms_.back().module());
    };
    if (bottleneck) {
      add(in, width, 1, 1);
      add(width, width, 3, stride);
      add(width, out, 1, 1);
    } else {
      add(in, width, 3, stride);
      add(width, out, 3, 1);
    }
    if (stride != 1 || in != out)
      downsample_ = register_module("downsample", std::make_shared<Projection>(in, out, stride, norm));
  }

  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = x;
    for (size_t i = 0; i < convs_.size(); ++i) {
      y = norms_[i](convs_[i](y));
      if (i + 1 < convs_.size()) at::relu_(y);
    }
    y += downsample_ ? downsample_->forward(x) : x;
    return at::relu_(y);
  }

  std::vector<nn::Conv2d> convs_;
  std::vector<Norm> norms_;
  std::shared_ptr<Projection> downsample_;
};

struct Layer final : nn::Module {
  at::Tensor forward(at::Tensor x) {
    for (const auto& block : blocks_) x = block->forward(x);
    return x;
  }
  std::vector<std::shared_ptr<Block>> blocks_;
};

struct Shape {
  bool bottleneck;
  int64_t blocks[4];
};

Shape shape_of(const std::string& arch) {
  if (arch == "resnet18") return {false, {2, 2, 2, 2}};
  if (arch == "resnet34") return {false, {3, 4, 6, 3}};
  PENSTOCK_CHECK(arch == "resnet50");
  return {true, {3, 4, 6, 3}};
}

struct ResNetModule final : nn::Module {
  explicit ResNetModule(const NetSpec& spec) : bn1_(spec.norm, 64) {
    const Shape shape = shape_of(spec.arch);
    conv1_ = register_module("conv1", nn::Conv2d(nn::Conv2dOptions(3, 64, 7).stride(2).padding(3).bias(false)));
    register_module("bn1", bn1_.module());
    int64_t in = 64;
    for (int i = 0; i < 4; ++i) {
      const int64_t width = int64_t{64} << i;
      const int64_t out = shape.bottleneck ? width * 4 : width;
      layers_.push_back(register_module("layer" + std::to_string(i + 1), std::make_shared<Layer>()));
      for (int64_t b = 0; b < shape.blocks[i]; ++b) {
        const int64_t stride = b == 0 && i > 0 ? 2 : 1;
        auto block = std::make_shared<Block>(in, width, out, stride, shape.bottleneck, spec.norm);
        layers_.back()->blocks_.push_back(layers_.back()->register_module(std::to_string(b), block));
        in = out;
      }
    }
    fc_ = register_module("fc", nn::Linear(in, spec.classes));
    initialise(spec.zero_init_residual);
  }

  void initialise(bool zero_residual) {
    for (const auto& module : modules(/*include_self=*/false)) {
      if (auto* c = module->as<nn::Conv2dImpl>()) nn::init::kaiming_normal_(c->weight, 0, torch::kFanOut, torch::kReLU);
    }
    if (!zero_residual) return;  // norms are 1 and 0 already
    const at::NoGradGuard no_grad;
    for (const auto& layer : layers_) {
      for (const auto& block : layer->blocks_) block->norms_.back().module()->named_parameters()["weight"].zero_();
    }
  }

  /// Stops after `until` and gives its output; runs through and gives the logits where it is empty.
  at::Tensor run(at::Tensor x, const std::string& until, bool& found) {
    const auto done = [&](const char* name) { return found = until == name; };
    x = conv1_(x);
    if (done("conv1")) return x;
    x = bn1_(x);
    if (done("bn1")) return x;
    x = at::relu_(x);
    if (done("relu")) return x;
    x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
    if (done("maxpool")) return x;
    for (size_t i = 0; i < layers_.size(); ++i) {
      x = layers_[i]->forward(x);
      if (done(("layer" + std::to_string(i + 1)).c_str())) return x;
    }
    x = at::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
    if (done("avgpool")) return x;
    x = fc_(x);
    found = until == "fc" || until.empty();
    return x;
  }

  nn::Conv2d conv1_{nullptr};
  Norm bn1_;
  std::vector<std::shared_ptr<Layer>> layers_;
  nn::Linear fc_{nullptr};
};

class ResNet final : public Net {
 public:
  explicit ResNet(const NetSpec& spec) : module_(spec), arch_(spec.arch) {}

  at::Tensor forward(const NetInput& input) override {
    const at::Tensor& images = input.images;
    bool found = false;
    return module_.run(images, "", found);
  }

  at::Tensor features(const NetInput& input, const std::string& layer) override {
    const at::Tensor& images = input.images;
    bool found = false;
    at::Tensor out = module_.run(images, layer.empty() ? "?" : layer, found);
    if (!found) {
      throw Error(Code::kUsage, arch_ + " has no layer '" + layer + "'")
          .hint("its layers: conv1, bn1, relu, maxpool, layer1, layer2, layer3, layer4, avgpool, fc");
    }
    return out;
  }

  std::vector<NamedTensor> parameters() const override { return parameters_of(module_); }
  std::vector<NamedTensor> buffers() const override { return buffers_of(module_); }
  void train(bool on) override { module_.train(on); }
  void move_to(at::Device device) override { module_.to(device); }
  void count_over(Collective* group) override {
    count_norms_over(module_, group, arch_, "leave train.sync_batch_norm out, or set net.norm = \"batch\"");
  }

 private:
  ResNetModule module_;
  std::string arch_;
};

}  // namespace

std::unique_ptr<Net> make_resnet(const NetSpec& spec) { return std::make_unique<ResNet>(spec); }

}  // namespace penstock::nets
