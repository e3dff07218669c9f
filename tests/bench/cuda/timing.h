// Timing of work on a stream, and a line of a Markdown table for it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "engine/device/device.h"

namespace penstock::bench {

/// Seconds of one call, in so many rounds.
struct Seconds {
  double median = 0, least = 0, most = 0;
};

/// Calls `work` often enough that a round takes about 20 ms, for 15 rounds, after two that do not count.
inline Seconds time_on(Stream& stream, const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  const auto round = [&](int calls) {
    const auto begin = Clock::now();
    for (int i = 0; i < calls; ++i) work();
    stream.synchronize();
    return std::chrono::duration<double>(Clock::now() - begin).count() / calls;
  };
  round(1);
  const int calls = std::clamp(static_cast<int>(0.02 / std::max(round(1), 1e-7)), 1, 10000);
  round(calls);
  std::vector<double> seconds;
  for (int i = 0; i < 15; ++i) seconds.push_back(round(calls));
  std::sort(seconds.begin(), seconds.end());
  return {seconds[seconds.size() / 2], seconds.front(), seconds.back()};
}

/// | what | median | least to most | unit | of the ceiling |. `amount`: what one call moves or computes; `ceiling` in the same unit, 0: none.
inline void row(const std::string& what, const Seconds& s, double amount, const char* unit, double ceiling = 0) {
  char share[32] = "";
  if (ceiling > 0) std::snprintf(share, sizeof share, "%.2f", amount / s.median / ceiling);
  std::printf("| %s | %.1f | %.1f to %.1f | %s | %s |\n", what.c_str(), amount / s.median, amount / s.most,
              amount / s.least, unit, share);
  std::fflush(stdout);
}

}  // namespace penstock::bench
