// Between libtorch tensors and safetensors bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/nets/net.h"
#include "models/nets/safetensors.h"

namespace penstock::nets {

/// Copies the tensors (CPU, any memory format) into one safetensors. The same values give the same bytes, whatever the
/// strides. Names must be distinct.
std::vector<std::byte> encode_state(const std::vector<NamedTensor>& tensors, const Metadata& metadata);

/// Copies stored tensors into those of `into`, keeping the memory format of each; `prefix` + name is looked up. Half types are
/// widened, other types must agree. Throws Error kData that names the tensor that is missing or whose type or shape is
/// another; nothing is written then. Stored tensors that nobody asks for are ignored.
void copy_state(const StoredState& stored, std::string_view prefix, const std::vector<NamedTensor>& into,
                std::string_view origin);

/// A u8 vector over a copy of `bytes`, for what is stored beside the weights.
at::Tensor tensor_of(std::span<const std::byte> bytes);

}  // namespace penstock::nets
