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
#include "stages/image/decode_mask.h"
#include "stages/image/flip.h"
#include "stages/image/geometry/crop_boxes.h"
#include "stages/image/geometry/move_boxes.h"
#include "stages/image/geometry/move_pictures.h"
#include "stages/image/geometry/moves.h"
#include "stages/image/geometry/pad_crop.h"
#include "stages/image/policy/sets.h"

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
  registry.add<policy::RandAugment>("image.rand-augment", "some of fourteen augmentations, all as strong");
  registry.add<policy::TrivialAugmentWide>("image.trivial-augment-wide",
                                           "one of fourteen augmentations, as strong as drawn");
  using namespace geometry;
  registry.add<DecodeMask>("image.decode-mask", "decodes masks (PNG), seen as image.decode sees the picture");
  registry.add<MovePictures<AffineMoves>>("image.affine", "turns, moves, scales and shears pictures or masks");
  registry.add<MovePictures<PerspectiveMoves>>("image.perspective", "sees pictures or masks from another place");
  registry.add<PadCrop>("image.pad-crop", "crops pictures or masks at random after a border was put around them");
  registry.add<CropBoxes>("image.crop-boxes", "moves boxes into the view of image.decode");
  registry.add<MoveBoxes<FlipMoves>>("image.flip-boxes", "mirrors boxes as image.flip mirrors pictures");
  registry.add<MoveBoxes<AffineMoves>>("image.affine-boxes", "moves boxes as image.affine moves pictures");
  registry.add<MoveBoxes<PerspectiveMoves>>("image.perspective-boxes", "moves boxes as image.perspective does");
  registry.add<MoveBoxes<PadCropMoves>>("image.pad-crop-boxes", "moves boxes as image.pad-crop does; stands before it");
}

}  // namespace penstock::image
