#include "pipelines/pack/worked_chunks.h"

#include <cstring>
#include <optional>
#include <utility>

#include "engine/base/error.h"

namespace penstock {
namespace {

// Of one process among several: the root holds as many of them as there are processes.
constexpr uint64_t kSharedChunkBytes = uint64_t{16} << 20;

ReadAhead::Limits limits_of(const Together& together) {
  ReadAhead::Limits limits;
  limits.share = together.rank();
  limits.shares = together.size();
  if (together.size() > 1) limits.chunk_bytes = kSharedChunkBytes;
  return limits;
}

struct MessageHead {
  uint64_t id = 0;
  int64_t label = -1;
  uint64_t source_bytes = 0;
  uint64_t is_kept = 0;
  uint64_t fault_bytes = 0;
  uint64_t bytes = 0;
};

// For a message between the processes of one job, which are the same program; not for files.
std::string message_of(const std::vector<WorkedRecord>& records) {
  size_t length = 0;
  for (const WorkedRecord& r : records) length += sizeof(MessageHead) + r.fault.size() + r.bytes.size();
  std::string out;
  out.reserve(length);
  for (const WorkedRecord& r : records) {
    const MessageHead head{r.id, r.label, r.source_bytes, r.is_kept, r.fault.size(), r.bytes.size()};
    out.append(reinterpret_cast<const char*>(&head), sizeof head);
    out.append(r.fault);
    out.append(reinterpret_cast<const char*>(r.bytes.data()), r.bytes.size());
  }
  return out;
}

void add_message(std::vector<WorkedRecord>& records, const std::string& message) {
  const char* at = message.data();
  const char* const end = at + message.size();
  while (at < end) {
    MessageHead head;
    PENSTOCK_CHECK(static_cast<size_t>(end - at) >= sizeof head);
    std::memcpy(&head, at, sizeof head);
    at += sizeof head;
    PENSTOCK_CHECK(static_cast<size_t>(end - at) >= head.fault_bytes + head.bytes);
    records.push_back({.id = head.id,
                       .label = head.label,
                       .source_bytes = head.source_bytes,
                       .is_kept = head.is_kept != 0,
                       .fault = std::string(at, head.fault_bytes),
                       .bytes = {reinterpret_cast<const std::byte*>(at + head.fault_bytes), head.bytes}});
    at += head.fault_bytes + head.bytes;
  }
}

}  // namespace

WorkedChunks::WorkedChunks(const io::Dataset& source, const WorkOptions& options, Cores& cores, Together& together)
    : source_(source),
      options_(options),
      cores_(cores),
      together_(together),
      reader_(
          source, source.size() - options.from, [from = options.from](uint64_t place) { return from + place; },
          limits_of(together)),
      expected_(options.from) {
  start();
}

WorkedChunks::~WorkedChunks() {
  if (coming_.valid()) coming_.wait();
}

void WorkedChunks::start() {
  coming_ = std::async(std::launch::async, [this] { return work_on_next(); });
}

// The next chunk of this process with every picture of it decoded.
WorkedChunk WorkedChunks::work_on_next() {
  WorkedChunk chunk;
  chunk.raw = reader_.next();
  chunk.records.resize(chunk.raw.records.size());
  chunk.pictures.resize(chunk.records.size());
  parallel_for(cores_, chunk.records.size(), 1, [&](size_t begin, size_t end) {
    Repacker repacker(options_.encoding);
    for (size_t i = begin; i < end; ++i) {
      const RawRecord& raw = chunk.raw.records[i];
      RepackedPicture& picture = chunk.pictures[i];
      if (!raw.fault.empty())
        picture.fault = raw.fault;
      else if (options_.checked)
        picture = repacker.repack(raw.bytes, source_.verified(raw.id));
      chunk.records[i] = {.id = raw.id,
                          .label = raw.label,
                          .source_bytes = raw.bytes.size(),
                          .is_kept = picture.is_kept,
                          .fault = picture.fault,
                          .bytes = {}};
      if (picture.fault.empty())
        chunk.records[i].bytes = picture.encoded.empty() ? raw.bytes : std::span<const std::byte>(picture.encoded);
    }
  });
  return chunk;
}

void WorkedChunks::require_next(uint64_t id) {
  if (id == expected_) return;
  throw Error(Code::kUsage, "record " + std::to_string(id) + " came in place of " + std::to_string(expected_) +
                                ": the processes have different data sets")
      .hint("give all processes the same SOURCE");
}

std::optional<WorkedChunk> WorkedChunks::next() {
  WorkedChunk chunk;
  std::optional<Error> failure;
  try {
    chunk = coming_.get();
  } catch (const Error& error) { failure = error; }
  together_.require_none(failure);
  // The first process has the first chunk of each round: where it has none, nobody has.
  if (!together_.any({!chunk.records.empty()})[0]) {
    if (together_.is_root()) require_next(source_.size());
    return std::nullopt;
  }
  start();
  if (together_.size() > 1) {
    chunk.messages = together_.gather(together_.is_root() ? "" : message_of(chunk.records));
    for (const std::string& message : chunk.messages) add_message(chunk.records, message);
  }
  if (!together_.is_root()) return chunk;
  for (const WorkedRecord& record : chunk.records) {
    require_next(record.id);
    ++expected_;
  }
  return chunk;
}

}  // namespace penstock
