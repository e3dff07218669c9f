#include "io/data/lmdb_index.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "io/data/datum.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {

constexpr const char* kForeignNote = "Penstock did not write this LMDB: it has no checksums";

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

uint64_t stamp_of(const LmdbFile& lmdb) {
  const LmdbMeta& meta = lmdb.meta();
  return Checksum().add(meta.transaction).add(meta.last_page).add(meta.root).add(meta.entries).value();
}

std::vector<std::byte> value_of(const LmdbFile& lmdb, const LmdbEntry& entry) {
  std::vector<std::byte> bytes(entry.length);
  lmdb.file().read_exactly(entry.offset, bytes);
  return bytes;
}

// Places by position first; the chunk behind them says which ids they are.
class OwnRecords {
 public:
  OwnRecords(const LmdbFile& lmdb, const LmdbEntry& head, RecordIndexWriter& writer) : lmdb_(lmdb), writer_(writer) {
    const auto bytes = value_of(lmdb, head);
    head_ = PackHead::from_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, lmdb.file().path());
    if (!(head_.schema == Dataset::picture_schema()))
      throw Error(Code::kData, "'" + parent_of(lmdb.file().path()) +
                                   "' holds records of other fields than encoded bytes and a label")
          .hint("its description is damaged, or of another version: pack the source again");
  }

  void add(const LmdbEntry& entry) {
    const LmdbKey key = take_key(entry.key);
    if (key.kind == LmdbKeyKind::kRecord) {
      if (key.position != next_++) throw wrong(lmdb_, "record " + std::to_string(next_ - 1) + " is missing");
      waiting_.push_back({entry.offset, entry.length});
    } else if (key.kind == LmdbKeyKind::kChunk) {
      add_chunk(value_of(lmdb_, entry));
    } else {
      throw wrong(lmdb_, "it has a key that Penstock did not write: '" + printable(entry.key) + "'");
    }
  }
  RecordIndexHead close() const {
    if (!waiting_.empty()) throw wrong(lmdb_, "it ends without the labels of its last records");
    RecordIndexHead head;
    head.classes = head_.classes;
    head.fingerprint = head_.fingerprint();
    return head;
  }

 private:
  struct Place {
    uint64_t offset = 0, length = 0;
  };

  void add_chunk(const std::vector<std::byte>& bytes) {
    const auto chunk = chunk_from(bytes);
    if (!chunk || chunk->records.size() != waiting_.size()) throw wrong(lmdb_, "its labels and checksums are damaged");
    for (size_t i = 0; i < waiting_.size(); ++i) {
      const RecordNote& note = chunk->records[i];
      if (note.length != waiting_[i].length)
        throw wrong(lmdb_, "record '" + note.name + "' has not the length it was packed with");
      if (note.label >= static_cast<int64_t>(head_.classes.size()) && !head_.classes.empty())
        throw wrong(lmdb_, "it has a label " + std::to_string(note.label) + " but only " +
                               std::to_string(head_.classes.size()) + " classes");
      const uint64_t flags = RecordRow::kHasChecksum | (note.verified ? RecordRow::kVerified : 0);
      writer_.add({.offset = waiting_[i].offset,
                   .length_and_flags = RecordRow::pack(note.length, flags),
                   .checksum = note.checksum,
                   .label = note.label},
                  note.name, note.id);
    }
    waiting_.clear();
  }

  const LmdbFile& lmdb_;
  RecordIndexWriter& writer_;
  PackHead head_;
  uint64_t next_ = 0;
  std::vector<Place> waiting_;
};

/// Values that are encoded pictures, or Datums that hold one each.
class ForeignRecords {
 public:
  ForeignRecords(const LmdbFile& lmdb, RecordIndexWriter& writer) : lmdb_(lmdb), writer_(writer) {}

  void add(const LmdbEntry& entry) {
    if (writer_.size() == 0) look_at(entry);
    RecordRow row{.offset = entry.offset, .length_and_flags = RecordRow::pack(entry.length, 0)};
    if (datums_) {
      const Datum datum = read_datum(entry);
      row.offset += datum.data_at;
      row.length_and_flags = RecordRow::pack(datum.data_bytes, 0);
      row.label = static_cast<int32_t>(datum.label);
      most_ = std::max(most_, datum.label);
    }
    const std::string name = printable(entry.key);
    sum_.add(name).add(std::string_view("\0", 1)).add(row.length());
    if (datums_) sum_.add(static_cast<uint64_t>(row.label));
    writer_.add(row, name);
  }
  RecordIndexHead close() const {
    RecordIndexHead head;
    if (most_ < (1 << 24)) {
      for (int64_t c = 0; c <= most_; ++c) head.classes.push_back(std::to_string(c));
    }
    head.fingerprint = sum_.value();
    head.note = datums_ ? std::string(kForeignNote) + "; its values are Caffe Datums, with labels"
                        : std::string(kForeignNote) + " and no labels";
    return head;
  }

 private:
  void look_at(const LmdbEntry& entry) {
    std::array<std::byte, 16> start{};
    const size_t got =
        lmdb_.file().read_at(entry.offset, std::span(start).first(std::min<uint64_t>(entry.length, start.size())));
    if (looks_like_picture(std::span(start).first(got))) return;
    datums_ = find_datum(entry).has_value();
    if (datums_) return;
    throw wrong(lmdb_, "its values are no encoded pictures (the first begins with " +
                           printable(std::span(start).first(std::min<size_t>(got, 4))) + ")");
  }

  std::optional<Datum> find_datum(const LmdbEntry& entry) const {
    std::array<std::byte, 64> start{}, end{};
    const uint64_t bytes = std::min<uint64_t>(entry.length, start.size());
    lmdb_.file().read_exactly(entry.offset, std::span(start).first(bytes));
    lmdb_.file().read_exactly(entry.offset + entry.length - bytes, std::span(end).first(bytes));
    return datum_of(std::span(start).first(bytes), std::span(end).first(bytes), entry.length);
  }

  Datum read_datum(const LmdbEntry& entry) const {
    const auto datum = find_datum(entry);
    if (!datum)
      throw wrong(lmdb_, "the value of '" + printable(entry.key) + "' is no Caffe Datum, as the first one is");
    if (!datum->encoded)
      throw Error(Code::kData, "'" + lmdb_.file().path() + "' holds Caffe Datums of raw pixels ('" +
                                   printable(entry.key) + "'), which are not read")
          .hint("make it again with convert_imageset --encoded");
    return *datum;
  }

  const LmdbFile& lmdb_;
  RecordIndexWriter& writer_;
  bool datums_ = false;
  int64_t most_ = -1;
  Checksum sum_;
};

}  // namespace

void make_lmdb_index(const LmdbFile& lmdb, FileSystem& fs, const std::string& path) {
  RecordIndexWriter writer(fs, path);
  std::optional<OwnRecords> own;
  ForeignRecords foreign(lmdb, writer);
  lmdb.walk([&](const LmdbEntry& entry) {
    if (own)
      own->add(entry);
    else if (writer.size() == 0 && take_key(entry.key).kind == LmdbKeyKind::kHead)
      own.emplace(lmdb, entry, writer);
    else
      foreign.add(entry);
  });
  if (!own && writer.size() == 0)
    throw Error(Code::kUsage, "'" + parent_of(lmdb.file().path()) + "' holds no records")
        .hint("pack a source into it first");
  RecordIndexHead head = own ? own->close() : foreign.close();
  head.format = "lmdb";
  const FileStat stat = lmdb.file().stat();
  head.files = {{base_name(lmdb.file().path()), stat.bytes, own ? 0 : stat.mtime_ns, stamp_of(lmdb)}};
  try {
    writer.finish(std::move(head));
  } catch (const Error& error) {
    if (error.code() == Code::kData) throw wrong(lmdb, "an id is missing among its records, or in it twice");
    throw;
  }
}

bool is_current(const RecordIndex& index, const LmdbFile& lmdb) {
  const RecordIndexHead& head = index.head();
  if (head.format != "lmdb" || head.files.size() != 1 || head.files[0].stamp != stamp_of(lmdb)) return false;
  const FileStat stat = lmdb.file().stat();
  if (head.files[0].bytes != stat.bytes) return false;
  return !head.note.starts_with(kForeignNote) || head.files[0].mtime_ns == stat.mtime_ns;
}

}  // namespace penstock::io
