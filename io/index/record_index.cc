#include "io/index/record_index.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <unordered_map>

#include "engine/base/error.h"
#include "io/index/index_format.h"

namespace penstock::io {

/// Pages of the body, the last used ones; all of them where they fit.
struct RecordIndex::State {
  FileSystem* fs = nullptr;
  File file;
  IndexHeader header;
  RecordIndexHead head;
  uint64_t most_pages = 1;

  struct Page {
    std::shared_ptr<const std::vector<std::byte>> bytes;
    std::list<uint64_t>::iterator place;
  };
  mutable std::mutex mutex;
  mutable std::unordered_map<uint64_t, Page> pages;
  mutable std::list<uint64_t> used;  ///< the last used first

  std::shared_ptr<const std::vector<std::byte>> page(uint64_t number) const {
    {
      const std::lock_guard lock(mutex);
      if (const auto found = pages.find(number); found != pages.end()) {
        used.splice(used.begin(), used, found->second.place);
        return found->second.bytes;
      }
    }
    const uint64_t at = number * kIndexPage;
    auto bytes = std::make_shared<std::vector<std::byte>>(std::min(kIndexPage, header.body_bytes - at));
    file.read_exactly(header.body_at() + at, *bytes);
    uint64_t sum = 0;
    file.read_exactly(header.sums_at() + number * sizeof sum, std::as_writable_bytes(std::span(&sum, 1)));
    if (checksum(*bytes) != sum) throw discard("page " + std::to_string(number) + " of it has another checksum");
    const std::lock_guard lock(mutex);
    if (pages.contains(number)) return pages[number].bytes;
    while (pages.size() >= most_pages && !used.empty()) {
      pages.erase(used.back());
      used.pop_back();
    }
    used.push_front(number);
    pages[number] = {bytes, used.begin()};
    return bytes;
  }

  // An index is only a copy of what the data set says: a damaged one is removed, and the next start makes it again. Not a fault of the data.
  Error discard(const std::string& why) const {
    fs->sys_unlink(file.path().c_str());
    return Error(Code::kIo, "the index '" + file.path() + "' was damaged and is removed: " + why)
        .hint("run the same command again: the index is made again from the data set");
  }

  // Checksums hold for what was written, by whomever: nothing that is reckoned from a row may go wrong.
  bool can_be(const RecordRow& row) const {
    if (row.file >= head.files.size() || row.length() > head.max_bytes) return false;
    const uint64_t bytes = head.files[row.file].bytes;
    return row.offset <= bytes && row.length() <= bytes - row.offset &&
           (head.classes.empty() || row.label < static_cast<int64_t>(head.classes.size()));
  }

  void read(uint64_t at, std::span<std::byte> dest) const {
    while (!dest.empty()) {
      const auto bytes = page(at / kIndexPage);
      const uint64_t within = at % kIndexPage;
      const size_t count = std::min<size_t>(dest.size(), bytes->size() - within);
      std::memcpy(dest.data(), bytes->data() + within, count);
      dest = dest.subspan(count);
      at += count;
    }
  }
};

RecordIndex::RecordIndex() : state_(std::make_unique<State>()) {}
RecordIndex::~RecordIndex() = default;

std::unique_ptr<RecordIndex> RecordIndex::open(FileSystem& fs, const std::string& path, uint64_t memory_bytes) {
  if (!fs.exists(path)) return nullptr;
  std::unique_ptr<RecordIndex> index(new RecordIndex());
  State& s = *index->state_;
  s.fs = &fs;
  s.file = File(fs, path, OpenMode::kRead);
  const uint64_t bytes = s.file.size();
  const IndexHeader wanted;
  if (bytes < sizeof s.header) return nullptr;
  s.file.read_exactly(0, std::as_writable_bytes(std::span(&s.header, 1)));
  const IndexHeader& h = s.header;
  if (std::memcmp(h.magic, wanted.magic, sizeof h.magic) != 0 || h.version != wanted.version || h.sum() != h.header_sum)
    return nullptr;
  if (h.records > bytes / sizeof(RecordRow) || h.names_bytes > bytes || h.body_bytes > bytes ||
      bytes != h.body_at() + h.body_bytes ||
      h.body_bytes != h.order_at() + (h.has_order != 0 ? h.records * sizeof(uint64_t) : 0))
    return nullptr;
  std::string head(h.head_bytes, '\0');
  s.file.read_exactly(sizeof h, std::as_writable_bytes(std::span(head)));
  if (checksum(head) != h.head_sum) return nullptr;
  auto parsed = head_from_json(head);
  if (!parsed || parsed->records != h.records) return nullptr;
  s.head = std::move(*parsed);
  s.most_pages = std::max<uint64_t>(4, memory_bytes / (kIndexPage + 256));
  return index;
}

const RecordIndexHead& RecordIndex::head() const { return state_->head; }

void RecordIndex::rows(std::span<const uint64_t> ids, std::span<RecordRow> out) const {
  const State& s = *state_;
  std::shared_ptr<const std::vector<std::byte>> held;
  uint64_t number = UINT64_MAX;
  static_assert(kIndexPage % sizeof(RecordRow) == 0);  // no row lies in two pages
  for (size_t i = 0; i < ids.size(); ++i) {
    PENSTOCK_CHECK(ids[i] < s.head.records);
    const uint64_t at = ids[i] * sizeof(RecordRow);
    if (at / kIndexPage != number) {
      number = at / kIndexPage;
      held = s.page(number);
    }
    std::memcpy(&out[i], held->data() + at % kIndexPage, sizeof(RecordRow));
    if (!s.can_be(out[i])) throw s.discard("record " + std::to_string(ids[i]) + " lies where nothing can");
  }
}

RecordRow RecordIndex::row(uint64_t id) const {
  RecordRow out;
  rows({&id, 1}, {&out, 1});
  return out;
}

std::string RecordIndex::name(uint64_t id) const {
  const State& s = *state_;
  PENSTOCK_CHECK(id < s.head.records);
  std::array<uint64_t, 2> ends{};
  const auto both = std::as_writable_bytes(std::span(ends));
  s.read(s.header.ends_at() + (id == 0 ? 0 : (id - 1) * 8), id == 0 ? both.subspan(8) : both);
  if (ends[0] > ends[1] || ends[1] > s.header.names_bytes)
    throw s.discard("the name of record " + std::to_string(id) + " lies where nothing can");
  std::string text(ends[1] - ends[0], '\0');
  s.read(s.header.names_at() + ends[0], std::as_writable_bytes(std::span(text)));
  return text;
}

void RecordIndex::ids_at(std::span<uint64_t> places) const {
  const State& s = *state_;
  if (!s.head.has_order) return;
  for (uint64_t& place : places) s.read(s.header.order_at() + place * 8, std::as_writable_bytes(std::span(&place, 1)));
}

uint64_t RecordIndex::resident_bytes() const {
  const State& s = *state_;
  return std::min(s.most_pages, s.header.pages()) * (kIndexPage + 256) + s.head.files.size() * 128 +
         s.head.classes.size() * 64;
}

bool RecordIndex::is_current(FileSystem& fs, const std::string& base) const {
  for (const IndexedFile& file : state_->head.files) {
    const std::string path = file.path.starts_with('/') ? file.path : join_path(base, file.path);
    FileStat stat;
    if (fs.sys_stat(path.c_str(), &stat) < 0 || stat.bytes != file.bytes || stat.mtime_ns != file.mtime_ns)
      return false;
  }
  return true;
}

}  // namespace penstock::io
