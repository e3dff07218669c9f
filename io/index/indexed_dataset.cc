#include <algorithm>
#include <cerrno>
#include <list>
#include <mutex>
#include <numeric>
#include <unordered_map>

#include "engine/base/error.h"
#include "io/data/label_file.h"
#include "io/file/checksum.h"
#include "io/file/reader.h"
#include "io/index/record_index.h"

namespace penstock::io {
namespace {

constexpr unsigned kDepth = 32;
constexpr size_t kMostOpen = 64;  // shards open at once, far below the usual limit of 1024 descriptors

std::string wrong_checksum(uint64_t found, uint64_t stored) {
  return "checksum " + hex(found) + " instead of " + hex(stored) + ": the bytes are damaged";
}

}  // namespace

/// Shards, opened when first read; the one used longest ago makes room.
struct IndexedDataset::Files {
  explicit Files(FileSystem& fs) : engines(fs, kDepth) {}
  ReadEngines engines;
  std::mutex mutex;
  std::unordered_map<uint32_t, std::shared_ptr<File>> open;
  std::list<uint32_t> used;

  std::shared_ptr<File> get(FileSystem& fs, uint32_t number, const std::string& path) {
    const std::lock_guard lock(mutex);
    if (const auto found = open.find(number); found != open.end()) {
      used.remove(number);
      used.push_front(number);
      return found->second;
    }
    if (open.size() >= kMostOpen) {
      open.erase(used.back());
      used.pop_back();
    }
    used.push_front(number);
    return open[number] = std::make_shared<File>(fs, path, OpenMode::kRead);
  }
};

IndexedDataset::IndexedDataset(FileSystem& fs, std::string path, std::string base, std::unique_ptr<RecordIndex> index,
                               const std::vector<std::string>& classes)
    : fs_(fs),
      path_(std::move(path)),
      base_(std::move(base)),
      index_(std::move(index)),
      schema_(picture_schema()),
      classes_(index_->head().classes),
      fingerprint_(index_->head().fingerprint),
      files_(std::make_shared<Files>(fs)) {
  if (classes_.size() == 1) notes_.push_back("there is one class only, '" + classes_[0] + "': nothing to tell apart");
  if (classes.empty() || classes_.empty()) return;
  label_of_ = match_classes(classes_, classes, path_);
  classes_ = classes;
}

uint64_t IndexedDataset::size() const { return index_->head().records; }
uint64_t IndexedDataset::fingerprint() const { return fingerprint_; }
uint64_t IndexedDataset::record_bytes(uint64_t id) const { return index_->row(id).length(); }
uint64_t IndexedDataset::max_record_bytes() const { return index_->head().max_bytes; }
uint64_t IndexedDataset::resident_bytes() const { return index_->resident_bytes() + given_.size() * sizeof(int64_t); }
bool IndexedDataset::verified(uint64_t id) const { return index_->row(id).has(RecordRow::kVerified); }
void IndexedDataset::ids_at(std::span<uint64_t> places) const { index_->ids_at(places); }
std::string_view IndexedDataset::format() const { return index_->head().format; }
std::string IndexedDataset::name(uint64_t id) const { return index_->name(id); }
uint64_t IndexedDataset::bytes() const { return index_->head().bytes; }
uint32_t IndexedDataset::file_count() const { return static_cast<uint32_t>(index_->head().files.size()); }

std::string IndexedDataset::file_path(uint32_t file) const {
  const std::string& path = index_->head().files[file].path;
  return path.starts_with('/') ? path : join_path(base_, path);
}

void IndexedDataset::take_labels(const std::string& file, const std::vector<std::string>& classes) {
  constexpr uint64_t kChunk = 4096;
  std::vector<uint64_t> ids(std::min(kChunk, size()));
  std::vector<RecordRow> rows(ids.size());
  for (uint64_t from = 0; from < size(); from += ids.size()) {
    const auto part = static_cast<size_t>(std::min<uint64_t>(ids.size(), size() - from));
    std::iota(ids.begin(), ids.end(), from);
    index_->rows(std::span(ids).first(part), rows);
    if (!classes_.empty() || std::any_of(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(part),
                                         [](const RecordRow& row) { return row.label >= 0; })) {
      throw Error(Code::kUsage, "'" + path_ + "' keeps its own labels: '" + file + "' is one too many")
          .hint("leave --labels out");
    }
  }
  GivenLabels given = read_labels(
      fs_, file, path_, size(), [&](uint64_t id) { return name(id); }, classes);
  fingerprint_ = given.fingerprint(fingerprint_);
  classes_ = std::move(given.classes);
  given_ = std::move(given.labels);
  if (!given.note.empty()) notes_.push_back(std::move(given.note));
  if (classes.empty() || classes_.empty()) return;
  const std::vector<int64_t> place = match_classes(classes_, classes, path_);
  for (int64_t& label : given_) label = label < 0 ? label : place[static_cast<size_t>(label)];
  classes_ = classes;
}

int64_t IndexedDataset::label(uint64_t id) const {
  if (!given_.empty()) return given_[id];
  const int64_t stored = index_->row(id).label;
  return stored < 0 || label_of_.empty() ? stored : label_of_[static_cast<size_t>(stored)];
}

Location IndexedDataset::locate(uint64_t id) const {
  const RecordRow row = index_->row(id);
  return {file_path(row.file), row.offset, row.length()};
}

std::optional<uint64_t> IndexedDataset::stored_checksum(uint64_t id) const {
  const RecordRow row = index_->row(id);
  return row.has(RecordRow::kHasChecksum) ? std::optional(row.checksum) : std::nullopt;
}

void IndexedDataset::extents(std::span<const uint64_t> ids, std::span<Extent> out) const {
  std::vector<RecordRow> rows(ids.size());
  index_->rows(ids, rows);
  for (size_t i = 0; i < ids.size(); ++i) out[i] = {rows[i].file, rows[i].offset, rows[i].length()};
}

std::string IndexedDataset::fault_of(uint64_t id, std::span<const std::byte> bytes) const {
  const RecordRow row = index_->row(id);
  if (!row.has(RecordRow::kHasChecksum)) return {};
  const uint64_t found = checksum(bytes);
  return found == row.checksum ? std::string() : wrong_checksum(found, row.checksum);
}

uint64_t IndexedDataset::state() const {
  Checksum sum;
  sum.add(fingerprint());
  for (uint32_t f = 0; f < file_count(); ++f) {
    const IndexedFile& file = index_->head().files[f];
    FileStat now;
    fs_.sys_stat(file_path(f).c_str(), &now);
    sum.add(file.path)
        .add(file.bytes)
        .add(file.stamp)
        .add(now.bytes)
        .add(static_cast<uint64_t>(now.mtime_ns))
        .add(static_cast<uint64_t>(now.ctime_ns));
  }
  return sum.value();
}

void IndexedDataset::read(std::span<const uint64_t> ids, Intake& out) const {
  struct Want {
    RecordRow row;
    size_t i = 0;
    std::byte* dest = nullptr;
  };
  std::vector<RecordRow> rows(ids.size());
  index_->rows(ids, rows);
  std::vector<Want> wants;
  wants.reserve(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    fill(ids[i], i, out);
    wants.push_back({rows[i], i, nullptr});
  }
  std::sort(wants.begin(), wants.end(), [](const Want& a, const Want& b) {
    return std::pair(a.row.file, a.row.offset) < std::pair(b.row.file, b.row.offset);
  });
  std::vector<ReadRequest> requests;
  std::vector<const Want*> asked;
  std::vector<std::shared_ptr<File>> held;
  for (Want& want : wants) {
    if (want.row.length() == 0) {
      out.reject(want.i, "the record is empty");
      continue;
    }
    want.dest = out.rows(kBytesField, want.i, want.row.length());
    if (want.dest == nullptr) continue;
    if (asked.empty() || asked.back()->row.file != want.row.file)
      held.push_back(files_->get(fs_, want.row.file, file_path(want.row.file)));
    requests.push_back({held.back()->fd(), want.row.offset, want.row.length(), want.dest});
    asked.push_back(&want);
  }
  files_->engines.read(requests);
  for (size_t k = 0; k < requests.size(); ++k) {
    const Want& want = *asked[k];
    if (requests[k].result < 0) Fault::raise("read", file_path(want.row.file), static_cast<int>(-requests[k].result));
    if (static_cast<uint64_t>(requests[k].result) != requests[k].bytes) {
      out.reject(want.i, "the record lies behind the end of '" + base_name(file_path(want.row.file)) +
                             "', which was cut short");
    } else if (want.row.has(RecordRow::kHasChecksum)) {
      const uint64_t found = checksum(std::span<const std::byte>(want.dest, want.row.length()));
      if (found != want.row.checksum) out.reject(want.i, wrong_checksum(found, want.row.checksum));
    }
  }
}

}  // namespace penstock::io
