// The safetensors format (https://github.com/huggingface/safetensors): named tensors and string metadata as one run of
// bytes. No torch here; `state.h` turns libtorch tensors into these views and back.
//
//   u64 little-endian header length | JSON header, padded with spaces to 8 | tensor data, without gaps
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/schema.h"

namespace penstock::nets {

/// A tensor that lies elsewhere: C-contiguous, little-endian. `bytes` is borrowed.
struct StoredTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

using Metadata = std::map<std::string, std::string>;

/// What `decode_safetensors` found. The tensors borrow from the bytes that were given: keep those.
struct StoredState {
  std::vector<StoredTensor> tensors;  ///< sorted by name
  Metadata metadata;

  /// The tensor of that name, nullptr where there is none.
  const StoredTensor* find(std::string_view name) const;
};

/// The same input gives the same bytes: the order of `tensors` does not matter (they are laid out by width of type, then
/// by name, as the reference implementation does, so that every tensor is aligned). PENSTOCK_CHECKs that sizes and shapes
/// agree and that names are distinct.
std::vector<std::byte> encode_safetensors(std::vector<StoredTensor> tensors, const Metadata& metadata);

/// Checks everything before it gives anything: header length, JSON, types, shapes against sizes, offsets inside the data,
/// no overlap, no gap, no bytes left over, no name twice. Throws Error kData that says what is wrong and where.
/// `origin` names the bytes in messages (a file name).
StoredState decode_safetensors(std::span<const std::byte> bytes, std::string_view origin);

}  // namespace penstock::nets
