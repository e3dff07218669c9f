// Gradients of all lanes are summed in buckets, each as soon as the backward pass has filled it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "engine/device/collective.h"
#include "models/nets/net.h"
#include "stages/learn/compute.h"

namespace penstock::learn {

/// Hooks itself to the parameters: what backward() accumulates in one is copied to its place in a bucket, and the last parameter of a
/// bucket sends it off. Buckets run from the last parameter to the first, about the order in which their gradients come, and are summed in
/// that order in all lanes (Li et al. 2020, "PyTorch Distributed", section 3.2). The sums are made by a thread of its own.
///
/// One step: start(), backward(), complete(), finish(). One thread; `sums` is used by the bucket thread alone. On a GPU a bucket's values lie there,
/// and the bucket thread waits for them before it calls `sums`.
class GradientBuckets {
 public:
  /// f32 parameters whose memory has no gaps. `sums` must outlive it. Parameters that need no gradient are left out.
  GradientBuckets(std::vector<nets::NamedTensor> parameters, Collective& sums, size_t bucket_bytes,
                  const Compute& compute);
  /// Takes the hooks off. Waits for sums that are on their way: abort the group first where the other lanes will not come.
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  void start();
  /// Sends what is missing as zeros. Gives, of each parameter, whether it got a gradient: 1 or 0.
  std::vector<double> complete();
  /// Waits for all sums, and makes them, times `scale`, the gradients of the parameters. One that got none in any lane, as the sum of
  /// complete() over the lanes says, has none. Throws what a Collective threw.
  void finish(float scale, std::span<const double> lanes_with_it);
  size_t bucket_count() const { return buckets_.size(); }

 private:
  struct Place {
    at::Tensor parameter;
    size_t bucket = 0;
    int64_t offset = 0;  ///< of its values in the bucket
    bool filled = false;
    bool got_one = false;
  };
  struct Bucket {
    at::Tensor values;  ///< f32
    size_t parameters = 0;
    size_t filled = 0;
    std::function<void()> wait;  ///< until its values are there; none: they are
  };
  class Hook;

  void fill(Place& place);
  void release_filled();
  void sum_buckets(const std::stop_token& stop);
  at::Tensor gradient_of(const Place& place) const;

  Collective& sums_;
  const Compute& compute_;
  std::vector<std::unique_ptr<Place>> places_;
  std::vector<Bucket> buckets_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  size_t complete_ = 0;  ///< buckets of this step that may be summed: the first so many
  size_t summed_ = 0;
  std::exception_ptr failure_;
  std::jthread thread_;
};

}  // namespace penstock::learn
