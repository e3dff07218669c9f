#include "io/table/arrow/arrow_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <utility>

#include <arrow/array.h>
#include <arrow/ipc/reader.h>
#include <arrow/util/base64.h>
#include <arrow/util/key_value_metadata.h>

#include "io/file/checksum.h"
#include "io/table/arrow/arrow_file.h"
#include "io/table/arrow/arrow_rows.h"
#include "io/table/arrow/arrow_types.h"
#include "io/table/file_state.h"
#include "io/table/packed/packed_table.h"
#include "io/table/packed/words.h"
#include "io/table/sampled_sum.h"

namespace penstock::io {
namespace {

using Reader = arrow::ipc::RecordBatchFileReader;
constexpr uint64_t kCompressed = 4;  // how much larger a batch may be in memory than its share of the file

std::shared_ptr<Reader> reader_of(const std::shared_ptr<ArrowInput>& input, std::vector<int> fields = {}) {
  auto how = arrow::ipc::IpcReadOptions::Defaults();
  how.use_threads = false;
  how.included_fields = std::move(fields);
  return input->check(Reader::Open(input, how), "open");
}

void refuse_others(const ArrowInput& input, const std::string& path) {
  std::array<char, 8> start{};
  const size_t got = input.file().read_at(0, std::as_writable_bytes(std::span(start)));
  if (got >= 6 && std::memcmp(start.data(), "ARROW1", 6) == 0) return;
  if (got >= 4 && std::memcmp(start.data(), "\xff\xff\xff\xff", 4) == 0)
    throw Error(Code::kUsage, "'" + path + "' is an Arrow stream, which can only be read front to back")
        .hint("write it in the file format: pyarrow.ipc.new_file, or feather.write_feather");
  throw Error(Code::kData, "'" + path + "' has an Arrow file's name and does not begin like one")
      .hint("it is damaged, empty, or of another kind: say which, as in csv:" + path);
}

class ArrowTable final : public Table {
 public:
  ArrowTable(FileSystem& fs, std::shared_ptr<ArrowInput> input, const std::shared_ptr<Reader>& reader)
      : fs_(fs), input_(std::move(input)), reader_(reader), stat_(input_->file().stat()) {
    columns_ = columns_of(*reader_->schema(), path());
    for (const ColumnSpec& column : columns_.schema.columns()) types_.push_back(column.type);
    count_rows();
    sum_ = sampled_sum(input_->file());
    columns_.notes.push_back("'" + path() +
                             "' was not written by Penstock: nothing in it is checked by a checksum, and all "
                             "its columns are read at once; penstock pack makes a table that is");
  }
  std::string_view format() const override { return "arrow"; }
  const std::string& path() const override { return input_->file().path(); }
  const TableSchema& schema() const override { return columns_.schema; }
  uint64_t rows() const override { return begins_.back(); }
  uint64_t bytes() const override { return stat_.bytes; }
  uint64_t fingerprint() const override { return sum_; }
  uint64_t state() const override { return state_of(fs_.stat(path())); }
  uint64_t resident_bytes() const override { return begins_.capacity() * 16; }
  uint64_t pieces() const override { return batches_.size(); }
  uint64_t piece_begin(uint64_t p) const override { return begins_[p]; }
  uint64_t piece_of(uint64_t row) const override {
    PENSTOCK_CHECK(row < rows());
    return static_cast<uint64_t>(std::ranges::upper_bound(begins_, row) - begins_.begin() - 1);
  }
  // A guess from above: the format says no more before a batch is read.
  uint64_t max_piece_bytes(std::span<const size_t>) const override {
    uint64_t most = 0;
    for (uint64_t p = 0; p < pieces(); ++p) most = std::max(most, begins_[p + 1] - begins_[p]);
    const double share = rows() == 0 ? 0 : static_cast<double>(most) / static_cast<double>(rows());
    return most * types_.size() * 8 + static_cast<uint64_t>(share * static_cast<double>(stat_.bytes) * kCompressed) +
           4096;
  }
  std::shared_ptr<const RawRows> fetch(uint64_t piece, std::span<const size_t> columns) const override {
    if (state_of(input_->file().stat()) != state_of(stat_))
      throw Error(Code::kData, "'" + path() + "' was written to since it was opened").hint("start again");
    std::vector<int> fields;
    std::vector<ColumnType> types;
    for (const size_t c : columns) {
      fields.push_back(columns_.fields[c]);
      types.push_back(types_[c]);
    }
    const auto batch = read(*reader_, batches_[piece]);
    if (static_cast<uint64_t>(batch->num_rows()) != begins_[piece + 1] - begins_[piece])
      throw Error(Code::kData,
                  "'" + path() + "' is damaged: batch " + std::to_string(batches_[piece]) + " changed its length");
    return rows_of(input_->check(batch->SelectColumns(fields)), types, begins_[piece], path());
  }
  Location locate(uint64_t) const override { return {path(), 0, stat_.bytes}; }
  std::vector<std::string> notes() const override { return columns_.notes; }

 private:
  std::shared_ptr<arrow::RecordBatch> read(Reader& reader, int batch) const {
    const std::lock_guard lock(mutex_);  // the reader remembers dictionaries
    return input_->check(reader.ReadRecordBatch(batch), "read batch " + std::to_string(batch) + " of");
  }
  // Batches say their rows only when they are read: of each, the column that costs the least.
  void count_rows() {
    int narrowest = columns_.fields[0];
    for (size_t c = 0; c < types_.size(); ++c)
      if (types_[c] != ColumnType::kText) narrowest = columns_.fields[c];
    const auto counting = reader_of(input_, {narrowest});
    for (int b = 0; b < counting->num_record_batches(); ++b) {
      const auto rows = static_cast<uint64_t>(read(*counting, b)->num_rows());
      if (rows == 0) continue;
      batches_.push_back(b);
      begins_.push_back(begins_.back() + rows);
    }
  }

  FileSystem& fs_;
  std::shared_ptr<ArrowInput> input_;
  std::shared_ptr<Reader> reader_;
  FileStat stat_;
  ArrowColumns columns_;
  std::vector<ColumnType> types_;
  std::vector<int> batches_;
  std::vector<uint64_t> begins_ = {0};
  uint64_t sum_ = 0;
  mutable std::mutex mutex_;
};

Error damaged(const std::string& path, const std::string& what) {
  return Error(Code::kData, "'" + path + "' is damaged: " + what).hint("pack it anew");
}

// The dictionaries of the columns that have one, in the order of the schema.
std::vector<PackedColumn> packed_columns(const std::shared_ptr<ArrowInput>& input, const arrow::Schema& schema,
                                         const PackedIndex& index, const std::string& path) {
  std::vector<PackedColumn> columns;
  std::vector<int> coded;
  for (int f = 0; f < schema.num_fields(); ++f) {
    const auto as = packed_as(*schema.field(f)->type());
    if (!as) throw damaged(path, "column '" + schema.field(f)->name() + "' is of a type that is not packed");
    columns.push_back({*as});
    if (schema.field(f)->type()->id() == arrow::Type::DICTIONARY) coded.push_back(f);
  }
  if (coded.empty()) return columns;
  std::shared_ptr<arrow::RecordBatch> batch;
  if (index.pieces() > 0) batch = input->check(reader_of(input, coded)->ReadRecordBatch(0), "read the texts of");
  for (size_t i = 0; i < coded.size(); ++i) {
    PackedColumn& column = columns[static_cast<size_t>(coded[i])];
    if (!batch) {
      column.dictionary = std::make_shared<std::vector<std::string>>(1);
      continue;
    }
    const auto& array = static_cast<const arrow::DictionaryArray&>(*batch->column(static_cast<int>(i)));
    const arrow::Array& words = *array.dictionary();
    if (words.type_id() != arrow::Type::STRING || !words.ValidateFull().ok() ||
        checksum_of_words(words) != index.word_checksums[static_cast<size_t>(coded[i])])
      throw damaged(path, "the checksum of the texts of column '" + schema.field(coded[i])->name() + "' differs");
    column.dictionary = words_list(words);
  }
  return columns;
}

}  // namespace

std::unique_ptr<Table> open_arrow(const std::string& path, FileSystem& fs) {
  const auto input = std::make_shared<ArrowInput>(fs, path);
  refuse_others(*input, path);
  const auto reader = reader_of(input);
  const auto metadata = reader->metadata();
  const int key = metadata ? metadata->FindKey(kPackedIndexKey) : -1;
  if (key < 0) return std::make_unique<ArrowTable>(fs, input, reader);
  const auto text = arrow::util::base64_decode(metadata->value(key));
  const auto index = text.ok() ? PackedIndex::parse(*text, input->bytes()) : std::nullopt;
  const arrow::Schema& schema = *reader->schema();
  if (!index || index->columns != static_cast<uint64_t>(schema.num_fields()) ||
      index->pieces() != static_cast<uint64_t>(reader->num_record_batches()) ||
      index->schema_checksum != checksum(schema.ToString()))
    throw damaged(path, "its index of checksums is, or was written by a newer Penstock");
  ArrowColumns columns = columns_of(schema, path);
  return std::make_unique<PackedTable>(fs, path, std::move(columns.schema), packed_columns(input, schema, *index, path),
                                       *index);
}

}  // namespace penstock::io
