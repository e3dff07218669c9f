#include "models/classic/cuda/cuda_algebra.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <cub/device/device_radix_sort.cuh>

#include "models/classic/cuda/device_memory.h"
#include "models/classic/cuda/kernels_cuda.h"

namespace penstock::classic {
namespace {

// Scores that lie between a product and its kernel: enough rows to fill the GPU, little of its memory.
constexpr size_t kScores = size_t{64} << 20;  // floats
constexpr size_t kTileBase = 8192;
// Of a search: 32 MiB, which stay in the second-level cache of an A100 (40 MB) or newer until they are read.
constexpr size_t kTileQueries = 1024;
constexpr size_t kTileModeRows = 4096;

class CudaRows final : public HeldRows {
 public:
  CudaRows(RowsView view, const Intake& intake, DeviceArray<float>& shift_room) : n_(view.rows), width_(view.width) {
    values.upload(view.values());
    if (!intake.shift.empty()) shift_room.upload(intake.shift);
    if (intake.shift.empty() && !intake.unit && !intake.norms) return;
    gpu::take_in(values.data(), n_, width_, intake.shift.empty() ? nullptr : shift_room.data(), intake.unit,
                 intake.norms ? norms2.reserve(n_) : nullptr);
    if (!intake.norms) return;
    std::vector<float> host(n_);
    norms2.download(host);
    if (!host.empty()) most_norm2 = *std::max_element(host.begin(), host.end());
  }
  size_t rows() const override { return n_; }
  size_t width() const override { return width_; }

  DeviceArray<float> values, norms2;
  float most_norm2 = 0;

 private:
  size_t n_, width_;
};

class CudaSums final : public LabelSums {
 public:
  CudaSums(size_t k, size_t width) : k_(k), width_(width) { clear(); }
  void clear() override {
    sums.clear(k_ * width_);
    counts.clear(k_);
  }
  void read(std::span<double> into, std::span<uint64_t> into_counts) const override {
    PENSTOCK_CHECK(into.size() == k_ * width_ && into_counts.size() == k_);
    sums.download(into);
    static_assert(sizeof(unsigned long long) == sizeof(uint64_t));
    counts.download({reinterpret_cast<unsigned long long*>(into_counts.data()), k_});
  }
  DeviceArray<double> sums;
  DeviceArray<unsigned long long> counts;

 private:
  size_t k_, width_;
};

class CudaNearest final : public NearestSoFar {
 public:
  CudaNearest(size_t queries, size_t k, Metric metric, int64_t self_first)
      : k(k), metric(metric), self_first(self_first), scores(queries * k), ids(queries * k), places_(queries * k) {
    gpu::fill_search(scores.data(), ids.data(), places_);
  }
  void read(std::span<float> into, std::span<int64_t> into_ids) override {
    PENSTOCK_CHECK(into.size() == places_ && into_ids.size() == places_);
    scores.download(into);
    ids.download(into_ids);
    std::replace(into_ids.begin(), into_ids.end(), INT64_MAX, int64_t{-1});
  }
  const size_t k;
  const Metric metric;
  const int64_t self_first;
  DeviceArray<float> scores;
  DeviceArray<int64_t> ids;

 private:
  size_t places_;
};

class CudaAlgebra final : public Algebra {
 public:
  explicit CudaAlgebra(int device) : device_(device), name_("cuda:" + std::to_string(device)) {
    int count = 0;
    cuda_check(cudaGetDeviceCount(&count), "look for GPUs");
    if (device < 0 || device >= count)
      throw Error(Code::kDevice, "there is no " + name_ + ": this machine shows " + std::to_string(count) + " GPUs")
          .hint("penstock devices lists what there is");
    use();
    cublas_check(cublasCreate(&blas_), "start cuBLAS");
    // f32 is f32: no TF32, no sums by atomics.
    cublas_check(cublasSetMathMode(blas_, CUBLAS_PEDANTIC_MATH), "start cuBLAS");
    cublas_check(cublasSetAtomicsMode(blas_, CUBLAS_ATOMICS_NOT_ALLOWED), "start cuBLAS");
    cublas_check(cublasCreate(&rough_), "start cuBLAS");
  }
  ~CudaAlgebra() override {
    cudaSetDevice(device_);
    cublasDestroy(rough_);
    cublasDestroy(blas_);
  }
  std::string_view name() const override { return name_; }

  std::unique_ptr<HeldRows> hold(RowsView rows, const Intake& intake) override {
    use();
    return std::make_unique<CudaRows>(rows, intake, shift_);
  }
  std::unique_ptr<LabelSums> make_sums(size_t k, size_t width) override {
    use();
    return std::make_unique<CudaSums>(k, width);
  }

  // The rows of a block are counted in an int, and each block continues each sum row after row: `first` is not needed.
  void assign(const HeldRows& held, uint64_t, RowsView centres, std::span<int32_t> labels, std::span<float> distances2,
              LabelSums* sums) override {
    use();
    const auto& rows = static_cast<const CudaRows&>(held);
    const size_t n = rows.rows(), width = rows.width(), k = centres.rows;
    PENSTOCK_CHECK(labels.size() == n && distances2.size() == n && centres.width == width && k > 0);
    if (n == 0) return;
    if (n > size_t{std::numeric_limits<int>::max()})
      throw Error(Code::kUsage, name_ + " was given a block of " + std::to_string(n) + " rows, and CUB sorts " +
                                    std::to_string(std::numeric_limits<int>::max()) + " at once")
          .hint("a smaller --budget: rows then come block by block");
    points_.upload(centres.values());
    gpu::take_in(points_.data(), k, width, nullptr, false, point_norms2_.reserve(k));
    labels_.reserve(n);
    distances2_.reserve(n);
    const size_t at_once = std::max<size_t>(1, kScores / k);
    scores_.reserve(std::min(n, at_once) * k);
    for (size_t i = 0; i < n; i += at_once) {
      const size_t some = std::min(at_once, n - i);
      product(some, k, width, -2.0f, rows.values.data() + i * width, points_.data(), scores_.data(), k);
      gpu::nearest_centre(scores_.data(), point_norms2_.data(), some, k, rows.values.data() + i * width, points_.data(),
                          width, labels_.data() + i, distances2_.data() + i);
    }
    labels_.download(labels);
    distances2_.download(distances2);
    if (sums != nullptr) add_sums(rows, k, static_cast<CudaSums&>(*sums));
  }

  void add_moments(const HeldRows& held, std::span<double> sum, std::span<double> sum2) override {
    use();
    const auto& rows = static_cast<const CudaRows&>(held);
    const size_t n = rows.rows(), width = rows.width();
    sum_.upload(sum);
    sum2_.upload(sum2);
    gpu::add_moments(rows.values.data(), n, width, kGramRows,
                     doubles_.reserve((n + kGramRows - 1) / kGramRows * 2 * width), sum_.data(), sum2_.data());
    sum_.download(sum);
    sum2_.download(sum2);
  }

  void distances(const HeldRows& held, RowsView points, std::span<float> out) override {
    use();
    const auto& rows = static_cast<const CudaRows&>(held);
    PENSTOCK_CHECK(out.size() == points.rows * rows.rows() && points.width == rows.width());
    points_.upload(points.values());
    gpu::distances_to_points(rows.values.data(), rows.rows(), rows.width(), points_.data(), points.rows,
                             scores_.reserve(out.size()));
    scores_.download(out);
  }

  std::unique_ptr<NearestSoFar> start_search(const HeldRows& queries, size_t k, Metric metric,
                                             int64_t self_first) override {
    use();
    PENSTOCK_CHECK(k > 0 && k <= 1024);
    return std::make_unique<CudaNearest>(queries.rows(), k, metric, self_first);
  }

  void search(NearestSoFar& so_far, const HeldRows& held_queries, const HeldRows& held_base, uint64_t first) override {
    use();
    auto& found = static_cast<CudaNearest&>(so_far);
    const auto& queries = static_cast<const CudaRows&>(held_queries);
    const auto& base = static_cast<const CudaRows&>(held_base);
    const size_t width = queries.width(), n = queries.rows();
    const bool l2 = found.metric == Metric::kL2;
    const size_t tile_queries = std::min(n, kTileQueries);
    const float slack = rough_share(width);
    scores_.reserve(tile_queries * kTileBase);
    for (size_t q = 0; q < n; q += tile_queries) {
      const size_t some = std::min(tile_queries, n - q);
      for (size_t b = 0; b < base.rows(); b += kTileBase) {
        const size_t count = std::min(kTileBase, base.rows() - b);
        rough_product(some, count, width, l2 ? -2.0f : -1.0f, queries.values.data() + q * width,
                      base.values.data() + b * width, scores_.data(), kTileBase);
        gpu::take_nearest({.scores = scores_.data(),
                           .stride = kTileBase,
                           .queries = queries.values.data() + q * width,
                           .query_norms2 = queries.norms2.data() + q,
                           .base = base.values.data() + b * width,
                           .base_norms2 = l2 ? base.norms2.data() + b : nullptr,
                           .most_base_norm2 = base.most_norm2,
                           .slack = slack,
                           .count = count,
                           .width = width,
                           .first_id = static_cast<int64_t>(first + b),
                           .self_first = found.self_first < 0 ? -1 : found.self_first + static_cast<int64_t>(q),
                           .offset = found.metric == Metric::kCosine ? 1.0f : 0.0f,
                           .l2 = l2},
                          some, found.k, found.scores.data() + q * found.k, found.ids.data() + q * found.k);
      }
    }
    cuda_check(cudaDeviceSynchronize(), "search on the GPU");  // the base's memory may go now
  }

  void add_gram(const HeldRows& held, std::span<double> gram, std::span<double> sum) override {
    use();
    const auto& rows = static_cast<const CudaRows&>(held);
    const size_t n = rows.rows(), width = rows.width();
    PENSTOCK_CHECK(gram.size() == width * width && sum.size() == width);
    gram_.upload(gram);
    const double one = 1;
    const int w = static_cast<int>(width);
    for (size_t i = 0; i < n; i += kGramRows) {
      const size_t some = std::min(kGramRows, n - i);
      gpu::to_f64(rows.values.data() + i * width, some * width, doubles_.reserve(kGramRows * width));
      // Column order sees (width, some): that times its transposed. Symmetric, so the order of the result does not matter.
      cublas_check(cublasDgemm(blas_, CUBLAS_OP_N, CUBLAS_OP_T, w, w, static_cast<int>(some), &one, doubles_.data(), w,
                               doubles_.data(), w, &one, gram_.data(), w),
                   "multiply rows on the GPU");
    }
    gram_.download(gram);
    std::vector<double> squares(width);
    add_moments(held, sum, squares);
  }

  void add_kernel_sums(const HeldRows& held, RowsView modes, double bandwidth, ShiftKernel kernel,
                       std::span<double> sums, std::span<double> weights) override {
    use();
    const auto& rows = static_cast<const CudaRows&>(held);
    const size_t n = rows.rows(), width = rows.width(), m = modes.rows;
    PENSTOCK_CHECK(modes.width == width && sums.size() == m * width && weights.size() == m);
    points_.upload(modes.values());
    gpu::take_in(points_.data(), m, width, nullptr, false, point_norms2_.reserve(m));
    gram_.upload(sums);
    sum_.upload(weights);
    scores_.reserve(m * kTileModeRows);
    part_.reserve(m * width);
    const float one = 1, none = 0;
    for (size_t i = 0; i < n; i += kTileModeRows) {
      const size_t some = std::min(kTileModeRows, n - i);
      const float* tile = rows.values.data() + i * width;
      product(m, some, width, -2.0f, points_.data(), tile, scores_.data(), kTileModeRows);
      gpu::weigh(scores_.data(), m, kTileModeRows, some, point_norms2_.data(), rows.norms2.data() + i,
                 static_cast<float>(bandwidth * bandwidth), kernel == ShiftKernel::kGaussian, sum_.data());
      // (m, some) * (some, width) in C order is (width, some) * (some, m) in column order.
      cublas_check(cublasSgemm(blas_, CUBLAS_OP_N, CUBLAS_OP_N, static_cast<int>(width), static_cast<int>(m),
                               static_cast<int>(some), &one, tile, static_cast<int>(width), scores_.data(),
                               static_cast<int>(kTileModeRows), &none, part_.data(), static_cast<int>(width)),
                   "multiply weights on the GPU");
      gpu::add_f64(part_.data(), m * width, gram_.data());
    }
    gram_.download(sums);
    sum_.download(weights);
  }

  void project(const HeldRows& held, RowsView directions, std::span<float> out) override {
    use();
    const auto& rows = static_cast<const CudaRows&>(held);
    PENSTOCK_CHECK(directions.width == rows.width() && out.size() == rows.rows() * directions.rows);
    if (rows.rows() == 0) return;
    points_.upload(directions.values());
    product(rows.rows(), directions.rows, rows.width(), 1.0f, rows.values.data(), points_.data(),
            scores_.reserve(out.size()), directions.rows);
    scores_.download(out);
  }

 private:
  void use() const { cuda_check(cudaSetDevice(device_), "use the GPU"); }

  // c (m, n) = alpha * a (m, k) * b (n, k) transposed, all in C order: in column order c' = b' * a.
  void product(size_t m, size_t n, size_t k, float alpha, const float* a, const float* b, float* c, size_t ldc) {
    const float none = 0;
    cublas_check(
        cublasSgemm(blas_, CUBLAS_OP_T, CUBLAS_OP_N, static_cast<int>(n), static_cast<int>(m), static_cast<int>(k),
                    &alpha, b, static_cast<int>(k), a, static_cast<int>(k), &none, c, static_cast<int>(ldc)),
        "multiply on the GPU");
  }

  // The same in TF32, which cuts factors off after ten bits: for scores that only say what is measured.
  void rough_product(size_t m, size_t n, size_t k, float alpha, const float* a, const float* b, float* c, size_t ldc) {
    const float none = 0;
    const int width = static_cast<int>(k);
    cublas_check(cublasGemmEx(rough_, CUBLAS_OP_T, CUBLAS_OP_N, static_cast<int>(n), static_cast<int>(m), width, &alpha,
                              b, CUDA_R_32F, width, a, CUDA_R_32F, width, &none, c, CUDA_R_32F, static_cast<int>(ldc),
                              CUBLAS_COMPUTE_32F_FAST_TF32, CUBLAS_GEMM_DEFAULT),
                 "multiply on the GPU");
  }
  // How far such a score may be off, in shares of |q|^2 + |b|^2. Each factor loses at most 2^-10 of itself, so a product of two 2^-9, and all
  // of them 2^-9 |q||b| <= 2^-10 (|q|^2 + |b|^2); a score is twice that, and a sixteenth more for what was left out. The sums are
  // in f32: as cpu_search.cc.
  static float rough_share(size_t width) {
    return 0x1.1p-9f + 8 * 0x1p-24f * (2 + std::sqrt(static_cast<float>(width)));
  }

  // Rows in the order of their labels (a stable sort), then each label's rows one after the other.
  void add_sums(const CudaRows& rows, size_t k, CudaSums& sums) {
    const size_t n = rows.rows();
    numbers_.reserve(n);
    sorted_.reserve(n);
    sorted_labels_.reserve(n);
    begins_.reserve(k + 1);
    gpu::count_up(numbers_.data(), n);
    size_t bytes = 0;
    const int bits = std::max(1, static_cast<int>(std::bit_width(k)));
    cuda_check(cub::DeviceRadixSort::SortPairs(nullptr, bytes, labels_.data(), sorted_labels_.data(), numbers_.data(),
                                               sorted_.data(), static_cast<int>(n), 0, bits),
               "sort labels on the GPU");
    bytes_.reserve(bytes);
    cuda_check(cub::DeviceRadixSort::SortPairs(bytes_.data(), bytes, labels_.data(), sorted_labels_.data(),
                                               numbers_.data(), sorted_.data(), static_cast<int>(n), 0, bits),
               "sort labels on the GPU");
    gpu::find_begins(sorted_labels_.data(), n, k, begins_.data());
    gpu::add_by_label(rows.values.data(), rows.width(), sorted_.data(), begins_.data(), k, sums.sums.data(),
                      sums.counts.data());
    cuda_check(cudaDeviceSynchronize(), "sum rows on the GPU");  // the rows' memory may go now
  }

  int device_;
  std::string name_;
  cublasHandle_t blas_ = nullptr, rough_ = nullptr;
  DeviceArray<float> shift_, points_, point_norms2_, scores_, distances2_, part_;
  DeviceArray<int32_t> labels_, sorted_labels_;
  DeviceArray<uint32_t> numbers_, sorted_, begins_;
  DeviceArray<double> sum_, sum2_, doubles_, gram_;
  DeviceArray<std::byte> bytes_;
};

}  // namespace

std::unique_ptr<Algebra> make_cuda_algebra(int device) { return std::make_unique<CudaAlgebra>(device); }

}  // namespace penstock::classic
