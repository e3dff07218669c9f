// Any table into the packed form that Penstock streams at memory speed, or into Parquet or CSV.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/run/cores.h"
#include "io/table/table.h"
#include "pipelines/job/progress.h"
#include "pipelines/pack/pack.h"

namespace penstock {

enum class TableFormat : uint8_t {
  kArrow,    ///< the packed form: io/table/packed/README.md
  kParquet,  ///< io/table/arrow/parquet_writer.h
  kCsv,      ///< with DEST.schema beside it: io/table/csv/csv_columns_writer.h
};

struct TablePackOptions {
  std::string dest;  ///< a file: what does not exist yet, or what this very packing left there
  TableFormat format = TableFormat::kArrow;
  std::optional<uint64_t> limit = {};  ///< only the first rows
  bool shuffle = false;                ///< a full shuffle, keyed by `seed`; rows get new numbers
  uint64_t seed = 1;
  /// Of pieces in memory; dictionaries and the piece being written come on top, at most about 250 MB. Decides nothing about the rows.
  uint64_t memory_bytes = uint64_t{512} << 20;
};

struct TablePackResult {
  bool already_complete = false;
  uint64_t rows = 0;  ///< in DEST
  uint64_t source_bytes = 0, dest_bytes = 0;
  std::vector<RejectedRecord> rejected;  ///< rows that could not be read; all of DEST
  std::string rejected_file;             ///< DEST.rejected.jsonl; "" where nothing was rejected
  std::vector<std::string> notes;        ///< what the format lost, a sentence each
};

/// Packs. Rows that cannot be read are left out and listed in DEST.rejected.jsonl, written before DEST appears, so that the rows of DEST are
/// those of the source in its order but for them; without any, DEST has the source's fingerprint (not so with `limit` or `shuffle`, and CSV has one of its text). A table is packed at the rate
/// at which it is parsed, so a killed packing leaves nothing but the shuffle's folder, and begins anew.
/// Whether a CSV at DEST is this packing's is told by reading all of it.
/// A shuffle scatters rows into packed files in DEST.shuffle/ by the stretch of places they go to, then puts each in order in memory.
///
/// Errors: kUsage where something else is at DEST; kData where the source is damaged (packing what is left of it would hide that); kIo; kCancelled.
TablePackResult pack_table(const io::Table& source, const TablePackOptions& options, Cores& cores,
                           ProgressSink& progress, std::stop_token stop = {},
                           io::FileSystem& fs = io::FileSystem::real());

}  // namespace penstock
