// Gradients of rows of all lanes, summed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/device/collective.h"
#include "stages/learn/row_store.h"

namespace penstock::learn {

/// What one lane had: of each table the codes, ascending, and their gradients f32 (codes, width), C-contiguous.
struct LaneGradients {
  std::vector<std::vector<int32_t>> codes;
  std::vector<std::vector<float>> values;
};

/// Every rank learns what every rank had, in rank order; a call of all. They have the same tables. Throws what `group` threw.
std::vector<LaneGradients> gather_gradients(Collective& group, LaneGradients mine, std::span<const int64_t> widths);

/// Table number `table` of all lanes: the union of their codes, ascending, and for each the sum of its gradients in rank order, times `scale`. Linear in
/// what the lanes had.
void sum_gradients(std::span<const LaneGradients> lanes, size_t table, int64_t width, float scale,
                   std::vector<int32_t>& codes, std::vector<float>& values);

}  // namespace penstock::learn
