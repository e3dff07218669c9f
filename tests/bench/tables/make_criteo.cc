// Writes rows like those of Criteo's display advertising challenge: label, 13 counts with gaps, 26 categories of eight hex digits.
//   make_criteo MEGABYTES FILE [SEED]
// Gaps, means and deviations of the logarithm are those of the first 1,600 rows of the challenge; the categories are as many as its description says, and the
// k-th most frequent one comes about 1/k as often as the first.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

struct Count {
  double gap, mean, deviation;  ///< of log(1 + value)
};
constexpr std::array<Count, 13> kCounts = {{{0.45, 0.8, 1.0},
                                            {0.00, 2.2, 2.2},
                                            {0.22, 2.2, 1.3},
                                            {0.20, 1.7, 1.0},
                                            {0.05, 7.2, 2.8},
                                            {0.24, 3.6, 1.8},
                                            {0.05, 1.5, 1.4},
                                            {0.00, 2.1, 1.2},
                                            {0.05, 3.7, 1.7},
                                            {0.45, 0.4, 0.4},
                                            {0.05, 0.8, 0.7},
                                            {0.77, 0.3, 0.7},
                                            {0.20, 1.9, 1.1}}};
struct Category {
  double gap;
  double kinds;
};
constexpr std::array<Category, 26> kCategories = {
    {{0.00, 1460},  {0.00, 583},     {0.04, 10131227}, {0.04, 2202608}, {0.00, 305},     {0.13, 24},   {0.00, 12517},
     {0.00, 633},   {0.00, 3},       {0.00, 93145},    {0.00, 5683},    {0.04, 8351593}, {0.00, 3194}, {0.00, 27},
     {0.00, 14992}, {0.04, 5461306}, {0.00, 10},       {0.00, 5652},    {0.48, 2173},    {0.48, 4},    {0.04, 7046547},
     {0.82, 18},    {0.00, 15},      {0.04, 286181},   {0.48, 105},     {0.48, 142572}}};

/// SplitMix64 (G. Steele, D. Lea, C. Flood, 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t bits() { return mix(state_ += 0x9E3779B97F4A7C15); }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  /// Sum of twelve: close enough to a normal deviate.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; i += 4)
      for (uint64_t b = bits(), k = 0; k < 4; ++k, b >>= 16) sum += static_cast<double>(b & 0xFFFF) / 65536;
    return sum;
  }
  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

void append_row(Random& random, std::string& out) {
  out += random.uniform() < 0.21 ? '1' : '0';
  for (const Count& count : kCounts) {
    out += ',';
    if (random.uniform() < count.gap) continue;
    out +=
        std::to_string(static_cast<int64_t>(std::expm1(std::max(0.0, count.mean + count.deviation * random.normal()))));
  }
  for (size_t c = 0; c < kCategories.size(); ++c) {
    out += ',';
    if (random.uniform() < kCategories[c].gap) continue;
    const auto rank = static_cast<uint64_t>(std::exp(random.uniform() * std::log(kCategories[c].kinds)));
    uint64_t word = Random::mix(c << 40 | rank);
    for (int i = 0; i < 8; ++i, word >>= 4) out += "0123456789abcdef"[word & 15];
  }
  out += '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "make_criteo MEGABYTES FILE [SEED]\n");
    return 2;
  }
  const auto wanted = static_cast<uint64_t>(std::atof(argv[1]) * 1e6);
  std::FILE* file = std::fopen(argv[2], "wb");
  if (file == nullptr) return std::perror(argv[2]), 1;
  Random random(argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
  std::string text = "label";
  for (size_t i = 1; i <= kCounts.size(); ++i) text += ",I" + std::to_string(i);
  for (size_t i = 1; i <= kCategories.size(); ++i) text += ",C" + std::to_string(i);
  text += '\n';
  uint64_t written = 0;
  while (written + text.size() < wanted) {
    append_row(random, text);
    if (text.size() < (1 << 20)) continue;
    if (std::fwrite(text.data(), 1, text.size(), file) != text.size()) return std::perror(argv[2]), 1;
    written += text.size();
    text.clear();
  }
  if (std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fclose(file) != 0)
    return std::perror(argv[2]), 1;
  return 0;
}
