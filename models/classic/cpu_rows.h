// How the CPU's algebra holds rows and borrows memory. For cpu_*.cc alone.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "models/classic/algebra.h"

namespace penstock::classic {

/// Rows as the caller lent them; they are shifted and scaled tile by tile, in the cache, by whoever reads them.
class CpuRows final : public HeldRows {
 public:
  CpuRows(RowsView view, const Intake& intake)
      : view_(view), shift_(intake.shift.empty() ? nullptr : intake.shift.data()) {}

  size_t rows() const override { return view_.rows; }
  size_t width() const override { return view_.width; }
  const float* raw(size_t i) const { return view_.row(i); }
  const float* shift() const { return shift_; }
  float scale(size_t i) const { return scales.empty() ? 1.0f : scales[i]; }
  /// True where rows are used as they lie.
  bool plain() const { return shift_ == nullptr && scales.empty(); }
  /// Rows [first, first + count): lent, or made in `room`, which has space for them.
  const float* tile(size_t first, size_t count, float* room) const;

  std::vector<float> scales;  ///< a row: what it is multiplied with; empty where nothing
  std::vector<float> norms2;  ///< a row: squared length as it comes in; empty where not asked for
  float most_norm2 = 0;       ///< the largest of norms2

 private:
  RowsView view_;
  const float* shift_;
};

/// Memory of tasks, kept: fresh memory of this size would cost page faults each time.
class Scratch {
 public:
  /// Borrowed until it dies. `floats` uninitialised floats, and `words` u32.
  class Lent {
   public:
    Lent(Scratch& owner, size_t floats, size_t words = 0);
    ~Lent();
    Lent(const Lent&) = delete;
    float* floats() { return floats_.data(); }
    uint32_t* words() { return words_.data(); }

   private:
    friend class Scratch;
    Scratch& owner_;
    std::vector<float> floats_;
    std::vector<uint32_t> words_;
  };

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::vector<float>, std::vector<uint32_t>>> free_;
};

}  // namespace penstock::classic
