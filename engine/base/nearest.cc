#include "engine/base/nearest.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace penstock {
namespace {

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool one_begins_the_other(std::string_view a, std::string_view b) {
  const size_t shared = std::min(a.size(), b.size());
  return shared >= 2 && a.substr(0, shared) == b.substr(0, shared);
}

}  // namespace

int typing_distance(std::string_view first, std::string_view second) {
  const std::string a = folded(first);
  const std::string b = folded(second);
  std::vector<std::vector<int>> cost(a.size() + 1, std::vector<int>(b.size() + 1, 0));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = static_cast<int>(i);
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const int change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  std::string best;
  int best_distance = 1 << 20;
  for (const std::string& candidate : candidates) {
    const int distance = typing_distance(name, candidate);
    const int longest = static_cast<int>(std::max(name.size(), candidate.size()));
    const int allowed = longest == 1 ? 0 : std::max(1, longest / 3);
    const bool near = distance <= allowed || one_begins_the_other(folded(name), folded(candidate));
    if (near && distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string nearest_hint(std::string_view name, std::span<const std::string> candidates) {
  const std::string nearest = nearest_name(name, candidates);
  if (!nearest.empty()) return "; the nearest right one is '" + nearest + "'";
  std::string known;
  for (const std::string& candidate : candidates) known += (known.empty() ? "; known are '" : ", '") + candidate + "'";
  return known;
}

}  // namespace penstock
