// What makes two runs the same: a line a batch.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/data/batch.h"

namespace penstock {

/// "epoch step count ids_xxh3 bytes_xxh3": XXH3-64 in 16 hex digits over the record ids (u64, little-endian, in batch order) and
/// over the fields in schema order (values; before them the offsets of a ragged one, after them `present` of an optional one).
/// `id_of` gives the id that stands for a record of the batch, the same in any format; empty: the batch's own.
std::string digest_line(const Batch& batch, const std::function<uint64_t(uint64_t)>& id_of = {});

}  // namespace penstock
