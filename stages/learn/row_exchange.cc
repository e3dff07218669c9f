#include "stages/learn/row_exchange.h"

#include <algorithm>
#include <utility>

namespace penstock::learn {

std::vector<LaneGradients> gather_gradients(Collective& group, LaneGradients mine, std::span<const int64_t> widths) {
  const size_t tables = widths.size(), ranks = group.size(), me = group.rank();
  std::vector<double> counts(ranks * tables, 0.0);
  for (size_t t = 0; t < tables; ++t) counts[me * tables + t] = static_cast<double>(mine.codes[t].size());
  group.all_reduce_sum(std::span<double>(counts));
  std::vector<LaneGradients> all(ranks);
  for (size_t rank = 0; rank < ranks; ++rank) {
    LaneGradients& lane = all[rank];
    if (rank == me) lane = std::move(mine);
    lane.codes.resize(tables);
    lane.values.resize(tables);
    for (size_t t = 0; t < tables; ++t) {
      const auto count = static_cast<size_t>(counts[rank * tables + t]);
      if (count == 0) continue;
      lane.codes[t].resize(count);
      lane.values[t].resize(count * static_cast<size_t>(widths[t]));
      group.broadcast(std::as_writable_bytes(std::span(lane.codes[t])), static_cast<uint32_t>(rank));
      group.broadcast(std::as_writable_bytes(std::span(lane.values[t])), static_cast<uint32_t>(rank));
    }
  }
  return all;
}

void sum_gradients(std::span<const LaneGradients> lanes, size_t table, int64_t width, float scale,
                   std::vector<int32_t>& codes, std::vector<float>& values) {
  const auto wide = static_cast<size_t>(width);
  codes.clear();
  values.clear();
  std::vector<size_t> at(lanes.size(), 0);
  for (;;) {
    int32_t next = INT32_MAX;
    bool any = false;
    for (size_t lane = 0; lane < lanes.size(); ++lane) {
      const std::vector<int32_t>& its = lanes[lane].codes[table];
      if (at[lane] == its.size()) continue;
      next = std::min(next, its[at[lane]]);
      any = true;
    }
    if (!any) break;
    codes.push_back(next);
    values.resize(values.size() + wide, 0.0F);
    const std::span<float> sum = std::span(values).last(wide);
    for (size_t lane = 0; lane < lanes.size(); ++lane) {
      const std::vector<int32_t>& its = lanes[lane].codes[table];
      if (at[lane] == its.size() || its[at[lane]] != next) continue;
      const float* const gradient = lanes[lane].values[table].data() + at[lane] * wide;
      for (size_t i = 0; i < wide; ++i) sum[i] += gradient[i];
      ++at[lane];
    }
    for (float& value : sum) value *= scale;
  }
}

}  // namespace penstock::learn
