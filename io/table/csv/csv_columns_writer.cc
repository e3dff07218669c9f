#include "io/table/csv/csv_columns_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "io/table/csv/csv_schema_file.h"
#include "io/table/csv/csv_table.h"
#include "io/table/csv/date_text.h"

namespace penstock::io {
namespace {

constexpr std::string_view kPacked = "packed,";  // begins a schema file of ours: packed,FINGERPRINT,XXH3 of the text
constexpr uint64_t kReadBytes = uint64_t{1} << 20;
constexpr uint64_t kMostSchemaBytes = uint64_t{64} << 20;
constexpr int64_t kDay = 86400;
constexpr int64_t kFirstDay = -719162, kLastDay = 2932896;  // 0001-01-01 and 9999-12-31

/// The two sums of a schema file of ours; nothing where it is none.
std::optional<std::pair<uint64_t, uint64_t>> packed_line(const std::string& schema_path, FileSystem& fs) {
  if (!fs.exists(schema_path)) return std::nullopt;
  const std::string text = read_file(fs, schema_path, kMostSchemaBytes);
  constexpr size_t kHex = 16;
  if (!text.starts_with(kPacked) || text.size() < kPacked.size() + 2 * kHex + 1) return std::nullopt;
  const auto made_of = from_hex(std::string_view(text).substr(kPacked.size(), kHex));
  const auto sum = from_hex(std::string_view(text).substr(kPacked.size() + kHex + 1, kHex));
  if (!made_of || !sum) return std::nullopt;
  return std::pair(*made_of, *sum);
}

class CsvColumnsWriter final : public ColumnsWriter {
 public:
  CsvColumnsWriter(const std::string& path, const TableSchema& schema, const ColumnsWriterOptions& options,
                   FileSystem& fs)
      : fs_(fs), schema_path_(csv_schema_path({path})), schema_(schema), options_(options), file_(fs, path) {
    if (fs.exists(schema_path_) && !packed_line(schema_path_, fs))
      throw Error(Code::kUsage, "'" + schema_path_ + "' is there already, and packing did not write it")
          .hint("choose another DEST, or move it away");
    empty_texts_.resize(schema.size());
    for (size_t c = 0; c < schema_.size(); ++c) {
      if (c > 0) line_ += ',';
      add_text(schema_.columns()[c].name);
    }
    if (line_.empty()) line_ += "\"\"";  // an empty line is none
    end_line();
  }

  void append(const TableBlock& block) override {
    PENSTOCK_CHECK(!finished_ && block.columns.size() == schema_.size());
    size_t bad = 0;
    for (size_t row = 0; row < block.rows; ++row) {
      if (bad < block.bad.size() && block.bad[bad].row == row) {
        ++bad;
        left_out_.push_back(seen_ + row);
        continue;
      }
      for (size_t c = 0; c < block.columns.size(); ++c) {
        if (c > 0) line_ += ',';
        add(c, block.columns[c], row);
      }
      // An empty line is no row.
      if (line_.empty()) line_ += "\"\"";
      if (line_.size() > CsvDialect::kMostRowBytes)
        throw Error(Code::kData, "row " + std::to_string(seen_ + row) + " takes more than 16 MiB as text")
            .hint("no such row could be read again: pack into .arrow or .parquet");
      end_line();
    }
    seen_ += block.rows;
  }

  void finish() override {
    PENSTOCK_CHECK(!finished_);
    finished_ = true;
    CsvForm form;
    form.dialect.missing = {""};
    std::vector<ColumnSpec> columns = schema_.columns();
    for (ColumnSpec& column : columns) column.format.clear();
    form.schema = TableSchema(std::move(columns));
    const std::string packed = std::string(kPacked) + hex(fingerprint_without(options_.fingerprint, left_out_)) + "," +
                               hex(sum_.value()) + "\n";
    write_file(fs_, schema_path_, packed + csv_form_text(form));
    file_.commit();
  }

  std::vector<std::string> notes() const override {
    std::vector<std::string> out;
    for (size_t c = 0; c < schema_.size(); ++c)
      if (empty_texts_[c] > 0)
        out.push_back("column '" + schema_.columns()[c].name + "': " + std::to_string(empty_texts_[c]) +
                      " empty texts are missing values now, since CSV tells them apart by nothing");
    return out;
  }

 private:
  void add(size_t c, const ColumnBlock& column, size_t row) {
    if (column.is_missing(row)) return;
    switch (column.type) {
      case ColumnType::kText: empty_texts_[c] += column.text(row).empty(); return add_text(column.text(row));
      case ColumnType::kReal:
        if (!std::isnan(column.reals[row])) add_number(column.reals[row]);
        return;
      case ColumnType::kInt: return add_number(column.ints[row]);
      case ColumnType::kBool: line_ += column.ints[row] != 0 ? "true" : "false"; return;
      case ColumnType::kDate:
        require_calendar(column.ints[row], c);
        line_ += date_text(column.ints[row]);
        return;
      case ColumnType::kTime:
        require_calendar(column.ints[row] >= 0 ? column.ints[row] / kDay : (column.ints[row] + 1) / kDay - 1, c);
        line_ += time_text(column.ints[row]);
        return;
    }
  }
  void require_calendar(int64_t day, size_t c) const {
    if (day >= kFirstDay && day <= kLastDay) return;
    throw Error(Code::kData, "a date of '" + schema_.columns()[c].name + "' lies outside the years 1 to 9999")
        .hint("no such date could be read again: pack into .arrow or .parquet, or correct it");
  }
  template <class T>
  void add_number(T value) {
    std::array<char, 32> room;
    const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
    line_.append(room.data(), end);
  }
  void add_text(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
      line_ += text;
      return;
    }
    line_ += '"';
    for (const char c : text) {
      if (c == '"') line_ += '"';
      line_ += c;
    }
    line_ += '"';
  }
  void end_line() {
    line_ += '\n';
    file_.write(line_);
    sum_.add(line_);
    line_.clear();
  }

  FileSystem& fs_;
  const std::string schema_path_;
  const TableSchema schema_;
  const ColumnsWriterOptions options_;
  AtomicFile file_;
  Checksum sum_;
  std::string line_;
  std::vector<uint64_t> empty_texts_, left_out_;
  uint64_t seen_ = 0;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<ColumnsWriter> write_csv_columns(const std::string& path, const TableSchema& schema,
                                                 const ColumnsWriterOptions& options, FileSystem& fs) {
  return std::make_unique<CsvColumnsWriter>(path, schema, options, fs);
}

std::optional<uint64_t> packed_csv_fingerprint(const std::string& path, FileSystem& fs) {
  const auto stated = packed_line(csv_schema_path({path}), fs);
  if (!stated) return std::nullopt;
  const File file(fs, path, OpenMode::kRead);
  Checksum sum;
  std::vector<std::byte> bytes(kReadBytes);
  for (uint64_t at = 0; at < file.size();) {
    const size_t got = file.read_at(at, bytes);
    if (got == 0) break;
    sum.add(std::span(bytes).first(got));
    at += got;
  }
  if (sum.value() != stated->second) return std::nullopt;
  return stated->first;
}

}  // namespace penstock::io
