// The few calls of BLAS and LAPACK that the learners need, on the calling thread alone. OpenBLAS stays behind this header.
//
// Threads belong to engine/run/cores.h: OpenBLAS is held to the calling thread, and callers cut the work into tiles. Debian's
// *serial* OpenBLAS would not do: called from sixteen threads at once it gave wrong products; the pthread build does not.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace penstock::classic {

/// c (m, n) = alpha * a (m, k) * b (n, k) transposed; all f32 in C order, rows of c `ldc` apart. Thread-safe.
void gemm_nt(size_t m, size_t n, size_t k, float alpha, const float* a, const float* b, float* c, size_t ldc);

/// The upper half of c (n, n) = a (k, n) transposed * a, f64. The lower half stays as it is. Thread-safe.
void syrk(size_t n, size_t k, const double* a, double* c);

/// c (m, n) = a (m, k) * b (k, n), f32; rows of a are `lda` apart. Thread-safe.
void gemm_nn(size_t m, size_t n, size_t k, const float* a, size_t lda, const float* b, float* c);

/// Eigenvalues, ascending, of the symmetric n x n `matrix`, whose rows become the eigenvectors of length 1 in the same order (LAPACK's
/// dsyevd: divide and conquer). Throws Error kInternal where LAPACK does not converge (values that are not finite).
std::vector<double> symmetric_eigen(std::span<double> matrix, size_t n);

/// "OpenBLAS 0.3.21 ... Cooperlake": which library and which of its kernels is used here.
const char* blas_text();

}  // namespace penstock::classic
