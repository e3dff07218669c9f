#include "io/data/lmdb_writer.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <sys/file.h>

#include <lmdb.h>

#include "engine/base/error.h"
#include "io/data/lmdb_file.h"
#include "io/data/lmdb_index.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {

constexpr const char* kDescription = "penstock.json";
constexpr const char* kLock = ".lock";
constexpr uint64_t kTwoMetaPages = 8192;

MDB_val value_of(std::span<const std::byte> bytes) { return {bytes.size(), const_cast<std::byte*>(bytes.data())}; }

// A function of what is stored alone, so that a resumed file is the same file: powers of two from 256 MiB, then steps of 64 GiB.
uint64_t map_bytes_for(uint64_t needed) {
  uint64_t bytes = uint64_t{256} << 20;
  while (bytes < needed) bytes += std::min(bytes, uint64_t{64} << 30);
  return bytes;
}

}  // namespace

struct LmdbWriter::Env {
  ~Env() {
    if (transaction != nullptr) mdb_txn_abort(transaction);
    if (env != nullptr) mdb_env_close(env);
  }
  File lock;
  MDB_env* env = nullptr;
  MDB_txn* transaction = nullptr;
  MDB_dbi db = 0;
};

LmdbWriter::LmdbWriter(FileSystem& fs, std::string dest, LmdbWriterOptions options)
    : fs_(fs), dest_(std::move(dest)), options_(std::move(options)) {
  while (dest_.size() > 1 && dest_.back() == '/') dest_.pop_back();
  partial_ = dest_ + ".partial";
}

LmdbWriter::~LmdbWriter() = default;

std::unique_ptr<LmdbWriter> LmdbWriter::open(const std::string& dest, LmdbWriterOptions options, FileSystem& fs) {
  // What comes back from JSON is compared with this: so this goes through JSON, too.
  options.head = PackHead::from_json(options.head.to_json(), dest);
  std::unique_ptr<LmdbWriter> writer(new LmdbWriter(fs, dest, std::move(options)));
  if (writer->look_at_dest()) {
    writer->complete_ = true;
    return writer;
  }
  writer->prepare_partial();
  writer->start_env();
  writer->find_last_commit();
  return writer;
}

bool LmdbWriter::look_at_dest() {
  if (!fs_.exists(dest_)) return false;
  const bool is_folder = fs_.is_folder(dest_);
  if (is_folder && fs_.list(dest_).empty()) return false;
  const std::string description = join_path(dest_, kDescription);
  if (!is_folder || !fs_.exists(description)) {
    throw Error(Code::kUsage, "'" + dest_ + "' is there already, and Penstock did not write it")
        .hint("choose another DEST, or move it away");
  }
  if (PackHead::from_json(read_file(fs_, description), description) == options_.head) return true;
  throw Error(Code::kUsage, "'" + dest_ + "' is there already, packed from another source or with other options")
      .hint("choose another DEST, or remove it");
}

void LmdbWriter::prepare_partial() {
  const std::string description = join_path(partial_, kDescription);
  if (!fs_.exists(partial_)) {
    fs_.make_folders(partial_);
    fs_.sync_folder(parent_of(partial_));
  }
  refuse_foreign();  // before a lock is left in somebody else's folder
  lock_partial();
  if (!fs_.exists(description)) write_file(fs_, description, options_.head.to_json());
  if (!(PackHead::from_json(read_file(fs_, description), description) == options_.head)) {
    throw Error(Code::kUsage, "'" + partial_ + "' is an unfinished packing of another source or with other options")
        .hint("finish it with the options it was begun with, or remove it");
  }
}

void LmdbWriter::refuse_foreign() {
  const std::vector<FolderEntry> entries = fs_.list(partial_);
  const auto is_description = [](const FolderEntry& entry) { return entry.name == kDescription; };
  if (std::any_of(entries.begin(), entries.end(), is_description)) return;
  for (const FolderEntry& entry : entries) {
    if (entry.name == kLock || entry.name == std::string(kDescription) + ".tmp") continue;
    throw Error(Code::kUsage, "'" + partial_ + "' is there already, and Penstock did not write it")
        .hint("choose another DEST, or move it away");
  }
}

void LmdbWriter::lock_partial() {
  const std::string path = join_path(partial_, kLock);
  env_ = std::make_unique<Env>();
  env_->lock = File(fs_, path, OpenMode::kOpenOrCreate);
  // The other one may have finished between open and lock: then what is locked is no longer what lies there.
  const bool locked = ::flock(env_->lock.fd(), LOCK_EX | LOCK_NB) == 0;
  if (!locked || !fs_.exists(path) || fs_.stat(path).inode != env_->lock.stat().inode) {
    throw Error(Code::kUsage, "another program is packing into '" + partial_ + "' right now")
        .hint("wait for it, or choose another DEST");
  }
}

uint64_t LmdbWriter::free_bytes() const {
  uint64_t bytes = UINT64_MAX;
  return fs_.sys_free_space(partial_.c_str(), &bytes) < 0 ? UINT64_MAX : bytes;
}

void LmdbWriter::check(int rc, const char* doing) {
  if (rc == MDB_SUCCESS) return;
  broken_ = true;
  Error error(Code::kIo,
              std::string("cannot ") + doing + " '" + join_path(partial_, "data.mdb") + "': " + mdb_strerror(rc));
  // LMDB says EIO where a write came out short, and that is what a full disk does to its pwritev.
  constexpr uint64_t kFull = 1 << 20;
  const bool is_full = rc == ENOSPC || rc == EDQUOT || rc == EFBIG || (rc == EIO && free_bytes() < kFull);
  if (is_full) {
    error.hint("the disk is full. " + std::to_string(committed_) + " records are safe in '" + partial_ +
               "': free some space and run the same command again");
  } else {
    error.hint(std::to_string(committed_) + " records are safe in '" + partial_ +
               "': run the same command again to go on");
  }
  throw error;
}

void LmdbWriter::start_env() {
  const std::string data = join_path(partial_, "data.mdb");
  // Killed while LMDB made the file: nothing can be in it yet.
  if (fs_.exists(data) && fs_.stat(data).bytes < kTwoMetaPages) fs_.unlink(data);
  uint64_t stored = 0;
  if (fs_.exists(data)) {
    const LmdbFile before(fs_, partial_);  // throws where it is damaged, before LMDB maps it
    stored = (before.meta().last_page + 1) * before.meta().page_bytes;
  }
  check(mdb_env_create(&env_->env), "make");
  check(mdb_env_set_mapsize(env_->env, map_bytes_for(stored)), "size");
  check(mdb_env_open(env_->env, partial_.c_str(), 0, 0666), "open");
}

void LmdbWriter::find_last_commit() {
  MDB_txn* read = nullptr;
  check(mdb_txn_begin(env_->env, nullptr, MDB_RDONLY, &read), "read");
  MDB_dbi db = 0;
  MDB_cursor* cursor = nullptr;
  MDB_val key{}, value{};
  int rc = mdb_dbi_open(read, nullptr, 0, &db);
  if (rc == MDB_SUCCESS) rc = mdb_cursor_open(read, db, &cursor);
  if (rc == MDB_SUCCESS) rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
  if (rc == MDB_SUCCESS) {
    const LmdbKey last = take_key({static_cast<const std::byte*>(key.mv_data), key.mv_size});
    const auto chunk = chunk_from({static_cast<const std::byte*>(value.mv_data), value.mv_size});
    if (last.kind == LmdbKeyKind::kChunk && chunk) {
      committed_ = last.position + 1;
      resume_source_position_ = chunk->source_position + 1;
    } else {
      rc = MDB_CORRUPTED;
    }
  }
  mdb_cursor_close(cursor);
  mdb_txn_abort(read);
  if (rc == MDB_CORRUPTED) {
    throw Error(Code::kData, "the unfinished '" + partial_ + "' is damaged").hint("remove it and pack again");
  }
  if (rc != MDB_NOTFOUND) check(rc, "read");
  chunk_ = {committed_, 0, {}};
}

uint64_t LmdbWriter::size() const { return committed_ + chunk_.records.size(); }

void LmdbWriter::begin(uint64_t first_record_bytes) {
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(env_->env, &info);
  mdb_env_stat(env_->env, &stat);
  const uint64_t stored = (info.me_last_pgno + 1) * stat.ms_psize;
  // Small records take up to twice their bytes (page and node headers, half-empty pages), chunks some more.
  const uint64_t needed = stored + 3 * std::max(options_.commit_bytes, first_record_bytes) + (uint64_t{16} << 20);
  if (const uint64_t wanted = map_bytes_for(needed); wanted > info.me_mapsize) {
    check(mdb_env_set_mapsize(env_->env, wanted), "make room in");
  }
  check(mdb_txn_begin(env_->env, nullptr, 0, &env_->transaction), "begin to write");
  check(mdb_dbi_open(env_->transaction, nullptr, 0, &env_->db), "open");
  if (committed_ == 0) put(head_key(), bytes_of(options_.head.to_json()));
}

void LmdbWriter::put(const std::string& key, std::span<const std::byte> value) {
  MDB_val k = value_of(bytes_of(key)), v = value_of(value);
  check(mdb_put(env_->transaction, env_->db, &k, &v, MDB_APPEND), "append to");
}

void LmdbWriter::append(const PackedRecord& record) {
  PENSTOCK_CHECK(!complete_ && !broken_);
  if (record.bytes.size() >= (uint64_t{1} << 32) - 4096) {
    throw Error(Code::kData, "record '" + std::string(record.name) + "' has " + std::to_string(record.bytes.size()) +
                                 " bytes; an LMDB value has less than 4 GiB");
  }
  if (!chunk_.records.empty() && chunk_bytes_ + record.bytes.size() > options_.commit_bytes) commit();
  if (env_->transaction == nullptr) begin(record.bytes.size());
  put(record_key(size()), record.bytes);
  chunk_.records.push_back({record.id, checksum(record.bytes), static_cast<int32_t>(record.label),
                            static_cast<uint32_t>(record.bytes.size()), record.verified, std::string(record.name)});
  chunk_.source_position = record.source_position;
  chunk_bytes_ += record.bytes.size() + record.name.size() + 64;
}

void LmdbWriter::commit() {
  PENSTOCK_CHECK(!complete_ && !broken_);
  if (chunk_.records.empty()) return;
  put(chunk_key(size() - 1), bytes_of(to_bytes(chunk_)));
  // LMDB frees the transaction, whether or not it could be written.
  check(mdb_txn_commit(std::exchange(env_->transaction, nullptr)), "write");
  committed_ = size();
  resume_source_position_ = chunk_.source_position + 1;
  chunk_ = {committed_, 0, {}};
  chunk_bytes_ = 0;
}

void LmdbWriter::finish() {
  commit();
  broken_ = true;  // whatever fails from here on: open a new writer
  if (committed_ == 0)
    throw Error(Code::kUsage, "there is nothing to pack into '" + dest_ + "'").hint("check the source");
  mdb_env_close(std::exchange(env_->env, nullptr));
  make_lmdb_index(LmdbFile(fs_, partial_), fs_, join_path(partial_, kLmdbIndexFile));
  if (const std::string lock = join_path(partial_, "lock.mdb"); fs_.exists(lock)) fs_.unlink(lock);
  fs_.sync_folder(partial_);
  fs_.rename(partial_, dest_);
  fs_.sync_folder(parent_of(dest_));
  // Not before it has its name: else another writer could lock a new one and write into what is finished. Left behind, it does no harm.
  fs_.sys_unlink(join_path(dest_, kLock).c_str());
  env_.reset();
  complete_ = true;
}

}  // namespace penstock::io
