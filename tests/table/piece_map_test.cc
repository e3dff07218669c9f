// Which piece a record lies in, against looking at each row.
#include "stages/table/piece_map.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/table/made_table.h"

namespace penstock::table {
namespace {

TEST(PieceMap, PutsRecordsInAnyOrderToTheirPieces) {
  const auto table = test::made_table(1000, {.piece_rows = 30});
  const RowSet::Run runs[] = {{5, 90}, {150, 151}, {300, 700}, {990, 1000}};  // pieces 3, 4 and 6 to 9 hold none
  const RowSet rows(runs);
  const PieceMap map(*table, rows);
  uint64_t most = 0;
  for (uint64_t id = 0; id < rows.size(); ++id) {
    EXPECT_EQ(map.piece_of(id), table->piece_of(rows.row(id))) << id;
    most = std::max(most, map.records(map.piece_of(id)));
  }
  EXPECT_EQ(map.most_records(), most);
  for (const uint64_t step : {1u, 7u, 113u}) {
    std::vector<uint64_t> ids;
    for (uint64_t i = 0; i < rows.size(); ++i) ids.push_back(i * step % rows.size());
    std::map<uint64_t, std::vector<uint32_t>> wanted, found;
    for (uint32_t i = 0; i < ids.size(); ++i) wanted[table->piece_of(rows.row(ids[i]))].push_back(i);
    uint64_t last = 0;
    map.by_piece(ids, [&](uint64_t piece, std::span<const uint32_t> places) {
      EXPECT_TRUE(found.empty() || piece > last);
      last = piece;
      found[piece].assign(places.begin(), places.end());
    });
    EXPECT_EQ(found, wanted) << step;
  }
  std::vector<uint64_t> pieces;
  map.add_pieces(80, 90, pieces);  // rows 85 to 89, 150 and four of those from 300 on
  EXPECT_EQ(pieces, (std::vector<uint64_t>{2, 5, 10}));
  map.by_piece({}, [](uint64_t, std::span<const uint32_t>) { FAIL(); });
}

}  // namespace
}  // namespace penstock::table
