#include "io/table/csv/unpacked_text.h"

#include <cstdlib>
#include <memory>
#include <vector>

#include <arrow/util/compression.h>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "io/file/file.h"

namespace penstock::io {
namespace {

constexpr size_t kPart = size_t{1} << 20;

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? real.get() : path;
}

std::string prefix_of(const std::string& path) { return "text-" + hex(checksum(real_path(path))) + "-"; }

/// Arrow's decompressor of one file.
class Unpacker {
 public:
  explicit Unpacker(const std::string& path) : path_(path) {
    const auto kind = path.ends_with(".zst") ? arrow::Compression::ZSTD : arrow::Compression::GZIP;
    codec_ = good(arrow::util::Codec::Create(kind));
    stream_ = good(codec_->MakeDecompressor());
  }

  /// Takes bytes; gives how many it took, and appends what they say to `out`.
  size_t take(std::span<const std::byte> bytes, std::span<std::byte> room, AtomicFile& out) {
    if (over_) {  // another member or frame
      check(stream_->Reset());
      over_ = false;
    }
    const auto result =
        good(stream_->Decompress(static_cast<int64_t>(bytes.size()), reinterpret_cast<const uint8_t*>(bytes.data()),
                                 static_cast<int64_t>(room.size()), reinterpret_cast<uint8_t*>(room.data())));
    out.write(room.first(static_cast<size_t>(result.bytes_written)));
    over_ = stream_->IsFinished();
    if (result.bytes_read == 0 && result.bytes_written == 0 && !over_ && !result.need_more_output && !bytes.empty())
      throw damaged("it cannot be read on");
    more_ = result.need_more_output;
    return static_cast<size_t>(result.bytes_read);
  }
  bool has_more() const { return more_ && !over_; }
  bool over() const { return over_; }
  Error damaged(const std::string& why) const {
    return Error(Code::kData, "'" + path_ + "' cannot be unpacked: " + why).hint("get the file again");
  }

 private:
  template <class T>
  T good(arrow::Result<T> result) const {
    if (!result.ok()) throw damaged(result.status().message());
    return std::move(result).ValueUnsafe();
  }
  void check(const arrow::Status& status) const {
    if (!status.ok()) throw damaged(status.message());
  }

  const std::string& path_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::util::Decompressor> stream_;
  bool over_ = false;
  bool more_ = false;
};

}  // namespace

bool is_packed_text(const std::string& path) { return path.ends_with(".gz") || path.ends_with(".zst"); }

std::string unpacked_place(FileSystem& fs, const std::string& path, const std::string& cache_folder) {
  if (cache_folder.empty())
    throw Error(Code::kUsage, "'" + path + "' is compressed, and there is no cache folder for its text")
        .hint("set XDG_CACHE_HOME or HOME, or unpack the file");
  const FileStat stat = fs.stat(path);
  Checksum version;
  version.add(stat.bytes).add(static_cast<uint64_t>(stat.mtime_ns));
  return join_path(cache_folder, prefix_of(path) + hex(version.value()) + ".csv");
}

uint64_t unpack_text(FileSystem& fs, const std::string& path, const std::string& place,
                     const std::function<void(uint64_t)>& told) {
  const std::string folder = parent_of(place);
  if (!fs.exists(folder)) fs.make_folders(folder);
  for (const FolderEntry& entry : fs.list(folder))
    if (entry.name.starts_with(prefix_of(path))) fs.unlink(join_path(folder, entry.name));
  const File file(fs, path, OpenMode::kRead);
  AtomicFile out(fs, place);
  Unpacker unpacker(path);
  std::vector<std::byte> bytes(kPart), room(4 * kPart);
  for (uint64_t at = 0;;) {
    const size_t read = file.read_at(at, bytes);
    if (read == 0) break;
    at += read;
    for (std::span<const std::byte> rest(bytes.data(), read); !rest.empty() || unpacker.has_more();)
      rest = rest.subspan(unpacker.take(rest, room, out));
    if (told) told(at);
  }
  if (!unpacker.over()) throw unpacker.damaged("it is cut short");
  const uint64_t size = out.size();
  out.commit();
  return size;
}

}  // namespace penstock::io
