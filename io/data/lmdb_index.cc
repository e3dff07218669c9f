#include "io/data/lmdb_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "io/data/dataset.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {

struct Header {
  char magic[8] = {'P', 'N', 'S', 'T', 'K', 'I', 'D', 'X'};
  uint32_t version = 1;
  uint32_t ours = 0;
  uint64_t transaction = 0, last_page = 0;
  uint64_t records = 0, names_bytes = 0, head_bytes = 0;
  uint64_t fingerprint = 0;
  uint64_t body_sum = 0;
  uint64_t header_sum = 0;
};
static_assert(sizeof(Header) == 80 && sizeof(LmdbIndexRow) == 24);

uint64_t sum_of(const Header& header) {
  return checksum(std::string_view(reinterpret_cast<const char*>(&header), offsetof(Header, header_sum)));
}

template <class T>
std::span<const std::byte> raw(const T& values) {
  return std::as_bytes(std::span(values));
}

Error wrong(const LmdbFile& lmdb, const std::string& what) {
  return Error(Code::kData, "cannot use '" + lmdb.file().path() + "': " + what).hint("pack the source again");
}

bool looks_like_picture(std::span<const std::byte> bytes) {
  static constexpr std::array<std::string_view, 5> kStarts{"\xff\xd8", "\x89PNG", "BM", "RIFF", "GIF8"};
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::any_of(kStarts.begin(), kStarts.end(), [&](std::string_view start) { return text.starts_with(start); });
}

std::string printable(std::span<const std::byte> key) {
  std::string text(reinterpret_cast<const char*>(key.data()), key.size());
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; })) return text;
  std::string out;
  for (const char c : text) {
    out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// Which state of another's database it is: a remade one often agrees in transaction and last page. (Ours is copied together with its index,
// so its time says nothing, and its records have checksums.)
std::string state_of(const LmdbFile& lmdb) {
  const LmdbMeta& meta = lmdb.meta();
  return std::to_string(meta.root) + " " + std::to_string(meta.entries) + " " + std::to_string(lmdb.bytes()) + " " +
         std::to_string(lmdb.file().stat().mtime_ns);
}

struct Contents {
  std::vector<LmdbIndexRow> rows;
  std::vector<std::string> names;
  std::string head;
  uint64_t fingerprint = 0;
  bool ours = false;
};

std::vector<std::byte> value_of(const LmdbFile& lmdb, const LmdbEntry& entry) {
  std::vector<std::byte> bytes(entry.length);
  lmdb.file().read_exactly(entry.offset, bytes);
  return bytes;
}

// Places by position first; the chunk behind them says which ids they are.
class OwnRecords {
 public:
  OwnRecords(const LmdbFile& lmdb, Contents& out)
      : lmdb_(lmdb), out_(out), most_records_(std::min(lmdb.meta().entries, lmdb.bytes() / kLeastEntryBytes)) {}

  void add(const LmdbKey& key, const LmdbEntry& entry) {
    if (key.kind == LmdbKeyKind::kRecord) {
      if (key.position != next_++) throw wrong(lmdb_, "record " + std::to_string(next_ - 1) + " is missing");
      waiting_.push_back(entry);
    } else if (key.kind == LmdbKeyKind::kChunk) {
      add_chunk(value_of(lmdb_, entry));
    } else {
      throw wrong(lmdb_, "it has a key that Penstock did not write: '" + printable(entry.key) + "'");
    }
  }
  void close() const {
    if (!waiting_.empty()) throw wrong(lmdb_, "it ends without the labels of its last records");
    if (std::find(seen_.begin(), seen_.end(), false) != seen_.end()) missing_id();
  }

 private:
  [[noreturn]] void missing_id() const { throw wrong(lmdb_, "an id is missing among its records"); }

  void add_chunk(const std::vector<std::byte>& bytes) {
    const auto chunk = chunk_from(bytes);
    if (!chunk || chunk->records.size() != waiting_.size()) throw wrong(lmdb_, "its labels and checksums are damaged");
    for (size_t i = 0; i < waiting_.size(); ++i) {
      const RecordNote& note = chunk->records[i];
      if (note.length != waiting_[i].length)
        throw wrong(lmdb_, "record '" + note.name + "' has not the length it was packed with");
      const uint64_t flags = LmdbIndexRow::kHasChecksum | (note.verified ? LmdbIndexRow::kVerified : 0);
      if (note.id >= most_records_) missing_id();  // before room is made for it
      if (note.id >= seen_.size()) {
        seen_.resize(note.id + 1);
        out_.rows.resize(note.id + 1);
        out_.names.resize(note.id + 1);
      }
      if (seen_[note.id]) throw wrong(lmdb_, "id " + std::to_string(note.id) + " is in it twice");
      seen_[note.id] = true;
      out_.rows[note.id] = {LmdbIndexRow::place_of(waiting_[i].offset, flags), note.checksum, note.length, note.label};
      out_.names[note.id] = note.name;
    }
    waiting_.clear();
  }

  static constexpr uint64_t kLeastEntryBytes = 10;  // of an LMDB page: slot and node header

  const LmdbFile& lmdb_;
  Contents& out_;
  const uint64_t most_records_;
  uint64_t next_ = 0;
  std::vector<LmdbEntry> waiting_;
  std::vector<bool> seen_;
};

Contents contents_of(const LmdbFile& lmdb) {
  Contents out;
  OwnRecords own(lmdb, out);
  Checksum foreign_sum;
  bool first = true;
  lmdb.walk([&](const LmdbEntry& entry) {
    const LmdbKey key = take_key(entry.key);
    if (std::exchange(first, false)) {
      if (key.kind == LmdbKeyKind::kHead) {
        const auto bytes = value_of(lmdb, entry);
        out.head.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        out.fingerprint = PackHead::from_json(out.head, lmdb.file().path()).fingerprint();
        out.ours = true;
        return;
      }
      std::array<std::byte, 16> start{};
      const size_t got =
          lmdb.file().read_at(entry.offset, std::span(start).first(std::min<uint64_t>(entry.length, start.size())));
      if (!looks_like_picture(std::span(start).first(got))) {
        throw wrong(lmdb, "its values are no encoded pictures (the first begins with " +
                              printable(std::span(start).first(std::min<size_t>(got, 4))) + ")");
      }
    }
    if (out.ours) {
      own.add(key, entry);
      return;
    }
    out.rows.push_back({LmdbIndexRow::place_of(entry.offset, 0), 0, static_cast<uint32_t>(entry.length), -1});
    out.names.push_back(printable(entry.key));
    foreign_sum.add(out.names.back()).add(std::string_view("\0", 1)).add(entry.length);
  });
  own.close();
  if (!out.ours) {
    out.fingerprint = foreign_sum.value();
    out.head = state_of(lmdb);
  }
  return out;
}

}  // namespace

void LmdbIndex::build(const LmdbFile& lmdb, FileSystem& fs, const std::string& path) {
  const Contents contents = contents_of(lmdb);
  std::vector<uint64_t> offsets{0};
  std::string names;
  for (const std::string& name : contents.names) {
    names += name;
    offsets.push_back(names.size());
  }
  Header header;
  header.ours = contents.ours;
  header.transaction = lmdb.meta().transaction;
  header.last_page = lmdb.meta().last_page;
  header.records = contents.rows.size();
  header.names_bytes = names.size();
  header.head_bytes = contents.head.size();
  header.fingerprint = contents.fingerprint;
  header.body_sum = Checksum().add(raw(contents.rows)).add(raw(offsets)).add(names).add(contents.head).value();
  header.header_sum = sum_of(header);
  AtomicFile file(fs, path);
  file.write(std::as_bytes(std::span(&header, 1)));
  file.write(raw(contents.rows));
  file.write(raw(offsets));
  file.write(names);
  file.write(contents.head);
  file.commit();
}

std::optional<LmdbIndex> LmdbIndex::open(FileSystem& fs, const std::string& path, const LmdbFile& lmdb) {
  const auto damaged = [&] {
    return Error(Code::kData, "the index '" + path + "' is damaged").hint("remove it: it is made again from data.mdb");
  };
  LmdbIndex out;
  out.file_ = File(fs, path, OpenMode::kRead);
  const uint64_t bytes = out.file_.size();
  Header header;
  const Header wanted;
  if (bytes < sizeof header) throw damaged();
  out.file_.read_exactly(0, std::as_writable_bytes(std::span(&header, 1)));
  if (std::memcmp(header.magic, wanted.magic, sizeof header.magic) != 0 || header.version != wanted.version)
    throw damaged();
  if (sum_of(header) != header.header_sum) throw damaged();
  if (header.records > bytes / (sizeof(LmdbIndexRow) + 8) || header.names_bytes > bytes || header.head_bytes > bytes)
    throw damaged();  // before they are multiplied and added
  out.names_at_ = sizeof header + header.records * sizeof(LmdbIndexRow);
  const uint64_t offsets_end = out.names_at_ + (header.records + 1) * 8;
  const uint64_t head_at = offsets_end + header.names_bytes;
  if (bytes != head_at + header.head_bytes) throw damaged();
  if (header.transaction != lmdb.meta().transaction || header.last_page != lmdb.meta().last_page) return std::nullopt;

  out.rows_.resize(header.records);
  const auto rows = std::as_writable_bytes(std::span(out.rows_));
  out.file_.read_exactly(sizeof header, rows);
  Checksum sum;
  sum.add(rows);
  // The names and their places are checked now and read later.
  uint64_t last_end = 0;
  std::vector<std::byte> part(std::min<uint64_t>(uint64_t{1} << 20, head_at - out.names_at_));
  for (uint64_t at = out.names_at_; at < head_at; at += part.size()) {
    part.resize(std::min<uint64_t>(part.size(), head_at - at));
    out.file_.read_exactly(at, part);
    sum.add(part);
    for (uint64_t i = 0; i + 8 <= part.size() && at + i < offsets_end; i += 8) {
      uint64_t end = 0;
      std::memcpy(&end, part.data() + i, sizeof end);
      if (end < last_end || end > header.names_bytes) throw damaged();
      last_end = end;
    }
  }
  std::string head(header.head_bytes, '\0');
  out.file_.read_exactly(head_at, std::as_writable_bytes(std::span(head)));
  if (sum.add(head).value() != header.body_sum) throw damaged();
  if (header.ours == 0 && head != state_of(lmdb)) return std::nullopt;
  for (const LmdbIndexRow& row : out.rows_) {
    if (row.offset() + row.length > lmdb.bytes()) throw damaged();
  }
  out.is_ours_ = header.ours != 0;
  out.fingerprint_ = header.fingerprint;
  if (out.is_ours_) {
    out.head_ = PackHead::from_json(head, path);
  } else {
    out.head_.schema = Dataset::picture_schema();
  }
  return out;
}

std::string LmdbIndex::name(uint64_t id) const {
  std::array<uint64_t, 2> ends{};
  file_.read_exactly(names_at_ + id * 8, std::as_writable_bytes(std::span(ends)));
  std::string text(ends[1] - ends[0], '\0');
  file_.read_exactly(names_at_ + (rows_.size() + 1) * 8 + ends[0], std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace penstock::io
