#include "io/table/table_writer.h"

#include <utility>

#include "engine/base/error.h"
#include "io/table/csv_writer.h"

namespace penstock::io {
namespace {

class Hdf5Table final : public TableWriter {
 public:
  explicit Hdf5Table(std::unique_ptr<Hdf5Writer> writer) : writer_(std::move(writer)) {}
  void append(size_t column, std::span<const float> values) override { writer_->append(column, values); }
  void append(size_t column, std::span<const int64_t> values) override { writer_->append(column, values); }
  void append(size_t column, std::span<const std::string> values) override { writer_->append(column, values); }
  void finish() override { writer_->finish(); }

 private:
  std::unique_ptr<Hdf5Writer> writer_;
};

class CsvTable final : public TableWriter {
 public:
  CsvTable(FileSystem& fs, const std::string& path, std::vector<Hdf5Column> columns)
      : columns_(std::move(columns)), blocks_(columns_.size()), writer_(fs, path, header(columns_)) {}

  void append(size_t column, std::span<const float> values) override {
    blocks_[column].floats.assign(values.begin(), values.end());
    given(column, values.size());
  }
  void append(size_t column, std::span<const int64_t> values) override {
    blocks_[column].integers.assign(values.begin(), values.end());
    given(column, values.size());
  }
  void append(size_t column, std::span<const std::string> values) override {
    blocks_[column].texts.assign(values.begin(), values.end());
    given(column, values.size());
  }
  void finish() override {
    PENSTOCK_CHECK(columns_given_ == 0);
    writer_.finish();
  }

 private:
  struct Block {
    std::vector<float> floats;
    std::vector<int64_t> integers;
    std::vector<std::string> texts;
    bool given = false;
  };

  static std::vector<std::string> header(const std::vector<Hdf5Column>& columns) {
    std::vector<std::string> names;
    for (const Hdf5Column& column : columns) {
      for (int64_t c = 0; c < column.width; ++c)
        names.push_back(column.width == 1 ? column.name : column.name + std::to_string(c));
    }
    return names;
  }
  void given(size_t column, size_t values) {
    const size_t rows = values / static_cast<size_t>(columns_[column].width);
    PENSTOCK_CHECK(!blocks_[column].given && (columns_given_ == 0 || rows == rows_));
    rows_ = rows;
    blocks_[column].given = true;
    if (++columns_given_ == columns_.size()) write();
  }
  void write() {
    for (size_t row = 0; row < rows_; ++row) {
      for (size_t c = 0; c < columns_.size(); ++c) add(columns_[c], blocks_[c], row);
      writer_.end_row();
    }
    for (Block& block : blocks_) block = {};
    columns_given_ = 0;
  }
  void add(const Hdf5Column& column, const Block& block, size_t row) {
    const auto width = static_cast<size_t>(column.width);
    for (size_t i = row * width; i < (row + 1) * width; ++i) {
      if (column.text)
        writer_.add(block.texts[i]);
      else if (column.dtype == DType::kF32)
        writer_.add(block.floats[i]);
      else
        writer_.add(block.integers[i]);
    }
  }

  std::vector<Hdf5Column> columns_;
  std::vector<Block> blocks_;
  size_t columns_given_ = 0, rows_ = 0;
  CsvWriter writer_;
};

}  // namespace

void check_table_path(const std::string& path, const std::string& option, FileSystem& fs) {
  if (!path.ends_with(".csv") && !path.ends_with(".h5"))
    throw Error(Code::kUsage, option + " '" + path + "' ends neither in .csv nor in .h5")
        .hint(option + " FILE.csv or " + option + " FILE.h5");
  if (fs.is_folder(path))
    throw Error(Code::kUsage, option + " '" + path + "' is a folder").hint(option + " takes a file");
  if (!fs.is_folder(parent_of(path)))
    throw Error(Code::kUsage, "there is no folder '" + parent_of(path) + "' for " + option + " '" + path + "'")
        .hint("make it first");
}

std::unique_ptr<TableWriter> open_table(const std::string& path, std::vector<Hdf5Column> columns, FileSystem& fs) {
  check_table_path(path, "--out", fs);
  if (path.ends_with(".csv")) return std::make_unique<CsvTable>(fs, path, std::move(columns));
  return std::make_unique<Hdf5Table>(Hdf5Writer::open(path, std::move(columns), fs));
}

}  // namespace penstock::io
