// Logarithm and exponential with the same last bit on every machine: libm's depend on the CPU (FMA or not), and a crop
// that is one pixel wider on another machine breaks the law that batches are the same bytes everywhere.
#pragma once

namespace penstock::image {

/// Natural logarithm of a positive, normal x; within 1e-15 relative. Made of + - * / alone.
double portable_log(double x);

/// e to the power of x, |x| < 700; within 1e-15 relative. Made of + - * / alone.
double portable_exp(double x);

}  // namespace penstock::image
