// Where the arithmetic of the classic learners is done: the algorithms are written once, over these few operations on blocks of
// rows, and each of them has a naive twin in reference.h that tests every implementation.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/run/cores.h"
#include "models/classic/rows.h"

namespace penstock::classic {

/// What is near. Scores are made so that less is nearer.
enum class Metric {
  kL2,      ///< Euclidean distance
  kCosine,  ///< 1 - cosine of the angle; a row of zeros is 1 away from everything, as scikit-learn has it
  kDot,     ///< inner product: the largest is the nearest
};

/// Weights of mean shift.
enum class ShiftKernel {
  kFlat,      ///< 1 up to the bandwidth, 0 beyond it
  kGaussian,  ///< exp(-d^2 / (2 bandwidth^2))
};

/// How rows are taken in before anything is computed of them: (row - shift) * scale.
struct Intake {
  /// (width) or empty. Distances by |a|^2 - 2ab + |b|^2 lose the digits that |a| and |b| have in common, so rows are
  /// brought near to zero first; distances themselves do not change.
  std::span<const float> shift = {};
  bool unit = false;   ///< scale each row to length 1 (rows of zeros stay)
  bool norms = false;  ///< nearest() reads these rows as its base, or kernel_sums()
};

/// Rows that lie where the algebra works. Good as long as the algebra, the rows and the shift that it was made of.
class HeldRows {
 public:
  virtual ~HeldRows() = default;
  virtual size_t rows() const = 0;
  virtual size_t width() const = 0;
};

/// Sums of rows by label: (k, width) f64 and a count each. They are kept in parts, a row's part being a function of its
/// number, and each part takes its rows in ascending order: the same bits for any number of threads and any size of the blocks.
class LabelSums {
 public:
  virtual ~LabelSums() = default;
  virtual void clear() = 0;
  /// The sums so far: (k, width) and (k).
  virtual void read(std::span<double> sums, std::span<uint64_t> counts) const = 0;
};

/// The k nearest so far of each of some queries.
class NearestSoFar {
 public:
  virtual ~NearestSoFar() = default;
  /// (queries, k), sorted by score, then by id; places beyond the base's rows hold id -1 and an infinite score. Scores are
  /// squared distances (L2), 1 - cosine, or the negative inner product.
  virtual void read(std::span<float> scores, std::span<int64_t> ids) = 0;
};

/// Operations on held rows. An object is used by one thread at a time; CPUs' work runs on the cores it was given. What is
/// passed in spans lies in the program's memory.
class Algebra {
 public:
  virtual ~Algebra() = default;
  virtual std::string_view name() const = 0;  ///< "cpu", "cuda:0"

  virtual std::unique_ptr<HeldRows> hold(RowsView rows, const Intake& intake) = 0;

  virtual std::unique_ptr<LabelSums> make_sums(size_t k, size_t width) = 0;
  /// The nearest of `centres` (k, width), the lowest of those at the same distance, and the squared distance to it, computed from the
  /// differences. Labels come from |c|^2 - 2xc in f32: of two centres whose distances differ by less than its rounding, either.
  /// `first` is the number of the first row; with `sums` the rows are added to the sums of their labels.
  virtual void assign(const HeldRows& rows, uint64_t first, RowsView centres, std::span<int32_t> labels,
                      std::span<float> distances2, LabelSums* sums) = 0;

  /// sum (width) += rows and sum2 (width) += their squares, in f64. Grouped as add_gram does it.
  virtual void add_moments(const HeldRows& rows, std::span<double> sum, std::span<double> sum2) = 0;

  /// out (points, rows): squared distances, computed from the differences, of few points (points, width).
  virtual void distances(const HeldRows& rows, RowsView points, std::span<float> out) = 0;

  /// Starts a search of the k nearest of `queries`. With `self_first` >= 0 query i is row self_first + i of the base and is not
  /// its own neighbour.
  virtual std::unique_ptr<NearestSoFar> start_search(const HeldRows& queries, size_t k, Metric metric,
                                                     int64_t self_first = -1) = 0;
  /// Goes on with it over rows of the base, whose first has number `first`. Both sides came in with the same Intake. Scores
  /// are computed from the rows themselves; the GEMM only says which rows need it.
  virtual void search(NearestSoFar& found, const HeldRows& queries, const HeldRows& base, uint64_t first) = 0;

  /// gram (width, width) += rows' * rows and sum (width) += rows, in f64. Rows add up in groups of kGramRows counted from the
  /// first row of the block: blocks that begin at multiples of it give the same bits.
  virtual void add_gram(const HeldRows& rows, std::span<double> gram, std::span<double> sum) = 0;
  static constexpr size_t kGramRows = 1024;

  /// sums (modes, width) and weights (modes) += the rows weighted by the kernel around each of `modes` (modes, width), in f64.
  virtual void add_kernel_sums(const HeldRows& rows, RowsView modes, double bandwidth, ShiftKernel kernel,
                               std::span<double> sums, std::span<double> weights) = 0;

  /// out (rows, p) = rows * directions' ; directions (p, width).
  virtual void project(const HeldRows& rows, RowsView directions, std::span<float> out) = 0;
};

/// The CPU's, on OpenBLAS. The cores must outlive it.
std::unique_ptr<Algebra> make_cpu_algebra(Cores& cores);

/// The algebra of a device: "cpu", or "cuda:0" in a program that was linked with CUDA (models/classic/cuda/ defines this function in
/// the place of makers_cpu.cc). Throws Error kDevice where there is none, kUsage for a name that is no device.
std::unique_ptr<Algebra> make_algebra(std::string_view device, Cores& cores);

}  // namespace penstock::classic
