#include "pipelines/job/read_ahead.h"

#include <utility>

namespace penstock {
namespace {

// Of the first field where records are arrays of one shape; 0 where they are encoded.
size_t pixel_bytes(const Schema& schema) {
  return schema.index_of("bytes") == Schema::npos && schema.size() > 0 ? schema.fields()[0].row_bytes() : 0;
}

class RawIntake final : public Intake {
 public:
  RawIntake(const Schema& schema, std::span<const uint64_t> ids)
      : bytes_field_(schema.index_of("bytes")),
        label_field_(schema.index_of("label")),
        pixel_bytes_(pixel_bytes(schema)),
        labels_(ids.size(), -1) {
    chunk_.records.resize(ids.size());
    for (size_t i = 0; i < ids.size(); ++i) chunk_.records[i].id = ids[i];
  }

  size_t count() const override { return chunk_.records.size(); }
  std::byte* row(size_t field, size_t i) override {
    if (field == label_field_) return reinterpret_cast<std::byte*>(&labels_[i]);
    if (field != 0 || pixel_bytes_ == 0) return nullptr;
    return keep(i, pixel_bytes_);
  }
  std::byte* rows(size_t field, size_t i, size_t rows) override {
    if (field != bytes_field_) return nullptr;
    return keep(i, rows);
  }
  void lend(size_t field, size_t i, std::span<const std::byte> bytes) override {
    if (field == bytes_field_) chunk_.records[i].bytes = bytes;
  }
  void absent(size_t, size_t) override {}
  void reject(size_t i, std::string reason) override { chunk_.records[i].fault = std::move(reason); }

  RawChunk take() {
    for (size_t i = 0; i < labels_.size(); ++i) chunk_.records[i].label = labels_[i];
    return std::move(chunk_);
  }

 private:
  std::byte* keep(size_t i, size_t bytes) {
    chunk_.memory.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
    chunk_.records[i].bytes = {chunk_.memory.back().get(), bytes};
    return chunk_.memory.back().get();
  }

  const size_t bytes_field_;
  const size_t label_field_;
  const size_t pixel_bytes_;
  std::vector<int64_t> labels_;
  RawChunk chunk_;
};

}  // namespace

RawChunk read_raw(const Source& source, std::span<const uint64_t> ids) {
  RawIntake intake(source.schema(), ids);
  source.read(ids, intake);
  return intake.take();
}

ReadAhead::ReadAhead(const Source& source, uint64_t count, std::function<uint64_t(uint64_t)> id_at, Limits limits)
    : source_(source), count_(count), id_at_(std::move(id_at)), limits_(limits) {
  start();
}

ReadAhead::~ReadAhead() {
  if (coming_.valid()) coming_.wait();
}

std::vector<uint64_t> ReadAhead::next_ids() {
  std::vector<uint64_t> ids;
  uint64_t bytes = 0;
  while (begun_ < count_ && ids.size() < limits_.chunk_records) {
    const uint64_t id = id_at_(begun_);
    const uint64_t more = source_.record_bytes(id) + pixel_bytes(source_.schema());
    if (!ids.empty() && bytes + more > limits_.chunk_bytes) break;
    bytes += more;
    ids.push_back(id);
    ++begun_;
  }
  return ids;
}

void ReadAhead::start() {
  for (uint32_t before = 0; before < limits_.share; ++before) next_ids();
  const uint64_t first = begun_;
  std::vector<uint64_t> ids = next_ids();
  for (uint32_t after = limits_.share + 1; after < limits_.shares; ++after) next_ids();
  coming_ = std::async(std::launch::async, [this, first, ids = std::move(ids)] {
    RawChunk chunk = ids.empty() ? RawChunk() : read_raw(source_, ids);
    chunk.first = first;
    return chunk;
  });
}

RawChunk ReadAhead::next() {
  RawChunk chunk = coming_.get();
  if (!chunk.records.empty())
    start();
  else
    coming_ = std::async(std::launch::deferred, [] { return RawChunk(); });
  return chunk;
}

}  // namespace penstock
