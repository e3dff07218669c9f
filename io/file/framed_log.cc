#include "io/file/framed_log.h"

#include <algorithm>
#include <cstring>

#include "engine/base/error.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {

struct Frame {
  uint32_t length;
  uint32_t inverse;  // so that a run of zeros after a crash is not an empty frame
  uint64_t sum;
};
static_assert(sizeof(FramedLogHeader) == 16 && sizeof(Frame) == 16);

}  // namespace

FramedLogReader::FramedLogReader(FileSystem& fs, const std::string& path, uint32_t kind)
    : file_(fs, path, OpenMode::kRead), size_(file_.size()) {
  if (size_ < sizeof(FramedLogHeader)) return;
  FramedLogHeader found;
  file_.read_exactly(0, std::as_writable_bytes(std::span(&found, 1)));
  const FramedLogHeader wanted{.kind = kind};
  if (found.magic[0] == '\0' && std::memcmp(&found, &found.magic[1], sizeof found - 1) == 0) return;  // all zeros
  if (std::memcmp(&found, &wanted, sizeof found) != 0) {
    throw Error(Code::kData, "'" + path + "' is not the log that was expected here")
        .hint("move it away, or choose another folder");
  }
  offset_ = sizeof(FramedLogHeader);
}

std::optional<std::span<const std::byte>> FramedLogReader::next() {
  Frame frame;
  if (offset_ == 0 || size_ - offset_ < sizeof frame) return std::nullopt;
  file_.read_exactly(offset_, std::as_writable_bytes(std::span(&frame, 1)));
  if (frame.inverse != ~frame.length || size_ - offset_ - sizeof frame < frame.length) return std::nullopt;
  payload_.resize(frame.length);
  file_.read_exactly(offset_ + sizeof frame, payload_);
  if (checksum(payload_) != frame.sum) return std::nullopt;
  offset_ += sizeof frame + frame.length;
  return payload_;
}

FramedLogWriter::FramedLogWriter(FileSystem& fs, const std::string& path, uint32_t kind) : file_(fs, path) {
  FramedLogReader reader(fs, path, kind);
  while (reader.next()) {}
  dropped_bytes_ = reader.torn_bytes();
  file_.truncate(reader.offset());
  if (reader.offset() == 0) {
    const FramedLogHeader header{.kind = kind};
    file_.append(std::as_bytes(std::span(&header, 1)));
  }
}

uint64_t FramedLogWriter::append(std::span<const std::byte> payload) {
  PENSTOCK_CHECK(payload.size() < (uint64_t{1} << 32));
  const uint32_t length = static_cast<uint32_t>(payload.size());
  const Frame frame{length, ~length, checksum(payload)};
  file_.append(std::as_bytes(std::span(&frame, 1)));
  file_.append(payload);
  return file_.size();
}

void FramedLogWriter::cut_back(uint64_t offset) {
  PENSTOCK_CHECK(offset >= sizeof(FramedLogHeader));
  file_.truncate(offset);
}

}  // namespace penstock::io
