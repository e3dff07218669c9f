// What a learner takes out of a batch, whatever it learns from: pictures or rows, and what is known of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "stages/learn/images.h"

namespace penstock::learn {

/// Rows of a table, C-contiguous, borrowed, in the host's memory: codes i32 (count, categories) and numbers f32 (count, numbers).
struct TableRows {
  const int32_t* cat = nullptr;  ///< null where categories is 0
  const float* cont = nullptr;   ///< likewise
  int64_t count = 0;
  int64_t categories = 0;
  int64_t numbers = 0;
};

/// One of the two; the other has no records. Borrowed.
struct Inputs {
  Images images;
  TableRows rows;

  Inputs() = default;
  Inputs(const Images& pictures) : images(pictures) {}   // NOLINT: pictures are an input
  Inputs(const TableRows& of_table) : rows(of_table) {}  // NOLINT: rows too
  int64_t count() const { return images.count + rows.count; }
};

/// Labels for Task::kClasses, numbers f32 (count) for the others: 0 or 1, or transformed targets. Borrowed.
struct Targets {
  Labels labels;
  std::span<const float> values;

  Targets() = default;
  Targets(Labels classes) : labels(classes) {}                       // NOLINT: labels are targets
  Targets(const std::vector<int64_t>& classes) : labels(classes) {}  // NOLINT
  Targets(std::span<const float> numbers) : values(numbers) {}       // NOLINT: numbers too
  Targets(const std::vector<float>& numbers) : values(numbers) {}    // NOLINT
  size_t size() const { return labels.size() + values.size(); }
};

}  // namespace penstock::learn
