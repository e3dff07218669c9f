// The weights of the tiny network that tests have as a package and as TorchScript: multiples of 1/8, exact in f32.
#pragma once

namespace penstock::test {

inline float tiny_filter(int filter, int channel) {
  return static_cast<float>((filter * 37 + channel * 11 + 5) % 17 - 8) / 8;
}
inline float tiny_weight(int filter, int logit) {
  return static_cast<float>((filter * 29 + logit * 13 + 3) % 19 - 9) / 8;
}

}  // namespace penstock::test
