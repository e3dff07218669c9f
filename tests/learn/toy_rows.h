// Rows that a network can learn: the target is a function of the codes and the numbers.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/data/target.h"
#include "stages/learn/inputs.h"

namespace penstock::learn::test {

struct ToyRows {
  static inline const std::vector<int64_t> kCardinalities = {7, 50, 3};
  static constexpr int64_t kColumns = 3, kNumbers = 2;

  ToyRows(int64_t count, uint64_t seed) {
    uint64_t state = seed * 2654435761u + 1;
    const auto draw = [&state] {
      state = state * 6364136223846793005u + 1442695040888963407u;
      return static_cast<uint32_t>(state >> 33);
    };
    for (int64_t n = 0; n < count; ++n) {
      float sum = 0;
      for (const int64_t cardinality : kCardinalities) {
        cat.push_back(static_cast<int32_t>(draw() % static_cast<uint32_t>(cardinality)));
        sum += std::sin(static_cast<float>(cat.back()));
      }
      for (int64_t d = 0; d < kNumbers; ++d) {
        cont.push_back(static_cast<float>(draw()) / 2147483648.0F * 2 - 1);
        sum += cont.back() * static_cast<float>(d + 1);
      }
      numbers.push_back(sum);
      yes_or_no.push_back(sum > 0 ? 1.0F : 0.0F);
      labels.push_back(sum < -1 ? 0 : sum < 1 ? 1 : 2);
    }
  }
  ToyRows(const ToyRows&) = delete;

  TableRows rows(int64_t first, int64_t count) const {
    return {cat.data() + first * kColumns, cont.data() + first * kNumbers, count, kColumns, kNumbers};
  }
  TableRows rows() const { return rows(0, static_cast<int64_t>(numbers.size())); }
  Targets targets(Task task, int64_t first, int64_t count) const {
    const auto at = static_cast<size_t>(first), many = static_cast<size_t>(count);
    if (task == Task::kClasses) return Labels(labels).subspan(at, many);
    return std::span<const float>(task == Task::kBinary ? yes_or_no : numbers).subspan(at, many);
  }
  Targets targets(Task task) const { return targets(task, 0, static_cast<int64_t>(numbers.size())); }

  std::vector<int32_t> cat;
  std::vector<float> cont, numbers, yes_or_no;
  std::vector<int64_t> labels;
};

}  // namespace penstock::learn::test
