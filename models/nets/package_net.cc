#include <ATen/ops/cat.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#include <torch/version.h>

#include <algorithm>

#include "engine/base/error.h"
#include "models/nets/anonymous_file.h"
#include "models/nets/libtorch_name.h"
#include "models/nets/net.h"
#include "models/nets/package.h"

namespace penstock::nets {
namespace {

constexpr uintptr_t kAlignment = 64;  // Inductor compiles for at least 16

std::string first_line(const std::exception& error) {
  const std::string what = error.what();
  return what.substr(0, what.find('\n'));
}

std::string sizes_text(const at::Tensor& tensor) {
  std::string text;
  for (const int64_t size : tensor.sizes()) text += (text.empty() ? "(" : ", ") + std::to_string(size);
  return text.empty() ? "()" : text + ")";
}

at::ScalarType type_of(const PackageInput& input) {
  if (input.dtype == "BFloat16") return at::kBFloat16;
  return input.dtype == "Half" ? at::kHalf : at::kFloat;
}

/// `part` followed by copies of its last record, `count` in all.
at::Tensor padded(const at::Tensor& part, int64_t count) {
  const int64_t own = part.size(0);
  std::vector<int64_t> sizes = part.sizes().vec();
  sizes[0] = count - own;
  return at::cat({part, part.narrow(0, own - 1, 1).expand(sizes)});
}

class PackageNet final : public Net {
 public:
  PackageNet(std::span<const std::byte> bytes, const std::string& origin, at::Device device)
      : origin_(origin), info_(read_package(bytes, origin)), file_("package", bytes) {
    require_device(device, origin);
    provide_libtorch_name();
    try {
      loader_ = std::make_unique<torch::inductor::AOTIModelPackageLoader>(
          file_.path(), info_.model, /*run_single_threaded=*/false, /*num_runners=*/1, device.index());
    } catch (const std::exception& error) {
      throw Error(Code::kUsage, "cannot load the package '" + origin + "': " + first_line(error))
          .hint("make it with torch " TORCH_VERSION ", on a machine like this one; it is unpacked in /tmp");
    }
  }

  at::Tensor forward(const NetInput& input) override {
    const at::Tensor& images = input.images;
    at::Tensor out = run(images);
    if (out.dim() == 2) return out;
    throw Error(Code::kUsage,
                "the output of the package '" + origin_ + "' is " + sizes_text(out) + ", not logits (N, classes)")
        .hint("infer writes any other output as it is with --features output");
  }

  at::Tensor features(const NetInput& input, const std::string& layer) override {
    const at::Tensor& images = input.images;
    if (layer == "output") return run(images);
    throw Error(Code::kUsage,
                "the package '" + origin_ + "' is compiled: it has no layer '" + layer + "', only its 'output'")
        .hint("export a module whose forward returns that layer and take 'output', or use a run or a TorchScript file");
  }

  std::vector<NamedTensor> parameters() const override { return {}; }
  std::vector<NamedTensor> buffers() const override { return {}; }
  void train(bool on) override {
    if (on)
      throw Error(Code::kUsage, "the package '" + origin_ + "' is compiled and cannot be trained")
          .hint("train its module, then compile it");
  }
  void move_to(at::Device) override {}  // it was made for its device
  void count_over(Collective*) override {}

 private:
  void require_device(at::Device device, const std::string& origin) const {
    const std::string here = c10::DeviceTypeName(device.type(), /*lower_case=*/true);
    if (info_.device != here)
      throw Error(Code::kUsage, "the package '" + origin + "' was compiled for '" + info_.device +
                                    "', and the lane computes on '" + here + "'")
          .hint("choose lanes.devices to suit it, or compile it with module and example on '" + here + "'");
    if (device.is_cpu()) require_instructions(info_.cpu_isa, instructions_here(), origin);
  }

  void require_fits(const at::Tensor& images) const {
    bool fits = images.dim() == static_cast<int64_t>(info_.input.shape.size());
    for (int64_t d = 1; fits && d < images.dim(); ++d) {
      const Extent& extent = info_.input.shape[static_cast<size_t>(d)];
      fits = images.size(d) >= extent.least && images.size(d) <= extent.most;
    }
    if (fits) return;
    throw Error(Code::kUsage,
                "the package '" + origin_ + "' takes " + text_of(info_.input) + ", the batch is " + sizes_text(images))
        .hint("make the recipe's eval stages give that size, or export with an example of this one");
  }

  /// In parts of as many records as it takes; what is missing in one is filled up, and its rows are cut off.
  at::Tensor run(const at::Tensor& images) {
    require_fits(images);
    const auto layout = info_.input.channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    const at::Tensor all = images.to(type_of(info_.input)).contiguous(layout);
    const Extent batch = info_.input.shape[0];
    std::vector<at::Tensor> rows;
    for (int64_t first = 0; first < all.size(0); first += rows.back().size(0)) {
      const int64_t count = std::min(batch.most, all.size(0) - first);
      at::Tensor part = all.narrow(0, first, count);
      if (count < batch.least) part = padded(part, batch.least).contiguous(layout);
      if (reinterpret_cast<uintptr_t>(part.const_data_ptr()) % kAlignment != 0) part = part.clone();
      rows.push_back(output_of(part).narrow(0, 0, count));
    }
    return rows.size() == 1 ? rows.front() : at::cat(rows);
  }

  at::Tensor output_of(const at::Tensor& part) {
    // Its casts were compiled in. On a GPU null is torch's current stream, which the learner has made its lane's.
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    std::vector<at::Tensor> outputs;
    try {
      outputs = loader_->run({part}, /*stream_handle=*/nullptr);
    } catch (const std::exception& error) {
      throw Error(Code::kInternal,
                  "the package '" + origin_ + "' failed on a batch " + sizes_text(part) + ": " + first_line(error))
          .hint("torch has said why on stderr");
    }
    if (outputs.size() != 1)
      throw Error(Code::kUsage,
                  "the package '" + origin_ + "' has " + std::to_string(outputs.size()) + " outputs, and needs one")
          .hint("export a module whose forward returns one tensor");
    if (outputs[0].dim() >= 1 && outputs[0].size(0) == part.size(0)) return outputs[0];
    throw Error(Code::kUsage, "the output of the package '" + origin_ + "', " + sizes_text(outputs[0]) +
                                  ", is no row for each of " + std::to_string(part.size(0)) + " records");
  }

  std::string origin_;
  PackageInfo info_;
  AnonymousFile file_;
  std::unique_ptr<torch::inductor::AOTIModelPackageLoader> loader_;
};

}  // namespace

std::unique_ptr<Net> load_package_net(std::span<const std::byte> bytes, const std::string& origin, at::Device device) {
  return std::make_unique<PackageNet>(bytes, origin, device);
}

}  // namespace penstock::nets
