// The inner loops of the operations on colours, compiled once for each vector instruction set and chosen at run time
// (Highway). Every target gives the bytes of colour_reference.h: floats are only added, subtracted, multiplied and
// divided, in the reference's order.
#pragma once

#include <cstddef>
#include <cstdint>

namespace penstock::image::augment {

/// values[i] = table[values[i]]; `table` has 256 entries.
void map_values(std::uint8_t* values, std::size_t count, const std::uint8_t* table);

/// The same with a table for each channel: 3 x 256 entries.
void map_channels(std::uint8_t* rgb, std::size_t pixels, const std::uint8_t* tables);

/// Sum of the lumas of all pixels.
std::uint64_t sum_luma(const std::uint8_t* rgb, std::size_t pixels);

/// Each value v becomes luma + factor * (v - luma); factor 0 makes greys.
void blend_luma(std::uint8_t* rgb, std::size_t pixels, float factor);

/// Turns hues by `steps` of 1/255, modulo 256.
void turn_hues(std::uint8_t* rgb, std::size_t pixels, std::uint8_t steps);

/// Readable bytes that sharpen_row() wants behind the end of its rows.
inline constexpr std::size_t kSharpenPadding = 64;

/// out[i] = smooth + factor * (here[i] - smooth) for i < count, where smooth is the weighted mean of the 3x3 pixels around:
/// the rows are read from -3 to count + 3 + kSharpenPadding. `out` is written exactly.
void sharpen_row(const std::uint8_t* above, const std::uint8_t* here, const std::uint8_t* below, std::size_t count,
                 float factor, std::uint8_t* out);

}  // namespace penstock::image::augment
