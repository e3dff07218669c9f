#include "engine/order/order_quality.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>
#include <vector>

namespace penstock {
namespace {

constexpr uint64_t kLeastBatches = 8;

// log of C(n, k)
double log_choose(double n, double k) { return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1); }

}  // namespace

double distinct_of_full_shuffle(std::span<const uint64_t> records_of_class, uint64_t records, uint64_t batch) {
  double sum = 0;
  const auto all = static_cast<double>(records), drawn = static_cast<double>(batch);
  for (const uint64_t count : records_of_class) {
    const double others = all - static_cast<double>(count);
    if (count > 0) sum += others < drawn ? 1 : 1 - std::exp(log_choose(others, drawn) - log_choose(all, drawn));
  }
  return sum;
}

OrderQuality order_quality(std::span<const uint64_t> records_of_class, uint64_t records, uint64_t batch,
                           uint64_t most_batches, const std::function<void(uint64_t, std::span<int64_t>)>& labels) {
  OrderQuality out;
  out.batch = std::min(batch, records / kLeastBatches);
  const auto classes =
      std::count_if(records_of_class.begin(), records_of_class.end(), [](uint64_t count) { return count > 0; });
  if (classes < 2 || out.batch < 2) return out;
  const uint64_t there = records / out.batch;
  out.batches = std::min(there, most_batches);
  std::vector<int64_t> seen(out.batch);
  std::unordered_set<int64_t> distinct;
  uint64_t sum = 0, alike = 0, pairs = 0;
  for (uint64_t b = 0; b < out.batches; ++b) {
    labels(there * b / out.batches * out.batch, seen);
    distinct.clear();
    for (size_t i = 0; i < seen.size(); ++i) {
      if (seen[i] < 0) continue;
      distinct.insert(seen[i]);
      if (i == 0 || seen[i - 1] < 0) continue;
      ++pairs;
      alike += seen[i] == seen[i - 1];
    }
    sum += distinct.size();
  }
  out.distinct = static_cast<double>(sum) / static_cast<double>(out.batches);
  out.distinct_full = distinct_of_full_shuffle(records_of_class, records, out.batch);
  double labelled = 0, chance = 0;
  for (const uint64_t count : records_of_class) labelled += static_cast<double>(count);
  for (const uint64_t count : records_of_class)
    chance += static_cast<double>(count) / labelled * (static_cast<double>(count) - 1) / (labelled - 1);
  if (pairs > 0 && chance < 1)
    out.serial_correlation = (static_cast<double>(alike) / static_cast<double>(pairs) - chance) / (1 - chance);
  if (out.distinct_full > 1) out.quality = std::clamp((out.distinct - 1) / (out.distinct_full - 1), 0.0, 1.0);
  return out;
}

}  // namespace penstock
