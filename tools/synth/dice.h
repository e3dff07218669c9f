// Random numbers for drawing pictures: one stream for each picture, so that neither threads nor order matter.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace penstock::synth {

/// SplitMix64 (Steele, Lea, Flood 2014) started from a hash of what the picture is. Not for runs: they use engine's Philox.
class Dice {
 public:
  /// The same key gives the same numbers on every machine.
  explicit Dice(std::initializer_list<std::uint64_t> key) {
    for (const std::uint64_t part : key) state_ = mixed(state_ + kStep + part);
  }

  std::uint64_t next() { return mixed(state_ += kStep); }
  /// Uniform in [low, high).
  float uniform(float low, float high) { return low + (high - low) * (static_cast<float>(next() >> 40) * 0x1p-24f); }
  /// Uniform in low..high, both included.
  int between(int low, int high) { return low + static_cast<int>(next() % static_cast<std::uint64_t>(high - low + 1)); }
  bool chance(float probability) { return uniform(0, 1) < probability; }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15u;

  static std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_ = 0;
};

}  // namespace penstock::synth
