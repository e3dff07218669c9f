#include "io/table/arrow/parquet_writer.h"
#include "io/table/good_rows.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "io/file/checksum.h"
#include "io/table/arrow/arrow_file.h"
#include "io/table/arrow/arrow_types.h"

namespace penstock::io {
namespace {

constexpr uint64_t kGroupBytes = uint64_t{64} << 20;
constexpr uint64_t kGroupText = uint64_t{64} << 20;
constexpr size_t kStride = 1024;  // rows between two looks at how much text there is
constexpr int kZstdLevel = 1;     // level 3 takes twice the time for a few percent
constexpr int64_t kMostSeconds = std::numeric_limits<int64_t>::max() / 1000;  // Parquet has no seconds: milliseconds

/// The values of one column in the row group that is being filled.
class GroupColumn {
 public:
  explicit GroupColumn(const ColumnSpec& spec) : name_(spec.name), type_(spec.type) {
    arrow::MemoryPool* pool = arrow::default_memory_pool();
    const auto type = arrow_type_of(type_, Stored::kI64, false);
    switch (type_) {
      case ColumnType::kBool: builder_ = std::make_unique<arrow::BooleanBuilder>(pool); break;
      case ColumnType::kDate: builder_ = std::make_unique<arrow::Date32Builder>(pool); break;
      case ColumnType::kTime: builder_ = std::make_unique<arrow::TimestampBuilder>(type, pool); break;
      case ColumnType::kReal: builder_ = std::make_unique<arrow::DoubleBuilder>(pool); break;
      case ColumnType::kText: builder_ = std::make_unique<arrow::StringBuilder>(pool); break;
      case ColumnType::kInt: builder_ = std::make_unique<arrow::Int64Builder>(pool); break;
    }
  }
  std::shared_ptr<arrow::Field> field() const { return arrow::field(name_, builder_->type()); }
  uint64_t text_bytes() const {
    return type_ == ColumnType::kText
               ? static_cast<uint64_t>(static_cast<const arrow::StringBuilder&>(*builder_).value_data_length())
               : 0;
  }
  arrow::Status append(const ColumnBlock& block, size_t from, size_t to) {
    const auto rows = static_cast<int64_t>(to - from);
    const uint8_t* valid = nullptr;
    if (!block.missing.empty()) {
      valid_.resize(to - from);
      for (size_t i = from; i < to; ++i) valid_[i - from] = block.missing[i] == 0;
      valid = valid_.data();
    }
    switch (type_) {
      case ColumnType::kText: return append_texts(block, from, to);
      case ColumnType::kReal:
        return static_cast<arrow::DoubleBuilder&>(*builder_).AppendValues(block.reals.data() + from, rows, valid);
      case ColumnType::kBool: {
        bytes_.assign(block.ints.begin() + static_cast<ptrdiff_t>(from),
                      block.ints.begin() + static_cast<ptrdiff_t>(to));
        return static_cast<arrow::BooleanBuilder&>(*builder_).AppendValues(bytes_.data(), rows, valid);
      }
      case ColumnType::kDate: {
        require_within(block, from, to, std::numeric_limits<int32_t>::max());
        days_.assign(block.ints.begin() + static_cast<ptrdiff_t>(from),
                     block.ints.begin() + static_cast<ptrdiff_t>(to));
        return static_cast<arrow::Date32Builder&>(*builder_).AppendValues(days_.data(), rows, valid);
      }
      case ColumnType::kTime:
        require_within(block, from, to, kMostSeconds);
        return static_cast<arrow::TimestampBuilder&>(*builder_).AppendValues(block.ints.data() + from, rows, valid);
      case ColumnType::kInt: break;
    }
    return static_cast<arrow::Int64Builder&>(*builder_).AppendValues(block.ints.data() + from, rows, valid);
  }
  arrow::Result<std::shared_ptr<arrow::Array>> finish() { return builder_->Finish(); }

 private:
  arrow::Status append_texts(const ColumnBlock& block, size_t from, size_t to) {
    auto& texts = static_cast<arrow::StringBuilder&>(*builder_);
    for (size_t i = from; i < to; ++i)
      ARROW_RETURN_NOT_OK(block.is_missing(i) ? texts.AppendNull() : texts.Append(block.text(i)));
    return arrow::Status::OK();
  }
  void require_within(const ColumnBlock& block, size_t from, size_t to, int64_t most) const {
    for (size_t i = from; i < to; ++i)
      if (block.ints[i] > most || block.ints[i] < -most)
        throw Error(Code::kData, "a date of '" + name_ + "' lies farther away than Parquet can say")
            .hint("it was read wrongly: give the column's type in the schema file");
  }

  std::string name_;
  ColumnType type_;
  std::unique_ptr<arrow::ArrayBuilder> builder_;
  std::vector<uint8_t> valid_, bytes_;
  std::vector<int32_t> days_;
};

class ParquetWriter final : public ColumnsWriter {
 public:
  ParquetWriter(const std::string& path, const TableSchema& schema, const ColumnsWriterOptions& options, FileSystem& fs)
      : options_(options), out_(std::make_shared<ArrowOutput>(fs, path)) {
    arrow::FieldVector fields;
    for (const ColumnSpec& column : schema.columns()) {
      columns_.emplace_back(column);
      fields.push_back(columns_.back().field());
    }
    const uint64_t fit = kGroupBytes / sizeof(double) / std::max<size_t>(1, schema.size());
    group_rows_ = std::max<uint64_t>(1, std::min(options.piece_rows, std::max<uint64_t>(fit, kStride)));
    arrow_schema_ = arrow::schema(fields);
    parquet::WriterProperties::Builder how;
    how.created_by(kParquetCreator)
        ->compression(arrow::Compression::ZSTD)
        ->compression_level(kZstdLevel)
        ->enable_page_checksum()
        ->max_row_group_length(std::numeric_limits<int32_t>::max());  // groups end where we say
    writer_ = check(parquet::arrow::FileWriter::Open(*arrow_schema_, arrow::default_memory_pool(), out_, how.build()));
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
    end_group();
    if (options_.fingerprint != 0) {
      const std::string packed =
          parquet_packed_text(fingerprint_without(options_.fingerprint, left_out_), out_->file().size());
      out_->check(writer_->AddKeyValueMetadata(arrow::key_value_metadata({{kParquetPackedKey, packed}})));
    }
    out_->check(writer_->Close());
    out_->file().commit();
  }

 private:
  template <class T>
  T check(arrow::Result<T> result) const {
    out_->check(result.status());
    return std::move(result).ValueUnsafe();
  }

  void append_rows(const TableBlock& block, size_t from, size_t to) {
    while (from < to) {
      const size_t some = std::min({to - from, static_cast<size_t>(group_rows_ - rows_in_group_), kStride});
      uint64_t text = 0;
      for (size_t c = 0; c < columns_.size(); ++c) {
        out_->check(columns_[c].append(block.columns[c], from, from + some));
        text += columns_[c].text_bytes();
      }
      rows_in_group_ += some;
      from += some;
      if (rows_in_group_ == group_rows_ || text >= kGroupText) end_group();
    }
  }

  void end_group() {
    if (rows_in_group_ == 0) return;
    arrow::ArrayVector arrays;
    for (GroupColumn& column : columns_) arrays.push_back(check(column.finish()));
    const auto rows = static_cast<int64_t>(rows_in_group_);
    out_->check(writer_->WriteTable(*arrow::Table::Make(arrow_schema_, arrays, rows), rows));
    rows_in_group_ = 0;
  }

  const ColumnsWriterOptions options_;
  std::shared_ptr<ArrowOutput> out_;
  std::vector<GroupColumn> columns_;
  std::shared_ptr<arrow::Schema> arrow_schema_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  uint64_t group_rows_ = 0, rows_in_group_ = 0, seen_ = 0;
  std::vector<uint64_t> left_out_;
  bool finished_ = false;
};

}  // namespace

std::string parquet_packed_text(uint64_t fingerprint, uint64_t bytes) {
  return hex(fingerprint) + " of " + std::to_string(bytes) + " bytes";
}

std::unique_ptr<ColumnsWriter> write_parquet(const std::string& path, const TableSchema& schema,
                                             const ColumnsWriterOptions& options, FileSystem& fs) {
  return std::make_unique<ParquetWriter>(path, schema, options, fs);
}

}  // namespace penstock::io
