#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <sstream>

#include "engine/base/error.h"
#include "models/nets/net.h"
#include "models/nets/package.h"

namespace penstock::nets {
namespace {

class ScriptNet final : public Net {
 public:
  explicit ScriptNet(torch::jit::Module module) : module_(std::move(module)) {}

  at::Tensor forward(const NetInput& input) override {
    const at::Tensor& images = input.images;
    const c10::IValue out = module_.forward({images});
    if (!out.isTensor() || out.toTensor().dim() != 2) {
      throw Error(Code::kUsage, "the TorchScript module's forward returned something else than logits (N, classes)");
    }
    return out.toTensor();
  }

  at::Tensor features(const NetInput& input, const std::string& layer) override {
    const at::Tensor& images = input.images;
    const auto method = module_.find_method(layer);
    if (!method) {
      throw Error(Code::kUsage, "the TorchScript module has no method '" + layer + "' to take features from")
          .hint("mark it with @torch.jit.export before scripting");
    }
    const c10::IValue out = (*method)({images});
    if (!out.isTensor()) throw Error(Code::kUsage, "the TorchScript method '" + layer + "' did not return a tensor");
    return out.toTensor();
  }

  std::vector<NamedTensor> parameters() const override { return listed(module_.named_parameters()); }
  std::vector<NamedTensor> buffers() const override { return listed(module_.named_buffers()); }
  void train(bool on) override { module_.train(on); }
  void move_to(at::Device device) override { module_.to(device); }
  void count_over(Collective* group) override {
    if (group == nullptr) return;
    throw Error(Code::kUsage, "batch norms of a TorchScript module cannot count over all lanes")
        .hint("leave train.sync_batch_norm out: each lane then counts for itself");
  }

 private:
  template <class List>
  static std::vector<NamedTensor> listed(const List& list) {
    std::vector<NamedTensor> out;
    for (const auto& item : list) out.emplace_back(item.name, item.value);
    return out;
  }

  torch::jit::Module module_;
};

}  // namespace

std::unique_ptr<Net> load_script_net(std::span<const std::byte> bytes, const std::string& origin) {
  if (is_package(bytes, origin))
    throw Error(Code::kUsage,
                "'" + origin + "' is an AOTInductor package, compiled for inference: it cannot be trained")
        .hint("give the TorchScript file of its module");
  std::istringstream in(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  try {
    return std::make_unique<ScriptNet>(torch::jit::load(in, c10::Device(c10::kCPU)));
  } catch (const std::exception& error) {
    const std::string what = error.what();
    throw Error(Code::kData, "cannot load '" + origin + "' as TorchScript: " + what.substr(0, what.find('\n')))
        .hint("make it with torch.jit.script(model).save(path)");
  }
}

}  // namespace penstock::nets
