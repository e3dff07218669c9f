#include "stages/device/augment_plan.h"

#include <cmath>
#include <utility>

#include "engine/base/error.h"
#include "engine/order/draws.h"

namespace penstock::device {
namespace {

using image::augment::JitterDraw;

void set_colours(const JitterDraw& drawn, ImagePlan& plan) {
  for (const int which : drawn.order) {
    const auto i = static_cast<size_t>(which);
    if (!drawn.done[i]) continue;
    plan.order[plan.changes++] = static_cast<uint8_t>(which);
    if (which == 3)
      plan.hue_steps = static_cast<uint8_t>(static_cast<int>(drawn.factors[i] * 255));
    else
      plan.factors[i] = static_cast<float>(drawn.factors[i]);
  }
}

}  // namespace

AugmentPlanner::AugmentPlanner(AugmentRecipe recipe) : recipe_(std::move(recipe)) {
  if (recipe_.size.width < 1 || recipe_.size.height < 1) throw Error(Code::kUsage, "augmented pictures have a size");
  if (recipe_.jitter) jitter_.emplace(*recipe_.jitter);
  if (recipe_.erase) {
    if (recipe_.erase->value.random)
      throw Error(Code::kUsage, "image.erase with value = \"random\" is not done on a device")
          .hint("give it a colour, or leave the stage to the CPU");
    erase_.emplace(*recipe_.erase);
  }
}

AugmentPlan AugmentPlanner::plan(const BatchKey& key, std::span<const uint64_t> ids,
                                 std::span<const image::Size> sizes) const {
  PENSTOCK_CHECK(ids.size() == sizes.size());
  AugmentPlan all;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto draws_of = [&](const std::string& stage) { return Draws(key.seed, key.epoch, ids[i], draw_key(stage)); };
    ImagePlan plan{.record = ids[i]};
    Draws crop = draws_of(recipe_.crop_id);
    const image::Rect part = image::random_crop(sizes[i], recipe_.crop, crop);
    plan.x = part.x, plan.y = part.y, plan.width = part.width, plan.height = part.height;
    if (recipe_.flip_p) plan.flip = draws_of(recipe_.flip_id).bernoulli(*recipe_.flip_p) ? 1 : 0;
    if (jitter_) {
      Draws draws = draws_of(recipe_.jitter_id);
      if (draws.bernoulli(recipe_.jitter->p)) set_colours(jitter_->draw(draws), plan);
    }
    if (erase_) {
      Draws draws = draws_of(recipe_.erase_id);
      const auto lost = draws.bernoulli(recipe_.erase->p) ? erase_->part(recipe_.size.width, recipe_.size.height, draws)
                                                          : std::nullopt;
      if (lost) {
        plan.erase_x = lost->x, plan.erase_y = lost->y, plan.erase_width = lost->width,
        plan.erase_height = lost->height;
        for (size_t c = 0; c < 3; ++c) plan.erase_colour[c] = static_cast<uint8_t>(recipe_.erase->value.colour[c]);
      }
    }
    all.images.push_back(plan);
  }
  if (recipe_.mixup && ids.size() > 1) {
    Draws draws(key.seed, key.epoch, key.first_position, draw_key(recipe_.mixup_id));
    all.mixes = draws.bernoulli(recipe_.mixup->p);
    const double share = image::augment::draw_beta(draws, recipe_.mixup->alpha);
    if (all.mixes) all.mix_weight = static_cast<int>(std::nearbyint(share * 256));
  }
  return all;
}

}  // namespace penstock::device
