#include "io/tier/keep_rule.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace penstock::io {
namespace {

constexpr uint64_t kSample = 4096;  // the threshold is then off by about 1 / 64 of the records
constexpr double kSlack = 1.03;     // so that the tier is full for all that: a little too many, first come, first kept
constexpr double kSame = 1 - 1e-9;  // values that differ by rounding alone

}  // namespace

double KeepRule::value_of(const DiskModel& disk, uint64_t bytes, bool dense) {
  const double each = static_cast<double>(std::max<uint64_t>(1, bytes));
  const double transfer = disk.bytes_per_second > 0 ? 1 / disk.bytes_per_second : 0;
  if (dense) return transfer;
  if (disk.kind == DiskKind::kHdd) return disk.positioning_seconds / each + transfer;
  return std::max(transfer, disk.reads_per_second > 0 ? 1 / (disk.reads_per_second * each) : 0.0);
}

KeepRule KeepRule::choose(const Dataset& data, SourceFiles& files, bool dense, uint64_t capacity_bytes) {
  KeepRule rule;
  rule.dense_ = dense;
  const uint64_t records = data.size();
  if (capacity_bytes >= data.bytes() || records == 0) return rule;
  const uint64_t count = std::min(records, kSample);
  std::vector<uint64_t> ids(count);
  for (uint64_t i = 0; i < count; ++i) ids[i] = i * (records / count) + i * (records % count) / count;
  std::vector<Extent> at(count);
  data.extents(ids, at);
  std::vector<std::pair<double, uint64_t>> worth;  // value, bytes
  uint64_t sampled = 0;
  for (const Extent& extent : at) {
    if (extent.length == 0) continue;
    worth.emplace_back(value_of(files.model(files.disk(extent.file)), extent.length, dense), extent.length);
    sampled += extent.length;
  }
  std::sort(worth.begin(), worth.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  double left = kSlack * static_cast<double>(sampled) * static_cast<double>(capacity_bytes) /
                static_cast<double>(std::max<uint64_t>(1, data.bytes()));
  for (const auto& [value, bytes] : worth) {
    left -= static_cast<double>(bytes);
    if (left > 0) continue;
    rule.least_ = value * kSame;
    break;
  }
  return rule;
}

}  // namespace penstock::io
