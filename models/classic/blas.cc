#include "models/classic/blas.h"

#include <string>

#include <cblas.h>

#include "engine/base/error.h"

// LAPACK as Fortran has it: Debian's OpenBLAS comes without LAPACKE. The last two are the lengths of the two texts.
extern "C" void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w,
                        double* work, const int* lwork, int* iwork, const int* liwork, int* info, size_t, size_t);

namespace penstock::classic {
namespace {

blasint whole(size_t n) { return static_cast<blasint>(n); }

// Once, before the first product. The threads that the library started when it was loaded sleep from then on.
void hold_to_one_thread() {
  static const bool held = [] {
    openblas_set_num_threads(1);
    return true;
  }();
  static_cast<void>(held);
}

}  // namespace

void gemm_nt(size_t m, size_t n, size_t k, float alpha, const float* a, const float* b, float* c, size_t ldc) {
  hold_to_one_thread();
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, whole(m), whole(n), whole(k), alpha, a, whole(k), b, whole(k), 0,
              c, whole(ldc));
}

void syrk(size_t n, size_t k, const double* a, double* c) {
  hold_to_one_thread();
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, whole(n), whole(k), 1, a, whole(n), 0, c, whole(n));
}

void gemm_nn(size_t m, size_t n, size_t k, const float* a, size_t lda, const float* b, float* c) {
  hold_to_one_thread();
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, whole(m), whole(n), whole(k), 1, a, whole(lda), b, whole(n), 0,
              c, whole(n));
}

std::vector<double> symmetric_eigen(std::span<double> matrix, size_t n) {
  PENSTOCK_CHECK(matrix.size() == n * n);
  hold_to_one_thread();
  std::vector<double> values(n);
  const int size = static_cast<int>(n), ask = -1;
  int info = 0, integers = 0;
  double doubles = 0;
  dsyevd_("V", "U", &size, matrix.data(), &size, values.data(), &doubles, &ask, &integers, &ask, &info, 1, 1);
  const int lwork = static_cast<int>(doubles), liwork = integers;
  std::vector<double> work(static_cast<size_t>(lwork) + 1);
  std::vector<int> iwork(static_cast<size_t>(liwork) + 1);
  // Fortran's columns are our rows, and the matrix is its own transposed.
  dsyevd_("V", "U", &size, matrix.data(), &size, values.data(), work.data(), &lwork, iwork.data(), &liwork, &info, 1,
          1);
  if (info != 0)
    throw Error(Code::kInternal, "the eigenvalues of a " + std::to_string(n) + " x " + std::to_string(n) +
                                     " matrix were not found (LAPACK dsyevd: " + std::to_string(info) + ")");
  return values;
}

const char* blas_text() { return openblas_get_config(); }

}  // namespace penstock::classic
