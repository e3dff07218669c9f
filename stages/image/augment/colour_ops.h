// Operations on colours, in place. Values are those of Pillow 11.3 (ImageEnhance, ImageOps and the conversions to L and
// HSV), byte for byte, as torchvision 0.26 applies them to PIL images; README.md says where each comes from.
//
// All take a picture of any size from 1x1 on, allocate nothing but what RowScratch grows by, and give the same bytes on
// every CPU. Safe on different pictures from several threads.
#pragma once

#include "stages/image/augment/pixel_view.h"

namespace penstock::image::augment {

/// Towards black (0), as it is (1), brighter (> 1). `factor` >= 0 here and in the next three.
void brightness(PixelView picture, double factor);
/// Towards the mean grey of the picture (0), as it is (1), away from it (> 1).
void contrast(PixelView picture, double factor);
/// Towards the greys of the pixels (0), as it is (1), more colour (> 1).
void saturation(PixelView picture, double factor);
/// Towards a smoothed picture (0), as it is (1), away from it (> 1). The outermost pixels stay.
void sharpness(PixelView picture, double factor, RowScratch& scratch);
/// Turns hues by `turn` of the whole circle, -0.5 to 0.5, in steps of 1/255. 0 is not quite as it was: HSV in u8 rounds.
void hue(PixelView picture, double turn);
/// r = g = b = luma (ITU-R 601-2).
void grayscale(PixelView picture);
/// 255 - value.
void invert(PixelView picture);
/// Keeps the highest `bits` of each value, 0 to 8.
void posterise(PixelView picture, int bits);
/// 255 - value for values of at least `threshold`, which may be 256 (nothing) or 0 (all).
void solarise(PixelView picture, int threshold);
/// Flattens the histogram of each channel.
void equalise(PixelView picture);
/// Stretches each channel so that its least value becomes 0 and its largest 255.
void autocontrast(PixelView picture);

}  // namespace penstock::image::augment
