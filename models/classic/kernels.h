// The inner loops beside the GEMM, compiled for each vector instruction set and chosen at run time (Highway).
//
// Sums of floats run in lanes, so their last bits differ between vector widths; `reference.h` has the same in f64, one by one,
// and tests hold these to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace penstock::classic {

/// into = (row - shift) * scale, `width` values; `shift` may be null.
void shift_row(const float* row, const float* shift, float scale, size_t width, float* into);

/// Sum of squares of a - b.
float squared_distance(const float* a, const float* b, size_t width);
/// Sum of a * b.
float dot(const float* a, const float* b, size_t width);

/// Distances of one row to `count` points (count, width): out[j] = |row - point j|^2. The row is read once for four points.
void squared_distances(const float* row, const float* points, size_t count, size_t width, float* out);

/// How near `row` is to rows `which` - first of rows (n, width): out[i] is the squared distance (`l2`) or the inner product. A row's bits
/// depend on nothing but the two rows.
void measure_rows(bool l2, const float* row, const float* rows, uint32_t first, std::span<const uint32_t> which,
                  size_t width, float* out);

/// Where scores[j] + bias[j] < best, the least such j: best = that sum, label = first_label + j. `count` scores.
/// Equal sums keep what was there, and the lowest j among themselves.
void argmin_row(const float* scores, const float* bias, size_t count, int32_t first_label, float& best, int32_t& label);

/// sums[d] += row[d], in f64.
void add_row(const float* row, size_t width, double* sums);
/// The same of rows `which` of rows (n, width), one after the other.
void add_rows(const float* rows, std::span<const uint32_t> which, size_t width, double* sums);
/// With x = row[d] - shift[d] (shift may be null) in f64: sums[d] += x, squares[d] += x^2.
void add_row_moments(const float* row, const float* shift, size_t width, double* sums, double* squares);

}  // namespace penstock::classic
