// The distinct codes of a column of a batch, and which of them each row has. No torch.
#pragma once

#include <cstdint>
#include <vector>

namespace penstock::learn {

/// Writes the distinct codes of codes[0], codes[stride], ..., codes[(count - 1) * stride] into `distinct`, ascending (as unsigned numbers: negative
/// ones come last), and the place of each in it into places[0], places[stride], .... The two may be the same memory. `scratch` is kept for the next call.
/// Time is linear in `count`, whatever the codes are: a radix sort, byte by byte, of those bytes in which they differ.
void distinct_codes(const int32_t* codes, int64_t count, int64_t stride, int32_t* places,
                    std::vector<int32_t>& distinct, std::vector<uint64_t>& scratch);

}  // namespace penstock::learn
