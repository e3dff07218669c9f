#include "io/data/lmdb_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

constexpr uint64_t kSystemPage = 4096;  // the kernel maps whole pages: a file may end inside its last one
constexpr size_t kPageHeader = 16;
constexpr size_t kNodeHeader = 8;
constexpr uint16_t kBranchPage = 0x01, kLeafPage = 0x02, kMetaPage = 0x08;
constexpr uint16_t kBigData = 0x01, kSubData = 0x02, kDupData = 0x04;
constexpr uint32_t kMagic = 0xBEEFC0DE;
constexpr uint32_t kDataVersion = 1;
constexpr uint32_t kDeepestTree = 32;  // CURSOR_STACK of mdb.c

// MDB_db and MDB_meta of mdb.c.
struct RawDb {
  uint32_t pad;
  uint16_t flags, depth;
  uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
};
struct RawMeta {
  uint32_t magic, version;
  uint64_t address, map_bytes;
  RawDb free_db, main_db;
  uint64_t last_page, transaction;
};
static_assert(sizeof(RawDb) == 48 && sizeof(RawMeta) == 136);

template <class T>
T get(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

LmdbFile::LmdbFile(FileSystem& fs, const std::string& folder)
    : file_(fs, join_path(folder, "data.mdb"), OpenMode::kRead), bytes_(file_.size()) {
  bool found = false;
  uint64_t at = 0;
  for (int i = 0; i < 2; ++i) {
    std::array<std::byte, kPageHeader + sizeof(RawMeta)> page{};
    if (file_.read_at(at, page) < page.size()) break;
    const uint16_t flags = get<uint16_t>(page.data() + 10);
    const auto raw = get<RawMeta>(page.data() + kPageHeader);
    const uint64_t page_bytes = raw.free_db.pad;
    const bool whole = (flags & kMetaPage) != 0 && raw.magic == kMagic && raw.version == kDataVersion &&
                       page_bytes >= 256 && page_bytes <= 65536 && (page_bytes & (page_bytes - 1)) == 0;
    if (whole && (!found || raw.transaction > meta_.transaction)) {
      meta_ = {page_bytes, raw.last_page, raw.transaction, raw.main_db.entries, raw.main_db.root, raw.main_db.depth};
      if ((raw.main_db.flags & 0x04) != 0) damaged("it keeps several values a key (DUPSORT), which is no data set");
      found = true;
    }
    // Where the first one is damaged, the usual page size finds the second.
    at = whole ? page_bytes : kSystemPage;
  }
  if (!found) damaged("it is no LMDB (its first pages are not what LMDB writes)");
  const uint64_t mapped = (bytes_ + kSystemPage - 1) / kSystemPage * kSystemPage;
  if (meta_.last_page >= (uint64_t{1} << 48) / meta_.page_bytes || (meta_.last_page + 1) * meta_.page_bytes > mapped) {
    damaged("it is cut short: it has " + std::to_string(bytes_) + " bytes, its last page ends at " +
            std::to_string((meta_.last_page + 1) * meta_.page_bytes));
  }
}

void LmdbFile::damaged(const std::string& what) const {
  throw Error(Code::kData, "cannot use '" + file_.path() + "': " + what)
      .hint("copy it again, or pack the source again");
}

struct LmdbFile::Visitor {
  const LmdbFile& lmdb;
  const std::function<void(const LmdbEntry&)>& visit;
  uint64_t pages_seen = 0;
  uint64_t entries = 0;

  void page(uint64_t number, uint32_t level) {
    const LmdbMeta& meta = lmdb.meta_;
    // More pages than the file has: a circle.
    if (number > meta.last_page || number < 2 || level >= std::min(meta.depth, kDeepestTree) ||
        ++pages_seen > meta.last_page) {
      lmdb.damaged("its tree points to page " + std::to_string(number) + ", which cannot be");
    }
    std::vector<std::byte> bytes(meta.page_bytes);
    lmdb.file_.read_exactly(number * meta.page_bytes, bytes);
    const uint16_t flags = get<uint16_t>(bytes.data() + 10);
    const size_t lower = get<uint16_t>(bytes.data() + 12);
    if (get<uint64_t>(bytes.data()) != number || lower < kPageHeader || lower > bytes.size()) {
      lmdb.damaged("page " + std::to_string(number) + " is damaged");
    }
    const bool leaf = level + 1 == meta.depth;
    if ((flags & (kBranchPage | kLeafPage)) != (leaf ? kLeafPage : kBranchPage)) {
      lmdb.damaged("page " + std::to_string(number) + " is of the wrong kind");
    }
    for (size_t slot = kPageHeader; slot + 1 < lower; slot += 2) {
      const size_t at = get<uint16_t>(bytes.data() + slot);
      if (at + kNodeHeader > bytes.size()) lmdb.damaged("page " + std::to_string(number) + " is damaged");
      if (leaf) {
        leaf_node(bytes, number, at);
      } else {
        const std::byte* node = bytes.data() + at;
        page(get<uint16_t>(node) | uint64_t{get<uint16_t>(node + 2)} << 16 | uint64_t{get<uint16_t>(node + 4)} << 32,
             level + 1);
      }
    }
  }

  void leaf_node(const std::vector<std::byte>& bytes, uint64_t number, size_t at) {
    const std::byte* node = bytes.data() + at;
    const uint64_t length = get<uint16_t>(node) | uint64_t{get<uint16_t>(node + 2)} << 16;
    const uint16_t flags = get<uint16_t>(node + 4);
    const size_t key_bytes = get<uint16_t>(node + 6);
    const size_t data = at + kNodeHeader + key_bytes;
    if ((flags & (kSubData | kDupData)) != 0) lmdb.damaged("it holds named databases, which are not read");
    const bool big = (flags & kBigData) != 0;
    if (data + (big ? 8 : length) > bytes.size()) lmdb.damaged("page " + std::to_string(number) + " is damaged");
    uint64_t offset = number * lmdb.meta_.page_bytes + data;
    if (big) {
      const uint64_t page = get<uint64_t>(bytes.data() + data);
      offset = page * lmdb.meta_.page_bytes + kPageHeader;
      if (page > lmdb.meta_.last_page || offset + length > (lmdb.meta_.last_page + 1) * lmdb.meta_.page_bytes ||
          offset + length > lmdb.bytes_) {
        lmdb.damaged("a value of page " + std::to_string(number) + " lies behind the end of the file");
      }
    }
    ++entries;
    visit({{bytes.data() + at + kNodeHeader, key_bytes}, offset, length});
  }
};

void LmdbFile::walk(const std::function<void(const LmdbEntry&)>& visit) const {
  if (meta_.root == ~0ull) return;
  Visitor visitor{*this, visit};
  visitor.page(meta_.root, 0);
  if (visitor.entries != meta_.entries) {
    damaged("it says to have " + std::to_string(meta_.entries) + " entries and has " + std::to_string(visitor.entries));
  }
}

}  // namespace penstock::io
