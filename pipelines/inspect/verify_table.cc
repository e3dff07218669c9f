#include "pipelines/inspect/verify_table.h"

#include "engine/base/error.h"
#include "pipelines/job/table_walk.h"

namespace penstock {

VerifyResult verify_table(const io::Table& table, Cores& cores, ProgressSink& progress, std::stop_token stop) {
  VerifyResult result;
  result.bytes = table.bytes();
  TableWalk walk(table, cores);
  progress.begin("verifying", table.rows(), "rows");
  for (auto group = walk.next(); !group.empty(); group = walk.next()) {
    for (const WalkedPiece& piece : group) {
      if (stop.stop_requested())
        throw Error(Code::kCancelled, "stopped after " + std::to_string(result.records) + " rows");
      result.records += piece.rows;
      const std::string rows =
          "rows " + std::to_string(piece.first) + " to " + std::to_string(piece.first + piece.rows - 1);
      if (piece.fault) {
        result.damaged.push_back({piece.first, rows, table.path(), 0, piece.fault->message()});
        continue;
      }
      for (const io::BadRow& bad : piece.block.bad) {
        const uint64_t row = piece.first + bad.row;
        const Location at = result.damaged.size() < kFaultsLocated ? table.locate(row) : Location{table.path()};
        result.damaged.push_back({row, "row " + std::to_string(row), at.file, at.offset, bad.reason});
      }
    }
    progress.update(result.records, result.damaged.empty() ? "" : std::to_string(result.damaged.size()) + " damaged");
  }
  progress.end();
  return result;
}

}  // namespace penstock
