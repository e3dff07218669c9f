#include "io/hdf5/record_writer.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include <sys/file.h>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "io/file/file.h"
#include "io/file/framed_log.h"
#include "io/hdf5/record_layout.h"

namespace penstock::io {
namespace {

constexpr const char* kDescription = "penstock.json";
constexpr const char* kBytesFile = "records.bytes";
constexpr const char* kLogFile = "chunks.log";
constexpr const char* kMade = "made.h5";
constexpr const char* kLock = ".lock";
constexpr uint32_t kLogKind = 0x35464448;           // "HDF5"
constexpr uint64_t kCopyBytes = uint64_t{4} << 20;  // a disk's rate is reached well before

Error damaged(const std::string& partial) {
  return Error(Code::kData, "the unfinished '" + partial + "' is damaged").hint("remove it and pack again");
}

struct Totals {
  uint64_t records = 0, bytes = 0, name_bytes = 0, source_position = 0;
};

// Each whole chunk of the log.
template <class Visit>
Totals each_chunk(FileSystem& fs, const std::string& partial, Visit&& visit) {
  FramedLogReader log(fs, join_path(partial, kLogFile), kLogKind);
  Totals totals;
  while (const auto payload = log.next()) {
    const auto chunk = chunk_from(*payload);
    if (!chunk || chunk->first_position != totals.records) throw damaged(partial);
    visit(*chunk);
    totals.records += chunk->records.size();
    totals.source_position = chunk->source_position + 1;
    for (const RecordNote& note : chunk->records) {
      totals.bytes += note.length;
      totals.name_bytes += note.name.size();
    }
  }
  return totals;
}

// Writes one part from its beginning, in blocks.
class PartWriter {
 public:
  PartWriter(File& file, const Hdf5Part& part, uint64_t element_bytes)
      : file_(file), at_(part.offset), left_(part.elements * element_bytes) {}
  template <class T>
  void add(const T& value) {
    add(std::as_bytes(std::span(&value, 1)));
  }
  void add(std::span<const std::byte> bytes) {
    PENSTOCK_CHECK(bytes.size() <= left_);
    left_ -= bytes.size();
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    if (waiting_.size() >= kBlock) flush();
  }
  void flush() {
    if (!waiting_.empty()) file_.write_at(at_, waiting_);
    at_ += waiting_.size();
    waiting_.clear();
  }

 private:
  static constexpr size_t kBlock = size_t{256} << 10;
  File& file_;
  uint64_t at_, left_;
  std::vector<std::byte> waiting_;
};

}  // namespace

struct Hdf5RecordWriter::State {
  State(FileSystem& file_system, std::string where, RecordWriterOptions wanted)
      : fs(file_system), dest(std::move(where)), options(std::move(wanted)) {
    while (dest.size() > 1 && dest.back() == '/') dest.pop_back();
    partial = dest + ".partial";
  }

  bool look_at_dest() const;
  bool is_left_over() const;
  void take_partial();
  void lock_partial();
  void take_up();
  void copy_bytes(File& out, uint64_t at, uint64_t bytes) const;
  void fill(File& out, const Hdf5Layout& layout) const;
  void check_space(const Totals& totals) const;

  FileSystem& fs;
  std::string dest, partial;
  RecordWriterOptions options;
  File lock;
  std::optional<AppendFile> bytes;
  std::optional<FramedLogWriter> log;
  RecordChunk chunk;
  uint64_t chunk_bytes = 0;
  Totals safe;
  bool complete = false, broken = false;
};

bool Hdf5RecordWriter::State::look_at_dest() const {
  if (!fs.exists(dest)) return false;
  if (fs.is_folder(dest) || !is_hdf5_layout(dest)) {
    throw Error(Code::kUsage, "'" + dest + "' is there already, and Penstock did not write it")
        .hint("choose another DEST, or move it away");
  }
  if (read_hdf5_layout(dest, fs.stat(dest).bytes).head == options.head) return true;
  throw Error(Code::kUsage, "'" + dest + "' is there already, packed from another source or with other options")
      .hint("choose another DEST, or remove it");
}

// DEST.partial is there, with nothing in it but what a writer leaves; some of that may be removed already.
bool Hdf5RecordWriter::State::is_left_over() const {
  if (!fs.exists(partial) || !fs.is_folder(partial)) return false;
  const std::vector<FolderEntry> entries = fs.list(partial);
  return std::all_of(entries.begin(), entries.end(), [](const FolderEntry& entry) {
    return entry.name == kLock || entry.name == kDescription || entry.name == kBytesFile || entry.name == kLogFile ||
           entry.name == kMade || entry.name == std::string(kDescription) + ".tmp";
  });
}

void Hdf5RecordWriter::State::lock_partial() {
  const std::string path = join_path(partial, kLock);
  lock = File(fs, path, OpenMode::kOpenOrCreate);
  // The other one may have finished between open and lock: then what is locked is no longer what lies there.
  const bool locked = ::flock(lock.fd(), LOCK_EX | LOCK_NB) == 0;
  if (!locked || !fs.exists(path) || fs.stat(path).inode != lock.stat().inode) {
    throw Error(Code::kUsage, "another program is packing into '" + partial + "' right now")
        .hint("wait for it, or choose another DEST");
  }
}

void Hdf5RecordWriter::State::take_partial() {
  const std::string description = join_path(partial, kDescription);
  if (!fs.exists(partial)) {
    fs.make_folders(partial);
    fs.sync_folder(parent_of(partial));
  }
  const std::vector<FolderEntry> entries = fs.list(partial);
  const bool described =
      std::any_of(entries.begin(), entries.end(), [](const auto& entry) { return entry.name == kDescription; });
  for (const FolderEntry& entry : entries) {  // before a lock is left in somebody else's folder
    if (described || entry.name == kLock || entry.name == std::string(kDescription) + ".tmp") continue;
    throw Error(Code::kUsage, "'" + partial + "' is there already, and Penstock did not write it")
        .hint("choose another DEST, or move it away");
  }
  lock_partial();
  if (!fs.exists(description)) write_file(fs, description, options.head.to_json());
  if (!(PackHead::from_json(read_file(fs, description), description) == options.head)) {
    throw Error(Code::kUsage, "'" + partial + "' is an unfinished packing of another source or with other options")
        .hint("finish it with the options it was begun with, or remove it");
  }
}

void Hdf5RecordWriter::State::take_up() {
  log.emplace(fs, join_path(partial, kLogFile), kLogKind);
  log->flush();
  safe = each_chunk(fs, partial, [](const RecordChunk&) {});
  bytes.emplace(fs, join_path(partial, kBytesFile));
  if (bytes->size() < safe.bytes) throw damaged(partial);
  bytes->truncate(safe.bytes);
  chunk = {safe.records, 0, {}};
}

Hdf5RecordWriter::Hdf5RecordWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
Hdf5RecordWriter::~Hdf5RecordWriter() = default;

std::unique_ptr<Hdf5RecordWriter> Hdf5RecordWriter::open(const std::string& dest, RecordWriterOptions options,
                                                         FileSystem& fs) {
  // What comes back from JSON is compared with this: so this goes through JSON, too.
  options.head = PackHead::from_json(options.head.to_json(), dest);
  auto state = std::make_unique<State>(fs, dest, std::move(options));
  state->complete = state->look_at_dest();
  if (!state->complete) {
    state->take_partial();
    state->take_up();
  } else if (state->is_left_over()) {  // killed right after the renaming
    state->lock_partial();
    fs.remove_all(state->partial);
  }
  return std::unique_ptr<Hdf5RecordWriter>(new Hdf5RecordWriter(std::move(state)));
}

bool Hdf5RecordWriter::already_complete() const { return state_->complete; }
uint64_t Hdf5RecordWriter::committed() const { return state_->safe.records; }
uint64_t Hdf5RecordWriter::size() const { return state_->safe.records + state_->chunk.records.size(); }
uint64_t Hdf5RecordWriter::resume_source_position() const { return state_->safe.source_position; }

void Hdf5RecordWriter::append(const PackedRecord& record) {
  State& s = *state_;
  PENSTOCK_CHECK(!s.complete && !s.broken);
  if (record.bytes.size() > UINT32_MAX) {
    throw Error(Code::kData, "record '" + std::string(record.name) + "' has " + std::to_string(record.bytes.size()) +
                                 " bytes; one of less than 4 GiB can be packed")
        .hint("leave it out, or split it");
  }
  if (!s.chunk.records.empty() && s.chunk_bytes + record.bytes.size() > s.options.commit_bytes) commit();
  s.broken = true;  // until all of it went well
  s.bytes->append(record.bytes);
  s.chunk.records.push_back({record.id, checksum(record.bytes), static_cast<int32_t>(record.label),
                             static_cast<uint32_t>(record.bytes.size()), record.verified, std::string(record.name)});
  s.chunk.source_position = record.source_position;
  s.chunk_bytes += record.bytes.size() + record.name.size() + 64;
  s.broken = false;
}

void Hdf5RecordWriter::commit() {
  State& s = *state_;
  PENSTOCK_CHECK(!s.complete && !s.broken);
  if (s.chunk.records.empty()) return;
  s.broken = true;
  s.bytes->sync();  // before the log speaks of them
  s.log->append(bytes_of(to_bytes(s.chunk)));
  s.log->sync();
  s.safe.records += s.chunk.records.size();
  s.safe.source_position = s.chunk.source_position + 1;
  s.chunk = {s.safe.records, 0, {}};
  s.chunk_bytes = 0;
  s.broken = false;
}

void Hdf5RecordWriter::State::check_space(const Totals& totals) const {
  uint64_t there = 0;
  const uint64_t needed = totals.bytes + totals.name_bytes + totals.records * 37 + (uint64_t{1} << 20);
  if (fs.sys_free_space(partial.c_str(), &there) < 0 || there >= needed) return;
  throw Error(Code::kIo, "cannot finish '" + dest + "': " + std::to_string(needed) + " bytes are needed beside '" +
                             partial + "', " + std::to_string(there) + " are free")
      .hint("all records are safe there: free some space and run the same command again");
}

void Hdf5RecordWriter::State::copy_bytes(File& out, uint64_t at, uint64_t count) const {
  const File from(fs, join_path(partial, kBytesFile), OpenMode::kRead);
  std::vector<std::byte> block(std::min(kCopyBytes, count));
  for (uint64_t done = 0; done < count; done += block.size()) {
    block.resize(std::min<uint64_t>(block.size(), count - done));
    from.read_exactly(done, block);
    out.write_at(at + done, block);
  }
}

void Hdf5RecordWriter::State::fill(File& out, const Hdf5Layout& layout) const {
  std::vector<PartWriter> parts;
  for (size_t i = 0; i < Hdf5Layout::kParts; ++i)
    parts.emplace_back(out, layout.parts[i], kind_of(static_cast<Hdf5Layout::Part>(i)).element_bytes);
  std::vector<bool> seen(layout.records());
  uint64_t end = 0, name_end = 0;
  RecordSums sums;
  parts[Hdf5Layout::kOffsets].add(end);
  parts[Hdf5Layout::kNameOffsets].add(name_end);
  each_chunk(fs, partial, [&](const RecordChunk& each) {
    for (const RecordNote& note : each.records) {
      if (note.id >= seen.size()) {
        throw Error(Code::kData, "cannot finish '" + dest + "': an id is missing among its records");
      }
      if (seen[note.id]) {
        throw Error(Code::kData, "cannot finish '" + dest + "': id " + std::to_string(note.id) + " is in it twice");
      }
      seen[note.id] = true;
      parts[Hdf5Layout::kOffsets].add(end += note.length);
      parts[Hdf5Layout::kNameOffsets].add(name_end += note.name.size());
      parts[Hdf5Layout::kLabel].add(note.label);
      parts[Hdf5Layout::kId].add(note.id);
      parts[Hdf5Layout::kChecksum].add(note.checksum);
      parts[Hdf5Layout::kVerified].add(static_cast<uint8_t>(note.verified));
      parts[Hdf5Layout::kNames].add(bytes_of(note.name));
      sums.add(note.length, note.label, note.id, note.checksum, note.verified, note.name);
    }
  });
  parts[Hdf5Layout::kSums].add(sums.value());
  for (PartWriter& part : parts) part.flush();
  copy_bytes(out, layout.parts[Hdf5Layout::kBytes].offset, layout.parts[Hdf5Layout::kBytes].elements);
}

void Hdf5RecordWriter::finish() {
  commit();
  State& s = *state_;
  s.broken = true;  // whatever fails from here on: open a new writer
  if (s.safe.records == 0)
    throw Error(Code::kUsage, "there is nothing to pack into '" + s.dest + "'").hint("check the source");
  const std::string made = join_path(s.partial, kMade);
  if (s.fs.exists(made)) s.fs.unlink(made);
  const Totals totals = each_chunk(s.fs, s.partial, [](const RecordChunk&) {});
  s.check_space(totals);
  const Hdf5Layout layout = make_hdf5_layout(made, s.options.head, totals.records, totals.bytes, totals.name_bytes);
  File out(s.fs, made, OpenMode::kUpdate);
  s.fill(out, layout);
  out.sync();
  out.close();
  s.fs.rename(made, s.dest);
  s.fs.sync_folder(parent_of(s.dest));
  s.bytes.reset();
  s.log.reset();
  s.complete = true;
  s.fs.remove_all(s.partial);
}

}  // namespace penstock::io
