#include "io/table/csv_writer.h"

#include <array>
#include <charconv>
#include <utility>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

template <class T>
std::string_view digits_of(T value, std::array<char, 32>& room) {
  const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
  return {room.data(), static_cast<size_t>(end - room.data())};
}

}  // namespace

CsvWriter::CsvWriter(FileSystem& fs, std::string path, std::span<const std::string> columns)
    : file_(fs, std::move(path)), columns_(columns.size()) {
  for (const std::string& name : columns) add(name);
  end_row();
  rows_ = 0;
}

void CsvWriter::separate() {
  if (cells_++ > 0) line_ += ',';
}

CsvWriter& CsvWriter::add(std::string_view text) {
  separate();
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    line_ += text;
    return *this;
  }
  line_ += '"';
  for (const char c : text) {
    if (c == '"') line_ += '"';
    line_ += c;
  }
  line_ += '"';
  return *this;
}

CsvWriter& CsvWriter::add(int64_t value) {
  std::array<char, 32> room;
  separate();
  line_ += digits_of(value, room);
  return *this;
}

CsvWriter& CsvWriter::add(double value) {
  std::array<char, 32> room;
  separate();
  line_ += digits_of(value, room);
  return *this;
}

CsvWriter& CsvWriter::add(float value) {
  std::array<char, 32> room;
  separate();
  line_ += digits_of(value, room);
  return *this;
}

void CsvWriter::end_row() {
  PENSTOCK_CHECK(cells_ == columns_);
  line_ += '\n';
  file_.write(line_);
  line_.clear();
  cells_ = 0;
  ++rows_;
}

void CsvWriter::finish() { file_.commit(); }

}  // namespace penstock::io
