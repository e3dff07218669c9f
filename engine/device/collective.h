// Lanes that add up their gradients: one Collective a lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace penstock {

/// The view that one rank has of its group. All ranks make the same calls in the same order with the same sizes; each
/// call returns when the result is there. Error kInternal in all ranks where the calls do not match, kCancelled where
/// the group was aborted. One thread at a time.
class Collective {
 public:
  virtual ~Collective() = default;
  virtual uint32_t rank() const = 0;
  virtual uint32_t size() const = 0;
  /// values[i] becomes the sum over the ranks, the same bits in all of them and in every run.
  virtual void all_reduce_sum(std::span<float> values) = 0;
  virtual void all_reduce_sum(std::span<double> values) = 0;
  /// Every rank's bytes become those of `root`.
  virtual void broadcast(std::span<std::byte> bytes, uint32_t root) = 0;
  virtual void barrier() = 0;
};

}  // namespace penstock
