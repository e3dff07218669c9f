#include "pipelines/pack/buckets.h"

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"

namespace penstock {
namespace {

constexpr uint64_t kMostBuckets = 512;  // files open at once
constexpr uint64_t kShares =
    4;  // of the memory: a file as it lies beside its records, while the next is read and one is written
constexpr std::string_view kBucket = "bucket-";
constexpr std::string_view kMark = "mark.json";
constexpr uint64_t kLeastBuffer = uint64_t{64} << 10;

struct FrameHead {
  uint64_t place = 0, id = 0;
  int64_t label = -1;
  uint64_t bytes = 0;
  uint64_t name_bytes = 0;
  uint64_t sum = 0;  ///< XXH3 of name and bytes
};

void append(std::vector<std::byte>& to, std::span<const std::byte> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

bool is_of_a_shuffle(io::FileSystem& fs, const std::string& folder) {
  if (!fs.is_folder(folder)) return false;
  const std::vector<io::FolderEntry> entries = fs.list(folder);
  return std::all_of(entries.begin(), entries.end(), [](const io::FolderEntry& entry) {
    return entry.kind == io::FileKind::kFile &&
           (entry.name.starts_with(kBucket) || entry.name == kMark || entry.name == std::string(kMark) + ".tmp");
  });
}

}  // namespace

uint64_t ShuffleBuckets::least_memory(uint64_t bytes) { return bytes / kMostBuckets * kShares; }

void ShuffleBuckets::require(io::FileSystem& fs, const Plan& plan) {
  if (plan.memory_bytes < least_memory(plan.bytes))
    throw Error(Code::kUsage, "a shuffle of " + bytes_text(plan.bytes) + " takes at least " +
                                  bytes_text(least_memory(plan.bytes)) + " of memory, and may have " +
                                  bytes_text(plan.memory_bytes))
        .hint("raise --memory, or leave it out");
  if (fs.exists(plan.folder) && !is_of_a_shuffle(fs, plan.folder))
    throw Error(Code::kUsage,
                "'" + plan.folder + "' is there, with what no shuffle made in it; it would be used while packing")
        .hint("move it away, or choose another DEST");
}

void ShuffleBuckets::remove_left_over(io::FileSystem& fs, const std::string& folder) {
  if (fs.exists(folder) && is_of_a_shuffle(fs, folder)) fs.remove_all(folder);
}

ShuffleBuckets::ShuffleBuckets(io::FileSystem& fs, Plan plan) : fs_(fs), plan_(std::move(plan)) {
  require(fs_, plan_);
  const uint64_t share = std::max<uint64_t>(1, plan_.memory_bytes / kShares);
  count_ =
      std::clamp<uint64_t>(plan_.bytes / share + 1, 1, std::min(kMostBuckets, std::max<uint64_t>(1, plan_.places)));
  buffer_bytes_ = std::max(kLeastBuffer, plan_.memory_bytes / 2 / count_);
  sizes_.assign(count_, 0);
  buffers_.resize(count_);
  files_.resize(count_);
  resume();
}

std::string ShuffleBuckets::path_of(uint64_t bucket) const {
  return io::join_path(plan_.folder, std::string(kBucket) + std::to_string(bucket));
}

uint64_t ShuffleBuckets::first_place(uint64_t bucket) const {
  return plan_.places / count_ * bucket + std::min(bucket, plan_.places % count_);  // the first ones have one more
}

void ShuffleBuckets::resume() {
  nlohmann::json mark;
  if (fs_.exists(mark_path())) mark = nlohmann::json::parse(io::read_file(fs_, mark_path()), nullptr, false);
  if (!mark.is_object() || mark.value("identity", "") != plan_.identity ||
      mark.value("buckets", uint64_t{0}) != count_) {
    fs_.remove_all(plan_.folder);
    fs_.make_folders(plan_.folder);
    return;
  }
  marked_ = mark.value("source_position", uint64_t{0});
  complete_ = mark.value("complete", false);
  sizes_ = mark["sizes"].get<std::vector<uint64_t>>();
}

void ShuffleBuckets::add(const ShuffledRecord& record, std::span<const std::byte> bytes) {
  const uint64_t few = plan_.places / count_, longer = plan_.places % count_;
  const uint64_t edge = longer * (few + 1);
  const uint64_t b = record.place < edge ? record.place / (few + 1) : longer + (record.place - edge) / few;
  const FrameHead head{record.place, record.id,          record.label,
                       bytes.size(), record.name.size(), io::Checksum().add(record.name).add(bytes).value()};
  std::vector<std::byte>& buffer = buffers_[b];
  append(buffer, std::as_bytes(std::span(&head, 1)));
  append(buffer, io::bytes_of(record.name));
  append(buffer, bytes);
  unmarked_ += sizeof head + record.name.size() + bytes.size();
  if (buffer.size() < buffer_bytes_) return;
  if (!files_[b]) {
    files_[b] = std::make_unique<io::File>(fs_, path_of(b), io::OpenMode::kOpenOrCreate);
    files_[b]->truncate(sizes_[b]);
  }
  files_[b]->write_at(sizes_[b], buffer);
  sizes_[b] += buffer.size();
  buffer.clear();
}

void ShuffleBuckets::mark(uint64_t source_position, bool complete) {
  for (uint64_t b = 0; b < count_; ++b) {
    if (buffers_[b].empty() && !files_[b]) continue;
    if (!files_[b]) {
      files_[b] = std::make_unique<io::File>(fs_, path_of(b), io::OpenMode::kOpenOrCreate);
      files_[b]->truncate(sizes_[b]);
    }
    if (!buffers_[b].empty()) files_[b]->write_at(sizes_[b], buffers_[b]);
    sizes_[b] += buffers_[b].size();
    buffers_[b].clear();
    files_[b]->sync();
  }
  fs_.sync_folder(plan_.folder);
  io::write_file(fs_, mark_path(),
                 nlohmann::ordered_json{{"identity", plan_.identity},
                                        {"buckets", count_},
                                        {"source_position", source_position},
                                        {"complete", complete},
                                        {"sizes", sizes_}}
                     .dump());
  marked_ = source_position;
  complete_ = complete;
  unmarked_ = 0;
  if (complete) {
    for (auto& file : files_) file.reset();
    buffers_.assign(count_, {});
  }
}

std::vector<ShuffledRecord> ShuffleBuckets::take(uint64_t bucket) const {
  std::vector<ShuffledRecord> out;
  if (sizes_[bucket] == 0) return out;
  const io::File file(fs_, path_of(bucket), io::OpenMode::kRead);
  const auto damaged = [&] {
    return Error(Code::kData, "'" + file.path() + "' of the shuffle is damaged")
        .hint("remove '" + plan_.folder + "' and pack again");
  };
  if (file.size() < sizes_[bucket]) throw damaged();
  std::vector<std::byte> part(uint64_t{4} << 20);
  uint64_t at = 0, have = 0, read = 0;  // [at, have) of part is not yet taken
  const auto need = [&](uint64_t bytes) {
    if (have - at >= bytes) return;
    std::memmove(part.data(), part.data() + at, have - at);
    have -= at;
    at = 0;
    if (part.size() < bytes) part.resize(bytes);
    const uint64_t more = std::min<uint64_t>(part.size() - have, sizes_[bucket] - read);
    file.read_exactly(read, std::span(part).subspan(have, more));
    read += more;
    have += more;
    if (have < bytes) throw damaged();
  };
  while (at < have || read < sizes_[bucket]) {
    FrameHead head;
    need(sizeof head);
    std::memcpy(&head, part.data() + at, sizeof head);
    at += sizeof head;
    if (head.bytes > sizes_[bucket] || head.name_bytes > sizes_[bucket]) throw damaged();
    need(head.name_bytes + head.bytes);
    ShuffledRecord record{.place = head.place, .id = head.id, .label = head.label, .name = {}, .bytes = {}};
    record.name.assign(reinterpret_cast<const char*>(part.data() + at), head.name_bytes);
    at += head.name_bytes;
    record.bytes.assign(part.begin() + static_cast<ptrdiff_t>(at),
                        part.begin() + static_cast<ptrdiff_t>(at + head.bytes));
    at += head.bytes;
    if (io::Checksum().add(record.name).add(record.bytes).value() != head.sum) throw damaged();
    out.push_back(std::move(record));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.place < b.place; });
  return out;
}

void ShuffleBuckets::remove() {
  for (auto& file : files_) file.reset();
  fs_.remove_all(plan_.folder);
}

}  // namespace penstock
