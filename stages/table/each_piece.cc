#include <algorithm>
#include <numeric>

#include "stages/table/row_reader.h"

namespace penstock::table {
namespace {

bool are_neighbours(std::span<const uint64_t> ids) {
  for (size_t i = 1; i < ids.size(); ++i)
    if (ids[i] != ids[i - 1] + 1) return false;
  return true;
}

}  // namespace

void each_piece(const EncodedTable& data, std::span<const uint64_t> ids,
                const std::function<void(uint64_t, std::span<const uint64_t>, std::span<const uint32_t>)>& each) {
  std::vector<uint64_t> rows;
  std::vector<uint32_t> places(ids.size());
  if (are_neighbours(ids)) {
    rows.reserve(ids.size());
    if (!ids.empty())
      data.rows().runs(ids.front(), ids.back() + 1, [&](uint64_t row, uint64_t count) {
        for (const uint64_t end = row + count; row < end; ++row) rows.push_back(row);
      });
    std::iota(places.begin(), places.end(), 0u);
  } else {
    std::vector<std::pair<uint64_t, uint32_t>> all(ids.size());
    for (size_t i = 0; i < ids.size(); ++i) all[i] = {data.rows().row(ids[i]), static_cast<uint32_t>(i)};
    if (!std::is_sorted(all.begin(), all.end())) std::sort(all.begin(), all.end());
    rows.resize(ids.size());
    for (size_t i = 0; i < ids.size(); ++i) std::tie(rows[i], places[i]) = all[i];
  }
  for (size_t from = 0; from < rows.size();) {
    const uint64_t piece = data.table().piece_of(rows[from]);
    const uint64_t end = data.table().piece_begin(piece + 1);
    const auto count =
        static_cast<size_t>(std::lower_bound(rows.begin() + static_cast<int64_t>(from), rows.end(), end) -
                            rows.begin()) -
        from;
    each(piece, std::span(rows).subspan(from, count), std::span(places).subspan(from, count));
    from += count;
  }
}

}  // namespace penstock::table
