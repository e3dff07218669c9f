// Which of many scores are among the least, without sorting them: loops over vectors, compiled for each instruction set (Highway).
#pragma once

#include <cstddef>
#include <cstdint>

namespace penstock::classic {

/// What the functions below may write beyond the last value they keep: a vector of the widest instruction set.
constexpr size_t kSelectSpare = 64;

/// The sums scores[j] + bias[j] <= most of `count`, and first_row + j of each, ascending in j, to `values` and `rows`, which have room for
/// count + kSelectSpare. Sums that are no number are left out. Returns how many.
size_t append_below(const float* scores, const float* bias, size_t count, float most, uint32_t first_row, float* values,
                    uint32_t* rows);

/// Leaves those of (values, rows) with a value <= most, in their order. Returns how many.
size_t keep_below(float* values, uint32_t* rows, size_t count, float most);

/// A value that at least k of `count` values (numbers, infinities too) are not above; without ties at most k + spare of them. With `spare`
/// 0 it is the k-th least. 1 <= k <= count. Bisects the bits: 32 looks at all values at most, each of a few to a nanosecond.
float least_k(const float* values, size_t count, size_t k, size_t spare);

}  // namespace penstock::classic
