// Caffe's Datum: a picture and its label in one LMDB value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace penstock::io {

/// Where things lie in a serialised Datum (caffe.proto of Caffe 1.0: 1 channels, 2 height, 3 width, 4 data, 5 label, 6 float_data, 7 encoded).
struct Datum {
  uint64_t data_at = 0;  ///< from the value's begin
  uint64_t data_bytes = 0;
  int64_t label = -1;
  bool encoded = false;
};

/// Of a value of `bytes` bytes that begins with `start` and ends with `end` (either may be all of it). Nothing where it is no Datum, or none with data. Protobuf writes
/// fields in the order of their numbers; what comes in another order is not understood.
std::optional<Datum> datum_of(std::span<const std::byte> start, std::span<const std::byte> end, uint64_t bytes);

}  // namespace penstock::io
