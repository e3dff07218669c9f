#include "stages/learn/gradient_buckets.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>

#include <span>

#include "engine/base/error.h"
#include "stages/learn/bucket_plan.h"

namespace penstock::learn {

namespace {

/// Of a module of the user's, a parameter may be anything.
void require_summable(const std::string& name, const at::Tensor& parameter) {
  const bool is_f32 = parameter.scalar_type() == at::kFloat;
  if (is_f32 && parameter.is_non_overlapping_and_dense()) return;
  throw Error(Code::kUsage, "the parameter '" + name + "' is " +
                                (is_f32 ? "a view of other memory (not dense)"
                                        : std::string("of type ") + c10::toString(parameter.scalar_type())) +
                                ", and several lanes sum gradients of dense f32 parameters alone")
      .hint("before the module is saved: " +
            std::string(is_f32 ? "make it contiguous (torch.nn.Parameter(p.detach().clone().contiguous()))"
                               : "module.float(); train.precision = \"bf16\" computes in bf16 without it") +
            ", or train on one lane");
}

}  // namespace

class GradientBuckets::Hook final : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(GradientBuckets& buckets, Place& place) : buckets_(buckets), place_(place) {}
  void operator()(const at::Tensor&) override { buckets_.fill(place_); }

 private:
  GradientBuckets& buckets_;
  Place& place_;
};

GradientBuckets::GradientBuckets(std::vector<nets::NamedTensor> parameters, Collective& sums, size_t bucket_bytes,
                                 const Compute& compute)
    : sums_(sums), compute_(compute) {
  std::vector<size_t> bytes;
  for (auto named = parameters.rbegin(); named != parameters.rend(); ++named) {
    const at::Tensor& parameter = named->second;
    if (!parameter.requires_grad()) continue;
    require_summable(named->first, parameter);
    places_.push_back(std::make_unique<Place>());
    places_.back()->parameter = parameter;
    bytes.push_back(parameter.nbytes());
  }
  std::vector<int64_t> lengths;
  size_t first = 0;
  for (const size_t count : plan_buckets(bytes, bucket_bytes)) {
    buckets_.emplace_back().parameters = count;
    lengths.push_back(0);
    for (size_t i = first; i < first + count; ++i) {
      places_[i]->bucket = buckets_.size() - 1;
      places_[i]->offset = lengths.back();
      lengths.back() += places_[i]->parameter.numel();
    }
    first += count;
  }
  for (size_t b = 0; b < buckets_.size(); ++b)
    buckets_[b].values = at::zeros({lengths[b]}, at::TensorOptions().dtype(at::kFloat).device(compute.device()));
  for (const auto& place : places_)
    torch::autograd::impl::set_post_acc_grad_hooks(place->parameter, std::make_unique<Hook>(*this, *place));
  complete_ = summed_ = buckets_.size();
  thread_ = std::jthread([this](const std::stop_token& stop) { sum_buckets(stop); });
}

GradientBuckets::~GradientBuckets() {
  for (const auto& place : places_) torch::autograd::impl::set_post_acc_grad_hooks(place->parameter, nullptr);
}

at::Tensor GradientBuckets::gradient_of(const Place& place) const {
  return buckets_[place.bucket].values.as_strided(place.parameter.sizes(), place.parameter.strides(), place.offset);
}

void GradientBuckets::start() {
  for (const auto& place : places_) place->filled = false;
  for (Bucket& bucket : buckets_) bucket.filled = 0;
  const std::lock_guard lock(mutex_);
  complete_ = summed_ = 0;
}

void GradientBuckets::fill(Place& place) {
  const at::NoGradGuard no_grad;
  const at::Tensor& gradient = place.parameter.grad();
  place.got_one = gradient.defined();
  if (place.got_one)
    gradient_of(place).copy_(gradient);
  else
    gradient_of(place).zero_();
  if (place.filled) return;
  place.filled = true;
  Bucket& bucket = buckets_[place.bucket];
  if (++bucket.filled < bucket.parameters) return;
  bucket.wait = compute_.mark();
  release_filled();
}

// Buckets may be filled out of order; they leave in order.
void GradientBuckets::release_filled() {
  size_t ready = 0;
  while (ready < buckets_.size() && buckets_[ready].filled == buckets_[ready].parameters) ++ready;
  const std::lock_guard lock(mutex_);
  complete_ = ready;
  changed_.notify_all();
}

std::vector<double> GradientBuckets::complete() {
  std::vector<double> got;
  for (const auto& place : places_) {
    if (!place->filled) fill(*place);
    got.push_back(place->got_one ? 1 : 0);
  }
  return got;
}

void GradientBuckets::finish(float scale, std::span<const double> lanes_with_it) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return summed_ == buckets_.size() || failure_; });
    if (failure_) std::rethrow_exception(failure_);
  }
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < places_.size(); ++i) {
    at::Tensor parameter = places_[i]->parameter;
    if (lanes_with_it[i] == 0) {
      parameter.mutable_grad().reset();
      continue;
    }
    at::Tensor gradient = gradient_of(*places_[i]);
    if (scale != 1) gradient.mul_(scale);
    parameter.mutable_grad() = gradient;
  }
}

void GradientBuckets::sum_buckets(const std::stop_token& stop) {
  for (;;) {
    size_t bucket = 0;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return summed_ < complete_; })) return;
      bucket = summed_;
    }
    std::exception_ptr failure;
    try {
      if (buckets_[bucket].wait) buckets_[bucket].wait();
      at::Tensor& values = buckets_[bucket].values;
      sums_.all_reduce_sum(std::span(values.data_ptr<float>(), static_cast<size_t>(values.numel())));
    } catch (...) { failure = std::current_exception(); }
    const std::lock_guard lock(mutex_);
    if (failure) {
      failure_ = failure;
      changed_.notify_all();
      return;
    }
    ++summed_;
    changed_.notify_all();
  }
}

}  // namespace penstock::learn
