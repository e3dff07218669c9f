// The kernels beside cuBLAS, one function each; all pointers are the device's, arrays in C order, and work goes to the default stream.
// Each is held to reference.h by tests/classic/algebra_test.cc through CudaAlgebra.
#pragma once

#include <cstddef>
#include <cstdint>

namespace penstock::classic::gpu {

/// rows (n, width) = (rows - shift) * scale in place; `shift` may be null; with `unit` each row gets length 1 (zeros stay). norms2 (n) gets
/// the squared lengths that come of it, where it is not null.
void take_in(float* rows, size_t n, size_t width, const float* shift, bool unit, float* norms2);

/// From scores (n, k) = -2 x c: labels[i] = the lowest least of scores + norms2, distances2[i] = |row - centre|^2 of it.
void nearest_centre(const float* scores, const float* norms2, size_t n, size_t k, const float* rows,
                    const float* centres, size_t width, int32_t* labels, float* distances2);

/// Sums of rows by label. `sorted` are row numbers ordered by label, ascending within each; `begins` (k + 1) where each label's
/// begin. sums (k, width) f64 go on where they are, row after row, and counts (k) too.
void add_by_label(const float* rows, size_t width, const uint32_t* sorted, const uint32_t* begins, size_t k,
                  double* sums, unsigned long long* counts);
/// begins (k + 1) of labels that are sorted.
void find_begins(const int32_t* sorted_labels, size_t n, size_t k, uint32_t* begins);
/// 0, 1, 2, ...
void count_up(uint32_t* out, size_t n);

/// out (points, n): squared distances.
void distances_to_points(const float* rows, size_t n, size_t width, const float* points, size_t count, float* out);

/// What a search looks for; as cpu_search.cc has it.
struct SearchTile {
  const float* scores = nullptr;  ///< (queries, stride): -2 q b, or -q b
  size_t stride = 0;
  const float* queries = nullptr;       ///< (queries, width)
  const float* query_norms2 = nullptr;  ///< (queries)
  const float* base = nullptr;          ///< (count, width)
  const float* base_norms2 = nullptr;   ///< (count); null where nothing is added to a score
  float most_base_norm2 = 0;
  float slack = 0;  ///< how far a score may lie from the one that is measured, in shares of |q|^2 + most_base_norm2
  size_t count = 0;
  size_t width = 0;
  int64_t first_id = 0;     ///< of the base's rows
  int64_t self_first = -1;  ///< id of the first query, or -1
  float offset = 0;         ///< 1 of a cosine
  bool l2 = false;
};
/// best_scores and best_ids (queries, k), sorted by score, then id: takes in the rows of a tile that come before what is there. k <= 1024.
void take_nearest(const SearchTile& tile, size_t queries, size_t k, float* best_scores, int64_t* best_ids);
void fill_search(float* best_scores, int64_t* best_ids, size_t places);

/// parts (groups, 2, width) f64: sums and squares of the rows of each group of `group_rows`, then sum and sum2 (width) += them, in order.
void add_moments(const float* rows, size_t n, size_t width, size_t group_rows, double* parts, double* sum,
                 double* sum2);
void to_f64(const float* from, size_t count, double* into);

/// scores (modes, stride): -2 m x becomes the weight of row x around mode m, for `count` rows; weights (modes) f64 += their sum.
void weigh(float* scores, size_t modes, size_t stride, size_t count, const float* mode_norms2, const float* norms2,
           float bandwidth2, bool gaussian, double* weights);
/// into f64 += from.
void add_f64(const float* from, size_t count, double* into);

}  // namespace penstock::classic::gpu
