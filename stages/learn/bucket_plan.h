// How gradients are cut into buckets. No torch: the simulated lanes use it too.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace penstock::learn {

/// `bytes`: of the gradient of each parameter, in the order in which the backward pass gives them (from the last parameter to the first).
/// Gives the number of parameters of each bucket. A bucket is closed once it holds `bucket_bytes`, or as much as all that come after it: so
/// towards the end each is about half of the one before, and the sum of one ends while the next is computed, where links are slower than the
/// backward pass by no more than that. What the last one's sum takes is hidden by nothing: it is what is left when that is `last_bytes` or less.
std::vector<size_t> plan_buckets(std::span<const size_t> bytes, size_t bucket_bytes,
                                 size_t last_bytes = size_t{1} << 20);

}  // namespace penstock::learn
