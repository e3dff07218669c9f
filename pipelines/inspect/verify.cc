#include "pipelines/inspect/verify.h"

#include "engine/base/error.h"
#include "pipelines/job/read_ahead.h"
#include "stages/image/picture_decoder.h"

namespace penstock {

VerifyResult verify(const io::Dataset& data, Cores& cores, ProgressSink& progress, std::stop_token stop) {
  VerifyResult result;
  const bool encoded = data.schema().index_of("bytes") != Schema::npos;  // arrays: reading them is all there is
  ReadAhead reader(data, data.size(), [](uint64_t place) { return place; });
  progress.begin("verifying", data.size(), "images");
  while (true) {
    RawChunk chunk = reader.next();
    if (chunk.records.empty()) break;
    if (stop.stop_requested())
      throw Error(Code::kCancelled, "stopped after " + std::to_string(result.records) + " records");
    parallel_for(cores, chunk.records.size(), 1, [&](size_t begin, size_t end) {
      image::PictureDecoder decoder;
      for (size_t i = begin; i < end; ++i) {
        RawRecord& record = chunk.records[i];
        if (!encoded || !record.fault.empty()) continue;
        if (const image::Fault fault = image::check_whole(decoder, record.bytes)) record.fault = fault.text();
      }
    });
    for (const RawRecord& record : chunk.records) {
      ++result.records;
      result.bytes += record.bytes.size();
      if (data.stored_checksum(record.id)) ++result.with_checksum;
      if (record.fault.empty()) continue;
      const Location at = data.locate(record.id);
      result.damaged.push_back({record.id, data.name(record.id), at.file, at.offset, record.fault});
    }
    progress.update(result.records, result.damaged.empty() ? "" : std::to_string(result.damaged.size()) + " damaged");
  }
  progress.end();
  return result;
}

}  // namespace penstock
