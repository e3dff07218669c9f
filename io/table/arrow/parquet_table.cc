#include "io/table/arrow/parquet_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <mutex>
#include <utility>

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "io/table/arrow/arrow_file.h"
#include "io/table/arrow/arrow_rows.h"
#include "io/table/arrow/parquet_bounds.h"
#include "io/table/arrow/parquet_pieces.h"
#include "io/table/arrow/parquet_writer.h"
#include "io/table/file_state.h"
#include "io/table/sampled_sum.h"

namespace penstock::io {
namespace {

void require_parquet(const ArrowInput& input, const std::string& path) {
  std::array<char, 4> start{};
  if (input.bytes() >= 12 && input.file().read_at(0, std::as_writable_bytes(std::span(start))) == 4 &&
      (std::memcmp(start.data(), "PAR1", 4) == 0 || std::memcmp(start.data(), "PARE", 4) == 0))
    return;
  throw Error(Code::kData, "'" + path + "' has a Parquet file's name and does not begin like one")
      .hint("it is damaged, empty, or of another kind: say which, as in csv:" + path);
}

// libparquet throws where Arrow gives a status.
template <class Work>
auto through(const ArrowInput& input, const std::string& verb, const Work& work) {
  try {
    return work();
  } catch (const Error&) { throw; } catch (const std::bad_alloc&) {
    throw Error(Code::kMemory, "cannot " + verb + " '" + input.file().path() + "': memory ran out")
        .hint("pack it on a machine with more, or write it with smaller row groups");
  } catch (const std::exception& e) {
    input.check(arrow::Status::Invalid(e.what()), verb);
    throw;
  }
}

class ParquetTable final : public Table {
 public:
  ParquetTable(FileSystem& fs, std::shared_ptr<ArrowInput> input, uint64_t group_bytes)
      : fs_(fs),
        input_(std::move(input)),
        stat_(input_->file().stat()),
        parts_([this](int64_t rows) { return make_reader(rows); }) {
    metadata_ = parquet::ReadMetaData(input_);
    const auto reader = make_reader();
    std::shared_ptr<arrow::Schema> schema;
    input_->check(reader->GetSchema(&schema), "open");
    columns_ = columns_of(*schema, path());
    for (const ColumnSpec& column : columns_.schema.columns()) types_.push_back(column.type);
    for (const int field : columns_.fields)
      leaves_.push_back(reader->manifest().schema_fields[static_cast<size_t>(field)].column_index);
    pieces_ = parquet_pieces(*metadata_, leaves_, group_bytes);
    for (const ParquetPiece& piece : pieces_) begins_.push_back(begins_.back() + piece.rows);
    if (std::string note = cut_note(pieces_, *metadata_, leaves_); !note.empty())
      columns_.notes.push_back(std::move(note));
    sum_ = packed_fingerprint().value_or(0);
    if (sum_ == 0) sum_ = Checksum().add(footer()).add(sampled_sum(input_->file())).value();
  }
  std::string_view format() const override { return "parquet"; }
  const std::string& path() const override { return input_->file().path(); }
  const TableSchema& schema() const override { return columns_.schema; }
  uint64_t rows() const override { return begins_.back(); }
  uint64_t bytes() const override { return stat_.bytes; }
  uint64_t fingerprint() const override { return sum_; }
  uint64_t state() const override { return state_of(fs_.stat(path())); }
  uint64_t resident_bytes() const override { return metadata_->size() * uint64_t{4}; }
  uint64_t pieces() const override { return pieces_.size(); }
  uint64_t piece_begin(uint64_t p) const override { return begins_[p]; }
  uint64_t piece_of(uint64_t row) const override {
    PENSTOCK_CHECK(row < rows());
    return static_cast<uint64_t>(std::ranges::upper_bound(begins_, row) - begins_.begin() - 1);
  }
  uint64_t max_piece_bytes(std::span<const size_t> columns) const override {
    uint64_t most = 0;
    for (const ParquetPiece& piece : pieces_) {
      if (piece.first > 0) continue;
      const auto group = metadata_->RowGroup(piece.group);
      uint64_t bytes = 4096;
      for (const size_t c : columns) bytes += decoded_bytes(*group->ColumnChunk(leaves_[c]), group->num_rows());
      // Of a part, with room for texts that are longer there than elsewhere in the group.
      if (piece.cut > 0) bytes = std::min(bytes, 2 * (bytes / (static_cast<uint64_t>(group->num_rows()) / piece.cut)));
      most = std::max(most, bytes);
    }
    return most;
  }
  std::shared_ptr<const RawRows> fetch(uint64_t piece, std::span<const size_t> columns) const override {
    if (state_of(input_->file().stat()) != state_of(stat_))
      throw Error(Code::kData, "'" + path() + "' was written to since it was opened").hint("start again");
    const std::string verb = "read row group " + std::to_string(pieces_[piece].group) + " of";
    return through(*input_, verb, [&] { return read(piece, columns, verb); });
  }
  Location locate(uint64_t row) const override {
    const auto group = metadata_->RowGroup(pieces_[piece_of(row)].group);
    uint64_t begin = stat_.bytes, end = 0;
    for (int c = 0; c < group->num_columns(); ++c) {
      const auto chunk = group->ColumnChunk(c);
      const auto at = static_cast<uint64_t>(chunk->has_dictionary_page() ? chunk->dictionary_page_offset()
                                                                         : chunk->data_page_offset());
      begin = std::min(begin, at);
      end = std::max(end, at + static_cast<uint64_t>(chunk->total_compressed_size()));
    }
    return {path(), begin, end - std::min(begin, end)};
  }
  std::vector<std::string> notes() const override { return columns_.notes; }

 private:
  // The footer as it lies in the file: its length and "PAR1" end the file. It has place, length and statistics of every column chunk.
  std::string footer() const {
    std::array<std::byte, 8> end{};
    input_->file().read_exactly(stat_.bytes - end.size(), end);
    uint32_t length = 0;
    std::memcpy(&length, end.data(), sizeof length);
    std::string text(std::min<uint64_t>(length, stat_.bytes - end.size()), '\0');
    input_->file().read_exactly(stat_.bytes - end.size() - text.size(), std::as_writable_bytes(std::span(text)));
    return text;
  }

  // What `pack` wrote, where it was `pack` that wrote the file: others keep metadata that they do not know when they write other values.
  std::optional<uint64_t> packed_fingerprint() const {
    const auto& metadata = metadata_->key_value_metadata();
    if (metadata_->created_by() != kParquetCreator || metadata == nullptr) return std::nullopt;
    const std::string text = metadata->Get(kParquetPackedKey).ValueOr("");
    const auto found = from_hex(std::string_view(text).substr(0, text.find(' ')));
    const Location last = rows() > 0 ? locate(rows() - 1) : Location{path(), 0, kParquetStart};
    if (!found || text != parquet_packed_text(*found, last.offset + last.length)) return std::nullopt;
    return found;
  }

  // One for each call: a reader is of one thread, and making it from the footer that is there costs little.
  // `rows` of a batch, where the group is read in parts: then its bytes come as they are needed, too.
  std::unique_ptr<parquet::arrow::FileReader> make_reader(int64_t rows = 0) const {
    parquet::ReaderProperties how = parquet::default_reader_properties();
    if (rows > 0) how.enable_buffered_stream();
    how.set_page_checksum_verification(true);
    parquet::ArrowReaderProperties arrow_how;
    arrow_how.set_use_threads(false);
    arrow_how.set_pre_buffer(false);
    if (rows > 0) arrow_how.set_batch_size(rows);
    for (int c = 0; c < metadata_->num_columns(); ++c)
      if (is_all_coded(*metadata_, c)) arrow_how.set_read_dictionary(c, true);
    parquet::arrow::FileReaderBuilder builder;
    input_->check(builder.Open(input_, how, metadata_), "open");
    std::unique_ptr<parquet::arrow::FileReader> reader;
    input_->check(builder.properties(arrow_how)->Build(&reader), "open");
    return reader;
  }

  std::shared_ptr<const RawRows> read(uint64_t piece, std::span<const size_t> columns, const std::string& verb) const {
    if (pieces_[piece].cut > 0) return read_part(piece, columns, verb);
    const auto reader = make_reader();
    const uint64_t rows = begins_[piece + 1] - begins_[piece];
    std::vector<ColumnType> types;
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    for (const size_t c : columns) {
      const auto found = input_->check(reader->ReadRowGroup(pieces_[piece].group, {leaves_[c]}), verb);
      if (static_cast<uint64_t>(found->num_rows()) != rows)
        input_->check(arrow::Status::Invalid("column '", schema().columns()[c].name, "' has ", found->num_rows(),
                                             " rows and not ", rows),
                      verb);
      const auto whole = input_->check(found->CombineChunksToBatch(), verb);
      types.push_back(types_[c]);
      fields.push_back(whole->schema()->field(0));
      arrays.push_back(whole->column(0));
    }
    const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(rows), arrays);
    return rows_of(batch, types, begins_[piece], path());
  }

  std::shared_ptr<const RawRows> read_part(uint64_t piece, std::span<const size_t> columns,
                                           const std::string& verb) const {
    std::vector<int> leaves;
    for (const size_t c : columns) leaves.push_back(leaves_[c]);
    std::ranges::sort(leaves);
    const auto found = parts_.read(pieces_[piece], leaves, *input_, verb);
    std::vector<ColumnType> types;
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    for (const size_t c : columns) {  // found in the file's order
      const auto at = std::ranges::lower_bound(leaves, leaves_[c]) - leaves.begin();
      types.push_back(types_[c]);
      fields.push_back(found->schema()->field(static_cast<int>(at)));
      arrays.push_back(found->column(static_cast<int>(at)));
    }
    const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), found->num_rows(), arrays);
    return rows_of(batch, types, begins_[piece], path());
  }

  FileSystem& fs_;
  std::shared_ptr<ArrowInput> input_;
  FileStat stat_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  ArrowColumns columns_;
  std::vector<ColumnType> types_;
  std::vector<int> leaves_;  ///< of each column, its place among the file's columns
  std::vector<ParquetPiece> pieces_;
  std::vector<uint64_t> begins_ = {0};
  uint64_t sum_ = 0;
  mutable ParquetParts parts_;
};

}  // namespace

std::unique_ptr<Table> open_parquet(const std::string& path, FileSystem& fs) {
  return open_parquet(path, fs, kParquetGroupBytes);
}

std::unique_ptr<Table> open_parquet(const std::string& path, FileSystem& fs, uint64_t group_bytes) {
  const auto input = std::make_shared<ArrowInput>(fs, path);
  require_parquet(*input, path);
  return through(*input, "open", [&] { return std::make_unique<ParquetTable>(fs, input, group_bytes); });
}

}  // namespace penstock::io
