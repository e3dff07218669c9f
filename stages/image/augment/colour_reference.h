// The operations of colour_ops.h as plain as they can be, a number after the other: the oracle of the fast ones.
#pragma once

#include "stages/image/augment/pixel_view.h"

namespace penstock::image::augment::reference {

void brightness(PixelView picture, double factor);
void contrast(PixelView picture, double factor);
void saturation(PixelView picture, double factor);
void sharpness(PixelView picture, double factor);
void hue(PixelView picture, double turn);
void grayscale(PixelView picture);
void invert(PixelView picture);
void posterise(PixelView picture, int bits);
void solarise(PixelView picture, int threshold);
void equalise(PixelView picture);
void autocontrast(PixelView picture);

/// Of one value: degenerate + factor * (value - degenerate), in f32, cut off and held in 0..255 (Pillow's Blend.c).
std::uint8_t blend(int degenerate, int value, float factor);
/// ITU-R 601-2 in 16-bit fixed point (Pillow's Convert.c).
std::uint8_t luma(const std::uint8_t* rgb);
/// One pixel whose hue is turned by `steps` of 1/255, modulo 256 (Pillow's Convert.c, after Python's colorsys).
void turn_hue(std::uint8_t* rgb, std::uint8_t steps);

}  // namespace penstock::image::augment::reference
