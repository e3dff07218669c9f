#include "models/nets/state.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

#include "engine/base/error.h"

namespace penstock::nets {
namespace {

constexpr std::pair<DType, at::ScalarType> kTypes[] = {
    {DType::kU8, at::kByte},       {DType::kI8, at::kChar},   {DType::kI16, at::kShort},
    {DType::kI32, at::kInt},       {DType::kI64, at::kLong},  {DType::kF16, at::kHalf},
    {DType::kBF16, at::kBFloat16}, {DType::kF32, at::kFloat}, {DType::kF64, at::kDouble}};

DType stored_type(const NamedTensor& tensor) {
  for (const auto& [stored, type] : kTypes) {
    if (type == tensor.second.scalar_type()) return stored;
  }
  throw Error(Code::kUsage, "tensor '" + tensor.first +
                                "' has a type that cannot be stored: " + toString(tensor.second.scalar_type()));
}

at::Tensor view_of(const StoredTensor& stored, const std::string& complaint) {
  for (const auto& [type, scalar] : kTypes) {
    if (type != stored.dtype) continue;
    return at::from_blob(const_cast<std::byte*>(stored.bytes.data()), stored.shape, at::TensorOptions().dtype(scalar));
  }
  throw Error(Code::kData,
              complaint + " has type " + std::string(name_of(stored.dtype)) + ", which networks do not use");
}

std::string text(at::IntArrayRef shape) {
  std::string out;
  for (const int64_t extent : shape) out += (out.empty() ? "" : ", ") + std::to_string(extent);
  return "(" + out + ")";
}

bool fits(at::ScalarType stored, at::ScalarType wanted) {
  return stored == wanted || (wanted == at::kFloat && (stored == at::kHalf || stored == at::kBFloat16));
}

}  // namespace

std::vector<std::byte> encode_state(const std::vector<NamedTensor>& tensors, const Metadata& metadata) {
  std::vector<at::Tensor> alive;
  std::vector<StoredTensor> views;
  for (const NamedTensor& named : tensors) {
    const at::Tensor packed = named.second.detach().cpu().contiguous();
    alive.push_back(packed);
    views.push_back({named.first,
                     stored_type(named),
                     packed.sizes().vec(),
                     {static_cast<const std::byte*>(packed.const_data_ptr()), packed.nbytes()}});
  }
  return encode_safetensors(std::move(views), metadata);
}

void copy_state(const StoredState& stored, std::string_view prefix, const std::vector<NamedTensor>& into,
                std::string_view origin) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> sources;
  for (const auto& [name, target] : into) {
    const std::string key = std::string(prefix) + name;
    const std::string complaint = "'" + std::string(origin) + "': tensor '" + key + "'";
    const StoredTensor* found = stored.find(key);
    if (!found) throw Error(Code::kData, complaint + " is missing").hint("is it a checkpoint of another network?");
    at::Tensor source = view_of(*found, complaint);
    if (source.sizes() != target.sizes()) {
      throw Error(Code::kData,
                  complaint + " has shape " + text(source.sizes()) + ", the network needs " + text(target.sizes()))
          .hint("is it a checkpoint of another network, or of another number of classes?");
    }
    if (!fits(source.scalar_type(), target.scalar_type())) {
      throw Error(Code::kData, complaint + " has type " + toString(source.scalar_type()) + ", the network needs " +
                                   toString(target.scalar_type()));
    }
    sources.push_back(std::move(source));
  }
  for (size_t i = 0; i < into.size(); ++i) {
    at::Tensor target = into[i].second;
    target.copy_(sources[i]);
  }
}

at::Tensor tensor_of(std::span<const std::byte> bytes) {
  return at::from_blob(const_cast<std::byte*>(bytes.data()), {static_cast<int64_t>(bytes.size())},
                       at::TensorOptions().dtype(at::kByte))
      .clone();
}

}  // namespace penstock::nets
