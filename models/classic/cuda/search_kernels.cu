// The nearest rows of a tile: a block a query. Its list lies in shared memory; rows whose score may be near enough are put behind it and,
// when the room is full, measured, sorted with it and cut off. A thread looks at several scores between two barriers, as many as leave room for
// all of them to be candidates.
#include "models/classic/cuda/device_memory.h"
#include "models/classic/cuda/kernels_cuda.h"
#include "models/classic/cuda/warp.cuh"

namespace penstock::classic::gpu {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kWarps = kThreads / kWarp;
constexpr unsigned kRoom = 2048;  // a list of 1024 and as many candidates: 24 KiB of shared memory

struct List {
  float scores[kRoom];
  int64_t ids[kRoom];
  unsigned candidates;
};

__device__ bool before(const List& list, unsigned a, unsigned b) {
  return list.scores[a] != list.scores[b] ? list.scores[a] < list.scores[b] : list.ids[a] < list.ids[b];
}

// Batcher's bitonic sort of the first `n` places, a power of two.
__device__ void sort(List& list, unsigned n) {
  for (unsigned size = 2; size <= n; size *= 2) {
    for (unsigned step = size / 2; step > 0; step /= 2) {
      __syncthreads();
      for (unsigned i = threadIdx.x; i < n; i += kThreads) {
        const unsigned other = i ^ step;
        if (other <= i) continue;
        const bool upwards = (i & size) == 0;
        if (before(list, other, i) != upwards) continue;
        const float score = list.scores[i];
        list.scores[i] = list.scores[other];
        list.scores[other] = score;
        const int64_t id = list.ids[i];
        list.ids[i] = list.ids[other];
        list.ids[other] = id;
      }
    }
  }
  __syncthreads();
}

// Measures the candidates and leaves the k best, sorted. All threads.
__device__ void take_candidates(List& list, unsigned k, const SearchTile& tile, const float* query) {
  __syncthreads();
  const unsigned count = list.candidates, lane = threadIdx.x % kWarp;
  for (unsigned c = threadIdx.x / kWarp; c < count; c += kWarps) {
    const float* row = tile.base + static_cast<size_t>(list.ids[k + c]) * tile.width;
    const float score =
        tile.l2 ? warp_distance2(query, row, tile.width, lane) : tile.offset - warp_dot(query, row, tile.width, lane);
    __syncwarp();
    if (lane == 0) {
      list.scores[k + c] = score;
      list.ids[k + c] += tile.first_id;
    }
  }
  unsigned n = 2;
  while (n < k + count) n *= 2;
  for (unsigned i = k + count + threadIdx.x; i < n; i += kThreads) {
    list.scores[i] = INFINITY;
    list.ids[i] = INT64_MAX;
  }
  sort(list, n);
  if (threadIdx.x == 0) list.candidates = 0;
  __syncthreads();
}

template <unsigned kEach>
__global__ void __launch_bounds__(kThreads)
    take_nearest_kernel(SearchTile tile, unsigned k, float* best_scores, int64_t* best_ids) {
  __shared__ List list;
  const size_t q = blockIdx.x;
  const float* query = tile.queries + q * tile.width;
  for (unsigned i = threadIdx.x; i < k; i += kThreads) {
    list.scores[i] = best_scores[q * k + i];
    list.ids[i] = best_ids[q * k + i];
  }
  if (threadIdx.x == 0) list.candidates = 0;
  __syncthreads();
  // As cpu_search.cc: what is added to make a score of a product.
  const float norm2 = tile.query_norms2[q];
  const float offset = tile.l2 ? norm2 : tile.offset;
  const float slack = tile.slack * (norm2 + tile.most_base_norm2);
  float most = list.scores[k - 1] - offset + slack;
  for (size_t begin = 0; begin < tile.count; begin += kEach * kThreads) {
    for (unsigned each = 0; each < kEach; ++each) {
      const size_t j = begin + each * kThreads + threadIdx.x;
      if (j >= tile.count) break;
      float score = tile.scores[q * tile.stride + j];
      if (tile.base_norms2 != nullptr) score += tile.base_norms2[j];
      const bool self =
          tile.self_first >= 0 && tile.first_id + static_cast<int64_t>(j) == tile.self_first + static_cast<int64_t>(q);
      if (score <= most && !self) list.ids[k + atomicAdd(&list.candidates, 1u)] = static_cast<int64_t>(j);
    }
    __syncthreads();
    const unsigned waiting = list.candidates;
    __syncthreads();  // nobody puts one in before all have seen how many there are
    if (k + waiting + kEach * kThreads <= kRoom) continue;
    take_candidates(list, k, tile, query);
    most = list.scores[k - 1] - offset + slack;
  }
  if (list.candidates > 0) take_candidates(list, k, tile, query);
  for (unsigned i = threadIdx.x; i < k; i += kThreads) {
    best_scores[q * k + i] = list.scores[i];
    best_ids[q * k + i] = list.ids[i];
  }
}

__global__ void fill_search_kernel(float* best_scores, int64_t* best_ids, size_t places) {
  const size_t i = size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= places) return;
  best_scores[i] = INFINITY;
  best_ids[i] = INT64_MAX;
}

// A block a mode: scores become weights, and the weights' sum is taken in a tree that is always the same.
__global__ void weigh_kernel(float* scores, size_t stride, size_t count, const float* mode_norms2, const float* norms2,
                             float bandwidth2, bool gaussian, double* weights) {
  __shared__ double sums[kWarps];
  const size_t m = blockIdx.x;
  double sum = 0;
  for (size_t i = threadIdx.x; i < count; i += kThreads) {
    const float d2 = fmaxf(0.0f, scores[m * stride + i] + norms2[i] + mode_norms2[m]);
    const float weight = gaussian ? expf(d2 * (-0.5f / bandwidth2)) : (d2 <= bandwidth2 ? 1.0f : 0.0f);
    scores[m * stride + i] = weight;
    sum += static_cast<double>(weight);
  }
  sum = warp_sum(sum);
  if (threadIdx.x % kWarp == 0) sums[threadIdx.x / kWarp] = sum;
  __syncthreads();
  if (threadIdx.x != 0) return;
  double total = 0;
  for (unsigned w = 0; w < kWarps; ++w) total += sums[w];
  weights[m] += total;
}

}  // namespace

void take_nearest(const SearchTile& tile, size_t queries, size_t k, float* best_scores, int64_t* best_ids) {
  if (queries == 0) return;
  const auto blocks = static_cast<unsigned>(queries), places = static_cast<unsigned>(k);
  if (k <= kRoom / 8)
    take_nearest_kernel<4><<<blocks, kThreads>>>(tile, places, best_scores, best_ids);
  else
    take_nearest_kernel<1><<<blocks, kThreads>>>(tile, places, best_scores, best_ids);
  launch_check("search on the GPU");
}

void fill_search(float* best_scores, int64_t* best_ids, size_t places) {
  if (places == 0) return;
  fill_search_kernel<<<blocks_for(places, kThreads), kThreads>>>(best_scores, best_ids, places);
  launch_check("start a search on the GPU");
}

void weigh(float* scores, size_t modes, size_t stride, size_t count, const float* mode_norms2, const float* norms2,
           float bandwidth2, bool gaussian, double* weights) {
  if (modes == 0 || count == 0) return;
  weigh_kernel<<<static_cast<unsigned>(modes), kThreads>>>(scores, stride, count, mode_norms2, norms2, bandwidth2,
                                                           gaussian, weights);
  launch_check("weigh rows on the GPU");
}

}  // namespace penstock::classic::gpu
