#include "stages/learn/checkpoint_store.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "io/file/file.h"

namespace penstock::learn {
namespace {

constexpr char kMagic[8] = {'P', 'E', 'N', 'S', 'T', 'C', 'K', 'P'};
constexpr uint32_t kVersion = 1;
constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kSuffix = ".ckpt";
constexpr std::string_view kUnfinished = ".ckpt.tmp";

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t reserved;
  uint64_t step;
  uint64_t metadata_bytes;
  uint64_t state_bytes;
};
static_assert(sizeof(Header) == 40);

std::optional<uint64_t> step_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  uint64_t step = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  if (digits.empty() || result.ec != std::errc() || result.ptr != digits.data() + digits.size()) return std::nullopt;
  return step;
}

}  // namespace

Checkpoint read_checkpoint(io::FileSystem& fs, const std::string& path) {
  const auto damaged = [&path](const std::string& what) {
    return Error(Code::kData, "checkpoint '" + path + "' is damaged: " + what);
  };
  const io::File file(fs, path, io::OpenMode::kRead);
  const uint64_t size = file.size();
  Header header{};
  if (size < sizeof header + sizeof(uint64_t)) throw damaged("it has only " + std::to_string(size) + " bytes");
  file.read_exactly(0, std::as_writable_bytes(std::span(&header, 1)));
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) throw damaged("it does not begin like a checkpoint");
  if (header.version != kVersion) {
    throw Error(Code::kData, "checkpoint '" + path + "' has format " + std::to_string(header.version) +
                                 ", this program reads " + std::to_string(kVersion));
  }
  const uint64_t body = size - sizeof header - sizeof(uint64_t);
  if (header.metadata_bytes > body || header.state_bytes != body - header.metadata_bytes) {
    throw damaged("its " + std::to_string(size) + " bytes are not those that its header promises");
  }
  Checkpoint out{.step = header.step, .metadata = std::string(header.metadata_bytes, '\0'), .state = {}, .path = path};
  out.state.resize(header.state_bytes);
  uint64_t stored = 0;
  file.read_exactly(sizeof header, std::as_writable_bytes(std::span(out.metadata)));
  file.read_exactly(sizeof header + header.metadata_bytes, out.state);
  file.read_exactly(size - sizeof stored, std::as_writable_bytes(std::span(&stored, 1)));
  const uint64_t counted =
      io::Checksum().add(std::as_bytes(std::span(&header, 1))).add(out.metadata).add(out.state).value();
  if (counted != stored)
    throw damaged("its checksum is " + io::hex(counted) + ", it was written with " + io::hex(stored));
  return out;
}

CheckpointStore::CheckpointStore(io::FileSystem& fs, std::string folder, size_t keep,
                                 std::function<void(const std::string&)> warn)
    : fs_(fs), folder_(std::move(folder)), keep_(keep), warn_(std::move(warn)) {
  if (keep == 0) throw Error(Code::kUsage, "checkpoint.keep must be at least 1");
}

std::string CheckpointStore::path_of(uint64_t step) const {
  return io::join_path(folder_, std::string(kPrefix) + std::to_string(step) + std::string(kSuffix));
}

std::string CheckpointStore::best_path() const { return io::join_path(folder_, "best.ckpt"); }

void CheckpointStore::write(const std::string& path, uint64_t step, std::string_view metadata,
                            std::span<const std::byte> state) {
  Header header{.magic = {},
                .version = kVersion,
                .reserved = 0,
                .step = step,
                .metadata_bytes = metadata.size(),
                .state_bytes = state.size()};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  const auto head = std::as_bytes(std::span(&header, 1));
  const uint64_t sum = io::Checksum().add(head).add(metadata).add(state).value();
  try {
    fs_.make_folders(folder_);
    io::AtomicFile file(fs_, path);
    file.write(head);
    file.write(metadata);
    file.write(state);
    file.write(std::as_bytes(std::span(&sum, 1)));
    file.commit();
  } catch (Error& error) {
    throw error.add("writing the checkpoint of step " + std::to_string(step) + "; the ones before it are as they were");
  }
}

void CheckpointStore::save(uint64_t step, std::string_view metadata, std::span<const std::byte> state) {
  write(path_of(step), step, metadata, state);
  tidy(step);
}

void CheckpointStore::save_best(uint64_t step, std::string_view metadata, std::span<const std::byte> state) {
  write(best_path(), step, metadata, state);
}

void CheckpointStore::tidy(uint64_t newest) {
  const auto remove = [this](const std::string& path) {
    try {
      fs_.unlink(path);
    } catch (const Error& error) {
      if (warn_) warn_(std::string("an old checkpoint stays behind: ") + error.what());
    }
  };
  for (const io::FolderEntry& entry : fs_.list(folder_)) {
    if (entry.kind == io::FileKind::kFile && entry.name.ends_with(kUnfinished))
      remove(io::join_path(folder_, entry.name));
  }
  std::vector<uint64_t> past = steps();
  std::erase_if(past, [newest](uint64_t step) { return step > newest; });
  for (size_t i = 0; i + keep_ < past.size(); ++i) remove(path_of(past[i]));
}

std::vector<uint64_t> CheckpointStore::steps() const {
  std::vector<uint64_t> out;
  if (!fs_.is_folder(folder_)) return out;
  for (const io::FolderEntry& entry : fs_.list(folder_)) {
    if (const auto step = step_of(entry.name)) out.push_back(*step);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<Checkpoint> CheckpointStore::load_newest() const {
  const std::vector<uint64_t> all = steps();
  for (size_t i = all.size(); i-- > 0;) {
    try {
      return read_checkpoint(fs_, path_of(all[i]));
    } catch (const Error& error) {
      if (error.code() != Code::kData && error.code() != Code::kIo) throw;
      if (warn_) warn_(std::string(error.what()) + (i > 0 ? "; going back to the one before" : ""));
    }
  }
  if (all.empty()) return std::nullopt;
  throw Error(Code::kData, "none of the " + std::to_string(all.size()) + " checkpoints in '" + folder_ + "' is whole")
      .hint("start again with another RUN, or bring the folder back from a copy");
}

std::optional<Checkpoint> CheckpointStore::load_best() const {
  if (!fs_.exists(best_path())) return std::nullopt;
  return read_checkpoint(fs_, best_path());
}

}  // namespace penstock::learn
