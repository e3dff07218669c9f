#include "stages/device/augmenter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "stages/device/augment_jobs.h"
#include "stages/device/each.h"

namespace penstock::device {
namespace {

// As ResizeTaps: a triangle as wide as the shrinking, on both sides.
int most_taps(const AugmentPlan& plan, image::Size size) {
  int most = 1;
  for (const ImagePlan& image : plan.images) {
    const auto axis = [&](int in, int out) {
      const double support = std::max(static_cast<double>(in) / out, 1.0);
      most = std::max(most, std::min(in, static_cast<int>(std::ceil(support)) * 2 + 1));
    };
    axis(image.width, size.width);
    axis(image.height, size.height);
  }
  return most;
}

std::vector<CachedImage> require_cached(const DeviceImageCache& cache, const AugmentPlan& plan) {
  std::vector<CachedImage> pictures;
  for (const ImagePlan& image : plan.images) {
    pictures.push_back(cache.find(image.record));
    if (pictures.back().rgb == nullptr)
      throw Error(Code::kUsage,
                  "record " + std::to_string(image.record) + " is not in the device's cache: " + cache.text());
  }
  return pictures;
}

void check_crops(std::span<const CachedImage> pictures, const AugmentPlan& plan) {
  PENSTOCK_CHECK(pictures.size() == plan.images.size());
  for (size_t i = 0; i < pictures.size(); ++i) {
    const ImagePlan& image = plan.images[i];
    PENSTOCK_CHECK(pictures[i].rgb != nullptr && image.x >= 0 && image.y >= 0 && image.width > 0 && image.height > 0 &&
                   image.x + image.width <= pictures[i].width && image.y + image.height <= pictures[i].height);
  }
}

}  // namespace

template <class T>
T* Augmenter::room(DeviceBuffer& buffer, int64_t count, const char* what) {
  const uint64_t bytes = static_cast<uint64_t>(count) * sizeof(T);
  if (buffer.size() < bytes) {
    buffer = DeviceBuffer();  // its room first
    buffer = device_.allocate(bytes, what);
  }
  return reinterpret_cast<T*>(buffer.data());
}

void Augmenter::run(Stream& stream, const DeviceImageCache& cache, const AugmentPlan& plan, uint8_t* out) {
  queue(stream, &cache.index(), require_cached(cache, plan), plan, out);
}

void Augmenter::run(Stream& stream, std::span<const CachedImage> pictures, const AugmentPlan& plan, uint8_t* out) {
  queue(stream, nullptr, pictures, plan, out);
}

/// `index`: what the kernels look the pictures up in; null: they are told.
void Augmenter::queue(Stream& stream, const ImageIndex* index, std::span<const CachedImage> pictures,
                      const AugmentPlan& plan, uint8_t* out) {
  const auto count = static_cast<int64_t>(plan.images.size());
  if (count == 0) return;
  check_crops(pictures, plan);
  const int64_t pixels_each = int64_t{size_.width} * size_.height;
  TapsRoom taps{.most = most_taps(plan, size_), .out_width = size_.width, .out_height = size_.height};

  copied_.synchronize();
  const uint64_t plan_bytes = plan.images.size() * sizeof(ImagePlan);
  constexpr const char* kWhat = "augmentation";
  if (host_plans_.size() < plan_bytes) host_plans_ = device_.make_host_buffer(plan_bytes);
  // Memory may only be given back while nothing that was queued uses it.
  const uint64_t weight_bytes = static_cast<uint64_t>(count * taps.outputs() * taps.most) * sizeof(int32_t);
  if (plans_.size() < plan_bytes || weights_.size() < weight_bytes) stream.synchronize();
  auto* plans = room<ImagePlan>(plans_, count, kWhat);
  auto* found = room<CachedImage>(found_, count, kWhat);
  taps.taps = room<Taps>(taps_, count * taps.outputs(), kWhat);
  taps.weights = room<int32_t>(weights_, count * taps.outputs() * taps.most, kWhat);
  auto* sums = room<uint64_t>(sums_, count * SumGrey::kParts, kWhat);
  auto* greys = room<int32_t>(greys_, count, kWhat);
  std::memcpy(host_plans_.data(), plan.images.data(), plan_bytes);
  stream.copy(plans, host_plans_.data(), plan_bytes);
  if (index == nullptr) {
    const uint64_t bytes = pictures.size_bytes();
    if (host_found_.size() < bytes) host_found_ = device_.make_host_buffer(bytes);
    std::memcpy(host_found_.data(), pictures.data(), bytes);
    stream.copy(found, host_found_.data(), bytes);
  }
  stream.record(copied_);

  if (index != nullptr) each(stream, count, Locate{*index, plans, found});
  each(stream, count * taps.outputs(), MakeTaps{plans, taps});
  each(stream, count * pixels_each, CropResize{plans, found, taps, out});
  const auto any = [&](auto&& is) { return std::any_of(plan.images.begin(), plan.images.end(), is); };
  if (any([](const ImagePlan& p) { return before_contrast(p) >= 0; })) {
    each(stream, count * SumGrey::kParts, SumGrey{plans, out, pixels_each, sums});
    each(stream, count, MeanGrey{sums, pixels_each, greys});
  }
  if (any([](const ImagePlan& p) { return p.changes > 0 || p.erase_width > 0; }))
    each(stream, count * pixels_each, ChangePixels{plans, greys, size_.width, size_.height, out});
  if (plan.mixes) each(stream, 3 * pixels_each, MixPictures{out, count, 3 * pixels_each, plan.mix_weight});
}

}  // namespace penstock::device
