#include <algorithm>
#include <cstring>
#include <filesystem>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/index/index_format.h"
#include "io/index/record_index.h"

namespace penstock::io {

/// Rows and names go to the file as they come, each area through a buffer of its own; what is not in storage order is put there at the end, by place.
struct RecordIndexWriter::State {
  FileSystem& fs;
  std::string path;
  std::string rows_path, ends_path, names_path, order_path;
  std::unique_ptr<File> rows, ends, names, order;
  std::vector<std::byte> rows_buffer, ends_buffer, names_buffer, order_buffer;
  uint64_t rows_bytes = 0, ends_bytes = 0, names_bytes = 0, order_bytes = 0;
  uint64_t count = 0, total = 0, largest = 0, name_end = 0;
  bool with_ids = false;
  bool moved = false;

  State(FileSystem& door, std::string where)
      : fs(door),
        path(std::move(where)),
        rows_path(path + ".rows.tmp"),
        ends_path(path + ".ends.tmp"),
        names_path(path + ".names.tmp"),
        order_path(path + ".order.tmp") {
    rows = std::make_unique<File>(fs, rows_path, OpenMode::kCreate);
    ends = std::make_unique<File>(fs, ends_path, OpenMode::kCreate);
    names = std::make_unique<File>(fs, names_path, OpenMode::kCreate);
    order = std::make_unique<File>(fs, order_path, OpenMode::kCreate);
  }
  ~State() {
    for (std::unique_ptr<File>* file : {&rows, &ends, &names, &order}) file->reset();
    for (const std::string* part : {&rows_path, &ends_path, &names_path, &order_path}) fs.sys_unlink(part->c_str());
  }

  static constexpr size_t kBuffer = size_t{1} << 20;
  static void put(File& file, std::vector<std::byte>& buffer, uint64_t& written, std::span<const std::byte> bytes) {
    buffer.insert(buffer.end(), bytes.begin(), bytes.end());
    if (buffer.size() >= kBuffer) flush(file, buffer, written);
  }
  static void flush(File& file, std::vector<std::byte>& buffer, uint64_t& written) {
    if (buffer.empty()) return;
    file.write_at(written, buffer);
    written += buffer.size();
    buffer.clear();
  }
};

RecordIndexWriter::RecordIndexWriter(FileSystem& fs, std::string path)
    : state_(std::make_unique<State>(fs, std::move(path))) {}
RecordIndexWriter::~RecordIndexWriter() = default;

uint64_t RecordIndexWriter::size() const { return state_->count; }

void RecordIndexWriter::add(const RecordRow& row, std::string_view name, std::optional<uint64_t> id) {
  State& s = *state_;
  PENSTOCK_CHECK(s.count == 0 || s.with_ids == id.has_value());
  s.with_ids = id.has_value();
  const uint64_t own = id.value_or(s.count);
  s.moved = s.moved || own != s.count;
  s.name_end += name.size();
  State::put(*s.rows, s.rows_buffer, s.rows_bytes, std::as_bytes(std::span(&row, 1)));
  State::put(*s.names, s.names_buffer, s.names_bytes, bytes_of(name));
  State::put(*s.ends, s.ends_buffer, s.ends_bytes, std::as_bytes(std::span(&s.name_end, 1)));
  State::put(*s.order, s.order_buffer, s.order_bytes, std::as_bytes(std::span(&own, 1)));
  ++s.count;
  s.total += row.length();
  s.largest = std::max(s.largest, row.length());
}

void RecordIndexWriter::finish(RecordIndexHead head) {
  State& s = *state_;
  State::flush(*s.rows, s.rows_buffer, s.rows_bytes);
  State::flush(*s.names, s.names_buffer, s.names_bytes);
  State::flush(*s.ends, s.ends_buffer, s.ends_bytes);
  State::flush(*s.order, s.order_buffer, s.order_bytes);
  head.records = s.count;
  head.bytes = s.total;
  head.max_bytes = s.largest;
  head.has_order = s.moved;

  // place_of[id]: only where ids are not places. 8 bytes a record, while a shuffled pack is finished.
  std::vector<uint64_t> place_of;
  if (s.moved) {
    place_of.assign(s.count, UINT64_MAX);
    std::vector<uint64_t> part(State::kBuffer / sizeof(uint64_t));
    for (uint64_t first = 0; first < s.count; first += part.size()) {
      part.resize(std::min<uint64_t>(part.size(), s.count - first));
      s.order->read_exactly(first * sizeof(uint64_t), std::as_writable_bytes(std::span(part)));
      for (size_t i = 0; i < part.size(); ++i) {
        if (part[i] >= s.count || place_of[part[i]] != UINT64_MAX) {
          throw Error(Code::kData, "id " + std::to_string(part[i]) + " is in '" + s.path +
                                       "' twice, or is not below the " + std::to_string(s.count) + " records")
              .hint("the data set is damaged: make it again from its source");
        }
        place_of[part[i]] = first + i;
      }
    }
  }

  IndexPages pages(s.fs, s.path);
  pages.begin(head, s.name_end);
  const auto copy = [&](const File& from, uint64_t bytes) {
    std::vector<std::byte> part(State::kBuffer);
    for (uint64_t at = 0; at < bytes; at += part.size()) {
      part.resize(std::min<uint64_t>(State::kBuffer, bytes - at));
      from.read_exactly(at, part);
      pages.write(part);
    }
  };
  if (!s.moved) {
    copy(*s.rows, s.rows_bytes);
    copy(*s.ends, s.ends_bytes);
    copy(*s.names, s.names_bytes);
  } else {
    const auto by_id = [&](auto&& write_one) {
      for (uint64_t id = 0; id < s.count; ++id) write_one(place_of[id]);
    };
    by_id([&](uint64_t place) {
      RecordRow row;
      s.rows->read_exactly(place * sizeof row, std::as_writable_bytes(std::span(&row, 1)));
      pages.write(std::as_bytes(std::span(&row, 1)));
    });
    const auto name_at = [&](uint64_t place) {
      std::array<uint64_t, 2> ends{};
      const auto both = std::as_writable_bytes(std::span(ends));
      s.ends->read_exactly(place == 0 ? 0 : (place - 1) * 8, place == 0 ? both.subspan(8) : both);
      return ends;
    };
    uint64_t end = 0;
    by_id([&](uint64_t place) {
      const auto [from, to] = name_at(place);
      end += to - from;
      pages.write(std::as_bytes(std::span(&end, 1)));
    });
    std::vector<std::byte> name;
    by_id([&](uint64_t place) {
      const auto [from, to] = name_at(place);
      name.resize(to - from);
      s.names->read_exactly(from, name);
      pages.write(name);
    });
    copy(*s.order, s.order_bytes);
  }
  pages.finish();
}

std::vector<std::string> index_places(const std::string& data_path, const std::string& beside,
                                      const std::string& cache_folder) {
  std::vector<std::string> places{beside};
  if (cache_folder.empty()) return places;
  std::error_code ignored;
  const std::string real = std::filesystem::weakly_canonical(data_path, ignored).string();
  places.push_back(join_path(cache_folder, hex(checksum(real)) + ".record-index"));
  return places;
}

}  // namespace penstock::io
