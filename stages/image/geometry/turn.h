// Sine and cosine with the same last bit on every CPU.
#pragma once

namespace penstock::image::geometry {

struct SineCosine {
  double sine = 0;
  double cosine = 1;
};

/// Of an angle in degrees, |degrees| < 2^31. Within 2 units in the last place of the true values; multiples of 90 give 0, 1 and -1
/// exactly. Made of + - * / alone, never of libm, whose last bit depends on the CPU.
SineCosine sine_cosine(double degrees);

}  // namespace penstock::image::geometry
