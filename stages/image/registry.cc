#include "stages/image/registry.h"

#include "stages/image/augment/autocontrast.h"
#include "stages/image/augment/color_jitter.h"
#include "stages/image/augment/equalise.h"
#include "stages/image/augment/erase.h"
#include "stages/image/augment/gaussian_blur.h"
#include "stages/image/augment/grayscale.h"
#include "stages/image/augment/invert.h"
#include "stages/image/augment/mix.h"
#include "stages/image/augment/posterise.h"
#include "stages/image/augment/sharpness.h"
#include "stages/image/augment/solarise.h"
#include "stages/image/decode.h"
#include "stages/image/flip.h"

namespace penstock::image {

void register_image_stages(StageRegistry& registry) {
  registry.add<Decode>("image.decode", "decodes JPEG and PNG, crops and resizes on the way");
  registry.add<Flip>("image.flip", "mirrors pictures left to right");
  registry.add<augment::Autocontrast>("image.autocontrast", "stretches the values of each channel to 0..255");
  registry.add<augment::ColorJitter>("image.color-jitter", "changes brightness, contrast, saturation and hue");
  registry.add<augment::Cutmix>("image.cutmix", "puts a rectangle of one picture of a batch into another");
  registry.add<augment::Equalise>("image.equalise", "flattens the histogram of each channel");
  registry.add<augment::Erase>("image.erase", "erases a rectangle (random erasing, cutout)");
  registry.add<augment::GaussianBlur>("image.gaussian-blur", "blurs pictures");
  registry.add<augment::Grayscale>("image.grayscale", "takes the colour out of pictures");
  registry.add<augment::Invert>("image.invert", "turns pictures into their negatives");
  registry.add<augment::Mixup>("image.mixup", "blends the pictures of a batch");
  registry.add<augment::Posterise>("image.posterise", "keeps the highest bits of each value");
  registry.add<augment::Sharpness>("image.sharpness", "sharpens or smooths by a 3x3 filter");
  registry.add<augment::Solarise>("image.solarise", "inverts bright values");
}

}  // namespace penstock::image
