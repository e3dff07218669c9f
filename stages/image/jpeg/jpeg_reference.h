// The loops of jpeg_kernels.h one number after the other: their oracle, and what CPUs without 128-bit vectors run.
#pragma once

#include "stages/image/jpeg/jpeg_kernels.h"

namespace penstock::image {

void idct_group_reference(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples,
                          std::size_t stride);
void idct_group_half_reference(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples,
                               std::size_t stride);
void ycc_to_rgb_reference(ChromaShape shape, const YccRow& row, int pixels, std::uint8_t* rgb);

}  // namespace penstock::image
