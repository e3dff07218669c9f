#include "io/data/lmdb_dataset.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include "engine/base/error.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {
constexpr unsigned kDepth = 32;  // an SSD's queue; for a hard disk the requests are sorted by offset
}

LmdbDataset::LmdbDataset(FileSystem& fs, std::string folder, LmdbFile lmdb, ReadBackend backend)
    : fs_(fs), folder_(std::move(folder)), lmdb_(std::move(lmdb)), engines_(fs, kDepth, backend) {}

std::unique_ptr<LmdbDataset> LmdbDataset::open(FileSystem& fs, const std::string& folder, LmdbDatasetOptions options) {
  std::unique_ptr<LmdbDataset> data(new LmdbDataset(fs, folder, LmdbFile(fs, folder), options.backend));
  data->take_index(fs, options.cache_folder);
  if (!(data->schema() == picture_schema())) {
    throw Error(Code::kData, "'" + folder + "' holds records of other fields than encoded bytes and a label")
        .hint("its description is damaged, or of another version: pack the source again");
  }
  if (data->size() == 0) {
    throw Error(Code::kUsage, "'" + folder + "' holds no records").hint("pack a source into it first");
  }
  data->classes_ = data->index_.head().classes;
  if (!options.classes.empty() && !data->classes_.empty()) {
    data->label_of_ = match_classes(data->classes_, options.classes, folder);
    data->classes_ = std::move(options.classes);
  }
  for (const LmdbIndexRow& row : data->index_.rows()) {
    data->bytes_ += row.length;
    data->max_bytes_ = std::max<uint64_t>(data->max_bytes_, row.length);
    if (row.label >= static_cast<int64_t>(data->index_.head().classes.size()) && !data->index_.head().classes.empty()) {
      throw Error(Code::kData, "'" + folder + "' has a label " + std::to_string(row.label) + " but only " +
                                   std::to_string(data->index_.head().classes.size()) + " classes")
          .hint("pack the source again");
    }
  }
  if (data->index_.head().classes.size() == 1) {
    data->notes_.push_back("there is one class only, '" + data->index_.head().classes[0] + "': nothing to tell apart");
  }
  return data;
}

void LmdbDataset::take_index(FileSystem& fs, const std::string& cache_folder) {
  const std::string beside = join_path(folder_, LmdbIndex::kFileName);
  std::string cached;
  if (!cache_folder.empty()) {
    std::error_code ignored;
    cached = join_path(cache_folder,
                       hex(checksum(std::filesystem::weakly_canonical(folder_, ignored).string())) + ".lmdb-index");
  }
  if (fs.exists(beside)) {
    if (auto index = LmdbIndex::open(fs, beside, lmdb_)) {
      index_ = std::move(*index);
      return;
    }
    throw Error(Code::kData, "'" + beside + "' belongs to another state of data.mdb")
        .hint("data.mdb was changed or replaced since; if that was meant, remove the index: it is made again");
  }
  if (!cached.empty() && fs.exists(cached)) {
    try {
      if (auto index = LmdbIndex::open(fs, cached, lmdb_)) {
        index_ = std::move(*index);
        return;
      }
    } catch (const Error&) {  // a cache that cannot be read is made anew
    }
  }
  // Walked once; kept in the cache, or in the folder itself where there is none.
  if (!cached.empty()) fs.make_folders(cache_folder);
  const std::string place = cached.empty() ? beside : cached;
  LmdbIndex::build(lmdb_, fs, place);
  auto index = LmdbIndex::open(fs, place, lmdb_);
  if (!index) throw Error(Code::kInternal, "the index '" + place + "' does not belong to what it was made from");
  index_ = std::move(*index);
  if (!index_.is_ours()) notes_.push_back("Penstock did not write this LMDB: it has no labels and no checksums");
}

int64_t LmdbDataset::label(uint64_t id) const {
  const int64_t stored = index_.rows()[id].label;
  return stored < 0 || label_of_.empty() ? stored : label_of_[static_cast<size_t>(stored)];
}

Location LmdbDataset::locate(uint64_t id) const {
  const LmdbIndexRow& row = index_.rows()[id];
  return {lmdb_.file().path(), row.offset(), row.length};
}

std::optional<uint64_t> LmdbDataset::stored_checksum(uint64_t id) const {
  const LmdbIndexRow& row = index_.rows()[id];
  return row.has(LmdbIndexRow::kHasChecksum) ? std::optional(row.checksum) : std::nullopt;
}

void LmdbDataset::extents(std::span<const uint64_t> ids, std::span<Extent> out) const {
  for (size_t i = 0; i < ids.size(); ++i) {
    const LmdbIndexRow& row = index_.rows()[ids[i]];
    out[i] = {0, row.offset(), row.length};
  }
}

std::string LmdbDataset::fault_of(uint64_t id, std::span<const std::byte> bytes) const {
  const std::optional<uint64_t> stored = stored_checksum(id);
  if (!stored || checksum(bytes) == *stored) return {};
  return "its bytes have not the checksum they were packed with";
}

uint64_t LmdbDataset::state() const {
  const FileStat stat = lmdb_.file().stat();
  return Checksum()
      .add(fingerprint())
      .add(stat.bytes)
      .add(static_cast<uint64_t>(stat.mtime_ns))
      .add(lmdb_.meta().transaction)
      .value();
}

void LmdbDataset::read(std::span<const uint64_t> ids, Intake& out) const {
  std::vector<ReadRequest> requests;
  std::vector<std::pair<uint64_t, size_t>> order;  // offset, row
  requests.reserve(ids.size());
  order.reserve(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (std::byte* dest = out.row(kLabelField, i)) {
      const int64_t value = label(ids[i]);
      std::memcpy(dest, &value, sizeof value);
    }
    order.emplace_back(index_.rows()[ids[i]].offset(), i);
  }
  std::sort(order.begin(), order.end());
  size_t kept = 0;
  for (const auto& [offset, i] : order) {
    const uint64_t length = index_.rows()[ids[i]].length;
    std::byte* dest = out.rows(kBytesField, i, length);
    if (dest == nullptr) continue;
    requests.push_back({lmdb_.file().fd(), offset, length, dest});
    order[kept++] = {offset, i};
  }
  engines_.read(requests);
  for (size_t k = 0; k < kept; ++k) {
    const ReadRequest& request = requests[k];
    const size_t i = order[k].second;
    const LmdbIndexRow& row = index_.rows()[ids[i]];
    if (request.result < 0) Fault::raise("read", lmdb_.file().path(), static_cast<int>(-request.result));
    if (static_cast<uint64_t>(request.result) != request.bytes) {
      out.reject(i, "the record lies behind the end of data.mdb, which was cut short");
    } else if (row.has(LmdbIndexRow::kHasChecksum)) {
      const uint64_t found = checksum(std::span<const std::byte>(request.dest, request.bytes));
      if (found != row.checksum)
        out.reject(i, "checksum " + hex(found) + " instead of " + hex(row.checksum) + ": the bytes are damaged");
    }
  }
}

}  // namespace penstock::io
