#include "models/classic/cpu_algebra.h"

#include <algorithm>
#include <cmath>

#include "models/classic/kernels.h"

namespace penstock::classic {

std::unique_ptr<HeldRows> CpuAlgebra::hold(RowsView view, const Intake& intake) {
  PENSTOCK_CHECK(intake.shift.empty() || intake.shift.size() == view.width);
  auto rows = std::make_unique<CpuRows>(view, intake);
  if (!intake.unit && !intake.norms) return rows;
  std::vector<float> scales(intake.unit ? view.rows : 0), norms2(intake.norms ? view.rows : 0);
  parallel_for(cores_, view.rows, 512, [&](size_t begin, size_t end) {
    Scratch::Lent lent(scratch_, view.width);
    for (size_t i = begin; i < end; ++i) {
      const float* row = rows->tile(i, 1, lent.floats());
      const float norm2 = dot(row, row, view.width);
      if (intake.unit) scales[i] = norm2 > 0 ? 1 / std::sqrt(norm2) : 1.0f;
      if (intake.norms) norms2[i] = intake.unit ? (norm2 > 0 ? 1.0f : 0.0f) : norm2;
    }
  });
  rows->scales = std::move(scales);
  rows->norms2 = std::move(norms2);
  if (!rows->norms2.empty()) rows->most_norm2 = *std::max_element(rows->norms2.begin(), rows->norms2.end());
  return rows;
}

std::unique_ptr<Algebra> make_cpu_algebra(Cores& cores) { return std::make_unique<CpuAlgebra>(cores); }

}  // namespace penstock::classic
