#include "pipelines/pack/pack_table.h"

#include <algorithm>
#include <future>
#include <utility>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/table/arrow/parquet_writer.h"
#include "io/table/csv/csv_columns_writer.h"
#include "pipelines/inspect/verify_table.h"
#include "pipelines/job/table_walk.h"
#include "pipelines/pack/rejected_log.h"
#include "pipelines/pack/table_buckets.h"

namespace penstock {
namespace {

constexpr uint64_t kWideValue = 12;      // bytes of a value in memory, on the average: numbers take 8, texts more
constexpr uint64_t kGroupRows = 131072;  // of a row group of Parquet: what programs that scan with several threads like

// Of the rows that would be packed, were none of them bad.
uint64_t fingerprint_of(const io::Table& source, const TablePackOptions& options) {
  const uint64_t rows = std::min(options.limit.value_or(source.rows()), source.rows());
  if (rows == source.rows() && !options.shuffle) return source.fingerprint();
  io::Checksum sum;
  sum.add(source.fingerprint()).add(rows);
  if (options.shuffle) sum.add("shuffled").add(options.seed);
  return sum.value();
}

// What the file at DEST says that it was packed from; nothing where it has other columns.
std::optional<uint64_t> packed_fingerprint(const io::Table& source, const TablePackOptions& options,
                                           io::FileSystem& fs) {
  if (options.format == TableFormat::kCsv) return io::packed_csv_fingerprint(options.dest, fs);
  const std::string kind = options.format == TableFormat::kArrow ? "arrow:" : "parquet:";
  const auto found = io::open_columns(kind + options.dest, {}, fs);
  if (found->schema().text() != source.schema().text()) return std::nullopt;
  return found->fingerprint();
}

// Whether DEST is what this packing makes. Throws where it is anything else.
bool is_there(const io::Table& source, const TablePackOptions& options, TablePackResult& result, io::FileSystem& fs) {
  if (!fs.exists(options.dest)) return false;
  result.rejected = RejectedLog::read(fs, options.dest);
  std::vector<uint64_t> left_out;
  for (const RejectedRecord& row : result.rejected) left_out.push_back(row.id);
  const uint64_t wanted = io::fingerprint_without(fingerprint_of(source, options), left_out);
  try {
    if (!fs.is_folder(options.dest) && packed_fingerprint(source, options, fs) == wanted) {
      result.rows = std::min(options.limit.value_or(source.rows()), source.rows()) - left_out.size();
      result.dest_bytes = fs.stat(options.dest).bytes;
      return true;
    }
  } catch (const Error& e) {
    if (e.code() == Code::kIo) throw;
  }
  throw Error(Code::kUsage,
              "'" + options.dest + "' is there already and is not '" + source.path() + "' packed with these options")
      .hint("choose another DEST, or move it away");
}

/// One packing.
class TablePacking {
 public:
  TablePacking(const io::Table& source, const TablePackOptions& options, io::FileSystem& fs, TablePackResult& result)
      : source_(source),
        options_(options),
        fs_(fs),
        result_(result),
        rows_(std::min(options.limit.value_or(source.rows()), source.rows())) {
    if (!options.shuffle) {
      writer_ = open_writer(fingerprint_of(source, options));
      return;
    }
    const uint64_t bytes = rows_ * source.schema().size() * kWideValue;
    buckets_ = std::make_unique<TableBuckets>(fs, options.dest + ".shuffle", source.schema(), rows_, bytes,
                                              options.memory_bytes, options.seed);
  }

  void work(Cores& cores, ProgressSink& progress, const std::stop_token& stop) {
    TableWalk walk(source_, cores, {.limit = rows_, .memory_bytes = options_.memory_bytes});
    progress.begin(options_.shuffle ? "scattering" : "packing", rows_, "rows");
    std::vector<WalkedPiece> writing;  // outlives what is written from it
    std::future<void> written;
    for (auto group = walk.next(); !group.empty(); group = walk.next()) {
      if (written.valid()) written.get();
      if (stop.stop_requested())
        throw Error(Code::kCancelled, "stopped after " + std::to_string(done_) + " rows; nothing is left of them");
      writing = std::move(group);
      for (const WalkedPiece& piece : writing) note(piece);
      progress.update(done_, result_.rejected.empty() ? "" : std::to_string(result_.rejected.size()) + " left out");
      written = std::async(std::launch::async, [&] { write(writing); });
    }
    if (written.valid()) written.get();
    progress.end();
    if (!buckets_) return;
    std::vector<uint64_t> left_out;  // the writer sees none of them
    for (const RejectedRecord& row : result_.rejected) left_out.push_back(row.id);
    writer_ = open_writer(io::fingerprint_without(fingerprint_of(source_, options_), left_out));
    buckets_->give(*writer_);
  }
  void finish() {
    writer_->finish();
    result_.notes = writer_->notes();
  }

 private:
  std::unique_ptr<io::ColumnsWriter> open_writer(uint64_t fingerprint) const {
    const io::ColumnsWriterOptions how{.fingerprint = fingerprint, .origin = source_.path()};
    switch (options_.format) {
      case TableFormat::kArrow: break;
      case TableFormat::kParquet:
        return io::write_parquet(options_.dest, source_.schema(),
                                 {.fingerprint = fingerprint, .piece_rows = kGroupRows}, fs_);
      case TableFormat::kCsv: return io::write_csv_columns(options_.dest, source_.schema(), how, fs_);
    }
    return io::write_columns(options_.dest, source_.schema(), how, fs_);
  }
  void note(const WalkedPiece& piece) {
    if (piece.fault) throw Error(*piece.fault);
    for (const io::BadRow& bad : piece.block.bad) {
      const uint64_t row = piece.first + bad.row;
      const bool located = result_.rejected.size() < kFaultsLocated;
      const Location at = located ? source_.locate(row) : Location{source_.path()};
      result_.rejected.push_back({row, "row " + std::to_string(row), at.file, at.offset, bad.reason});
    }
    done_ += piece.rows;
  }
  void write(const std::vector<WalkedPiece>& pieces) {
    for (const WalkedPiece& piece : pieces) buckets_ ? buckets_->add(piece.block) : writer_->append(piece.block);
  }

  const io::Table& source_;
  const TablePackOptions& options_;
  io::FileSystem& fs_;
  TablePackResult& result_;
  const uint64_t rows_;
  uint64_t done_ = 0;
  std::unique_ptr<io::ColumnsWriter> writer_;
  std::unique_ptr<TableBuckets> buckets_;
};

}  // namespace

TablePackResult pack_table(const io::Table& source, const TablePackOptions& options, Cores& cores,
                           ProgressSink& progress, std::stop_token stop, io::FileSystem& fs) {
  TablePackResult result;
  result.already_complete = is_there(source, options, result, fs);
  if (!result.already_complete) {
    result.rejected.clear();
    TablePacking packing(source, options, fs, result);
    packing.work(cores, progress, stop);
    RejectedLog::write(fs, options.dest, result.rejected);
    packing.finish();
    result.source_bytes = source.bytes();
    result.dest_bytes = fs.stat(options.dest).bytes;
    const uint64_t all = std::min(options.limit.value_or(source.rows()), source.rows());
    result.rows = all - result.rejected.size();
  }
  if (!result.rejected.empty()) result.rejected_file = RejectedLog::path_of(options.dest);
  return result;
}

}  // namespace penstock
