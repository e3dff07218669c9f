// The CPU's algebra: tiles of rows on the cores, each a GEMM whose result is looked at while it is in the cache.
#pragma once

#include "models/classic/cpu_rows.h"

namespace penstock::classic {

class CpuAlgebra final : public Algebra {
 public:
  explicit CpuAlgebra(Cores& cores) : cores_(cores) {}

  std::string_view name() const override { return "cpu"; }
  std::unique_ptr<HeldRows> hold(RowsView rows, const Intake& intake) override;
  std::unique_ptr<LabelSums> make_sums(size_t k, size_t width) override;
  void assign(const HeldRows& rows, uint64_t first, RowsView centres, std::span<int32_t> labels,
              std::span<float> distances2, LabelSums* sums) override;
  void add_moments(const HeldRows& rows, std::span<double> sum, std::span<double> sum2) override;
  void distances(const HeldRows& rows, RowsView points, std::span<float> out) override;
  std::unique_ptr<NearestSoFar> start_search(const HeldRows& queries, size_t k, Metric metric,
                                             int64_t self_first) override;
  void search(NearestSoFar& found, const HeldRows& queries, const HeldRows& base, uint64_t first) override;
  void add_gram(const HeldRows& rows, std::span<double> gram, std::span<double> sum) override;
  void add_kernel_sums(const HeldRows& rows, RowsView modes, double bandwidth, ShiftKernel kernel,
                       std::span<double> sums, std::span<double> weights) override;
  void project(const HeldRows& rows, RowsView directions, std::span<float> out) override;

 private:
  void assign_tile(const CpuRows& rows, size_t begin, size_t count, RowsView centres, const float* norms2,
                   int32_t* labels, float* distances2);

  Cores& cores_;
  Scratch scratch_;
};

}  // namespace penstock::classic
