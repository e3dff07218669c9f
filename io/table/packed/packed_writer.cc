// write_columns(): pieces are laid aside as they come, since widths and dictionaries are known when all rows were seen; finish() writes the file.
#include <algorithm>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/util/base64.h>
#include <arrow/util/key_value_metadata.h>

#include "io/table/arrow/arrow_file.h"
#include "io/table/arrow/arrow_types.h"
#include "io/table/good_rows.h"
#include "io/table/packed/column_piece.h"
#include "io/table/packed/packed_index.h"
#include "io/table/packed/packed_region.h"
#include "io/table/packed/piece_spool.h"
#include "io/table/packed/words.h"
#include "io/table/table.h"

namespace penstock::io {
namespace {

constexpr uint64_t kPieceBytes = uint64_t{32} << 20;  // of wide values: with many columns a piece has fewer rows
constexpr uint64_t kPieceText = uint64_t{16} << 20;
constexpr uint64_t kLeastPieceRows = 1024;
constexpr size_t kStride = 1024;  // rows between two looks at how much text there is
// A dictionary is held in memory by whoever reads: none beyond this.
constexpr size_t kMostWords = size_t{1} << 20;
constexpr uint64_t kWordCost = 48;             // of a text in memory beside its bytes
constexpr uint64_t kRowsBeforeJudging = 4096;  // of a small table every text column is coded

uint64_t cost_of(const TextCodes& words) { return words.text_bytes() + words.size() * kWordCost; }

std::shared_ptr<arrow::Buffer> part_of(const std::shared_ptr<arrow::Buffer>& whole, uint64_t at, uint64_t bytes) {
  return arrow::SliceBuffer(whole, static_cast<int64_t>(at), static_cast<int64_t>(bytes));
}

std::shared_ptr<arrow::Buffer> own(std::vector<std::byte> bytes) {
  // FromVector takes no std::byte.
  auto held = std::make_shared<std::vector<std::byte>>(std::move(bytes));
  return {new arrow::Buffer(reinterpret_cast<const uint8_t*>(held->data()), static_cast<int64_t>(held->size())),
          [held](arrow::Buffer* buffer) { delete buffer; }};
}

class PackedWriter final : public ColumnsWriter {
 public:
  PackedWriter(const std::string& path, const TableSchema& schema, const ColumnsWriterOptions& options, FileSystem& fs)
      : fs_(fs), path_(path), schema_(schema), options_(options), spool_(fs, path + ".pieces") {
    const bool summed = options_.fingerprint == 0;
    for (const ColumnSpec& column : schema_.columns()) columns_.emplace_back(column.type, summed);
    const uint64_t fit = kPieceBytes / sizeof(double) / std::max<size_t>(1, schema_.size());
    piece_rows_ = std::max<uint64_t>(1, std::min(options_.piece_rows, std::max(fit, kLeastPieceRows)));
  }

  void append(const TableBlock& block) override {
    PENSTOCK_CHECK(!finished_ && block.columns.size() == columns_.size());
    each_good_run(
        block, [&](size_t from, size_t to) { append_rows(block, from, to); },
        [&](size_t bad) { left_out_.push_back(seen_ + bad); });
    seen_ += block.rows;
  }

  void finish() override {
    PENSTOCK_CHECK(!finished_);
    finished_ = true;
    end_piece();
    choose_types();
    write_file();
  }

 private:
  void append_rows(const TableBlock& block, size_t from, size_t to) {
    while (from < to) {
      const size_t some = std::min({to - from, static_cast<size_t>(piece_rows_ - rows_in_piece_), kStride});
      uint64_t text = 0;
      for (size_t c = 0; c < columns_.size(); ++c) {
        columns_[c].append(block.columns[c], from, from + some);
        text += columns_[c].text_bytes();
      }
      rows_in_piece_ += some;
      from += some;
      if (rows_in_piece_ == piece_rows_ || text >= kPieceText) end_piece();
    }
  }

  void end_piece() {
    if (rows_in_piece_ == 0) return;
    for (ColumnPiece& column : columns_) {
      const ColumnBlock& piece = column.piece();
      const Stored as = column.piece_width();
      spool_.add(make_region(as, piece, rows_in_piece_), as, column.has_missing(),
                 column.type() == ColumnType::kText && !column.is_plain());
      column.clear();
    }
    spool_.end_piece(rows_in_piece_);
    rows_in_piece_ = 0;
    while (drop_a_dictionary()) {}
  }

  // The largest dictionary goes where it alone or all of them together take too much.
  bool drop_a_dictionary() {
    ColumnPiece* largest = nullptr;
    uint64_t sum = 0;
    for (ColumnPiece& column : columns_) {
      if (column.type() != ColumnType::kText || column.is_plain()) continue;
      sum += cost_of(column.words());
      if (largest == nullptr || cost_of(column.words()) > cost_of(largest->words())) largest = &column;
    }
    if (largest == nullptr || (largest->words().size() <= kMostWords && sum <= options_.dictionary_bytes)) return false;
    largest->make_plain();
    return true;
  }

  void choose_types() {
    uint64_t rows = 0;
    for (size_t p = 0; p < spool_.pieces(); ++p) rows += spool_.rows(p);
    arrow::FieldVector fields;
    for (size_t c = 0; c < columns_.size(); ++c) {
      ColumnPiece& column = columns_[c];
      const size_t words = column.words().size();
      if (rows > kRowsBeforeJudging && words > rows / 2) column.make_plain();
      coded_.push_back(column.type() == ColumnType::kText && !column.is_plain());
      switch (column.type()) {
        case ColumnType::kBool: as_.push_back(Stored::kBits); break;
        case ColumnType::kDate: as_.push_back(Stored::kI32); break;
        case ColumnType::kTime: as_.push_back(Stored::kI64); break;
        case ColumnType::kReal: as_.push_back(column.range().reals()); break;
        case ColumnType::kText: as_.push_back(coded_[c] ? codes_width(words) : Stored::kText32); break;
        case ColumnType::kInt: as_.push_back(column.range().ints()); break;
      }
      if (column.type() == ColumnType::kDate && width_of(column.range().ints()) > sizeof(int32_t))
        throw Error(Code::kData, "a date of '" + schema_.columns()[c].name + "' lies more than five million years away")
            .hint("it was read wrongly: give the column's type in the schema file");
      fields.push_back(arrow::field(schema_.columns()[c].name, arrow_type_of(column.type(), as_[c], coded_[c])));
    }
    arrow_schema_ = arrow::schema(fields);
  }

  uint64_t fingerprint() const {
    if (options_.fingerprint != 0) return fingerprint_without(options_.fingerprint, left_out_);
    Checksum sum;
    for (size_t c = 0; c < columns_.size(); ++c)
      sum.add(schema_.columns()[c].name).add(name_of(columns_[c].type())).add(columns_[c].sum());
    return sum.value();
  }

  void write_file() {
    PackedIndex index{.fingerprint = fingerprint(),
                      .columns = columns_.size(),
                      .schema_checksum = checksum(arrow_schema_->ToString())};
    std::vector<std::shared_ptr<arrow::ArrayData>> words(columns_.size());
    ArrowOutput out(fs_, path_);
    for (size_t c = 0; c < columns_.size(); ++c) {
      index.word_checksums.push_back(0);
      if (!coded_[c]) continue;
      words[c] = words_array(columns_[c].words());
      index.word_checksums[c] = checksum_of_words(*arrow::MakeArray(words[c]));
    }
    auto how = arrow::ipc::IpcWriteOptions::Defaults();
    how.alignment = static_cast<int32_t>(kPackedAlignment);
    how.use_threads = false;
    const auto footer = std::make_shared<arrow::KeyValueMetadata>();  // written by Close(), when the index is known
    auto made = arrow::ipc::MakeFileWriter(&out, arrow_schema_, how, footer);
    out.check(made.status());
    const auto writer = *made;
    for (size_t p = 0; p < spool_.pieces(); ++p) write_piece(p, words, how, *writer, out, index);
    footer->Append(kPackedIndexKey, arrow::util::base64_encode(index.bytes()));
    footer->Append(kPackedOriginKey, options_.origin);
    out.check(writer->Close());
    out.file().commit();
  }

  void write_piece(size_t piece, const std::vector<std::shared_ptr<arrow::ArrayData>>& words,
                   const arrow::ipc::IpcWriteOptions& how, arrow::ipc::RecordBatchWriter& writer, ArrowOutput& out,
                   PackedIndex& index) {
    const uint64_t rows = spool_.rows(piece);
    std::vector<std::shared_ptr<arrow::ArrayData>> arrays;
    std::vector<PackedRegion> regions;
    uint64_t body = 0;
    for (size_t c = 0; c < columns_.size(); ++c) {
      const PieceSpool::Region& laid = spool_.region(piece, c);
      std::vector<std::byte> region = final_region(laid, c, rows);
      const RegionParts parts =
          RegionParts::of(as_[c], rows, laid.has_valid, text_bytes_of(region, c, rows, laid.has_valid));
      regions.push_back({body, region.size(), checksum(std::span(region)), laid.has_valid});
      body += region.size();
      const auto whole = own(std::move(region));
      std::vector<std::shared_ptr<arrow::Buffer>> buffers{laid.has_valid ? part_of(whole, 0, parts.valid_bytes)
                                                                         : nullptr};
      if (parts.offsets_bytes > 0) buffers.push_back(part_of(whole, parts.offsets_at, parts.offsets_bytes));
      buffers.push_back(part_of(whole, parts.values_at, parts.values_bytes));
      arrays.push_back(arrow::ArrayData::Make(arrow_schema_->field(static_cast<int>(c))->type(),
                                              static_cast<int64_t>(rows), std::move(buffers),
                                              laid.has_valid ? arrow::kUnknownNullCount : 0));
      arrays.back()->dictionary = words[c];
    }
    const auto batch = arrow::RecordBatch::Make(arrow_schema_, static_cast<int64_t>(rows), std::move(arrays));
    arrow::ipc::IpcPayload payload;
    out.check(arrow::ipc::GetRecordBatchPayload(*batch, how, &payload));
    PENSTOCK_CHECK(static_cast<uint64_t>(payload.body_length) == body);
    out.check(writer.WriteRecordBatch(*batch));
    const uint64_t begin = out.file().size() - body;
    for (PackedRegion& region : regions) {
      region.offset += begin;
      index.regions.push_back(region);
    }
    index.begins.push_back(index.begins.back() + rows);
  }

  // What was laid aside, at the width that all pieces have.
  std::vector<std::byte> final_region(const PieceSpool::Region& laid, size_t c, size_t rows) {
    std::vector<std::byte> region = spool_.read(laid);
    if (laid.as == as_[c] && laid.is_coded == coded_[c]) return region;
    const ColumnType type = columns_[c].type();
    const auto column = view_region(region, laid.is_coded ? ColumnType::kInt : type, laid.as, laid.has_valid, rows);
    PENSTOCK_CHECK(column.has_value());
    std::vector<BadRow> none;
    decode(*column, 0, rows, wide_, none);
    if (!laid.is_coded) return make_region(as_[c], wide_, rows);
    wide_.type = ColumnType::kText;
    wide_.codes.assign(wide_.ints.begin(), wide_.ints.end());
    wide_.texts.clear();
    for (size_t i = 0; i < rows && !coded_[c]; ++i)
      wide_.texts.push_back(wide_.is_missing(i) ? std::string_view() : columns_[c].words().text(wide_.codes[i]));
    return make_region(as_[c], wide_, rows);
  }

  uint64_t text_bytes_of(const std::vector<std::byte>& region, size_t c, size_t rows, bool has_valid) const {
    if (as_[c] != Stored::kText32) return 0;
    const RegionParts parts = RegionParts::of(as_[c], rows, has_valid, 0);
    return static_cast<uint64_t>(reinterpret_cast<const int32_t*>(region.data() + parts.offsets_at)[rows]);
  }

  FileSystem& fs_;
  const std::string path_;
  const TableSchema schema_;
  const ColumnsWriterOptions options_;
  PieceSpool spool_;
  std::vector<ColumnPiece> columns_;
  uint64_t piece_rows_ = 0, rows_in_piece_ = 0, seen_ = 0;
  std::vector<uint64_t> left_out_;
  bool finished_ = false;
  std::vector<Stored> as_;
  std::vector<bool> coded_;
  std::shared_ptr<arrow::Schema> arrow_schema_;
  ColumnBlock wide_;
};

}  // namespace

uint64_t fingerprint_without(uint64_t fingerprint, std::span<const uint64_t> rows) {
  return rows.empty() ? fingerprint : Checksum().add(fingerprint).add(std::as_bytes(rows)).value();
}

std::unique_ptr<ColumnsWriter> write_columns(const std::string& path, const TableSchema& schema,
                                             const ColumnsWriterOptions& options, FileSystem& fs) {
  return std::make_unique<PackedWriter>(path, schema, options, fs);
}

}  // namespace penstock::io
