#include "pipelines/inspect/info.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>

#include "pipelines/job/job.h"
#include "pipelines/job/read_ahead.h"
#include "pipelines/job/subset.h"

namespace penstock {
namespace {

constexpr uint64_t kLookedAt = 200;
constexpr uint64_t kMostBatches = 2000;  // of the order's quality

std::string encoding_of(const RawRecord& record) {
  const auto begins = [&](std::string_view magic) {
    return record.bytes.size() >= magic.size() && std::memcmp(record.bytes.data(), magic.data(), magic.size()) == 0;
  };
  if (!record.fault.empty()) return "unreadable";
  if (record.bytes.empty()) return "empty";
  if (begins("\xff\xd8\xff")) return "jpeg";
  if (begins("\x89PNG")) return "png";
  if (begins("P6") || begins("P5")) return "raw";
  if (begins("GIF8")) return "gif";
  if (begins("BM")) return "bmp";
  if (begins("RIFF")) return "webp";
  return "other";
}

void look_at_encodings(const io::Dataset& data, DataInfo& info) {
  const uint64_t count = std::min(kLookedAt, data.size());
  std::map<std::string, uint64_t> counts;
  const bool encoded = data.schema().index_of("bytes") != Schema::npos;
  ReadAhead reader(data, count, [&](uint64_t place) { return place * data.size() / count; });
  for (RawChunk chunk = reader.next(); !chunk.records.empty(); chunk = reader.next()) {
    for (const RawRecord& record : chunk.records) ++counts[encoded ? encoding_of(record) : "pixels"];
  }
  info.looked_at = count;
  info.encodings.assign(counts.begin(), counts.end());
  std::stable_sort(info.encodings.begin(), info.encodings.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
}

OrderQuality quality_of(const io::Dataset& data, const std::vector<uint64_t>& records_of_class, InfoOptions options) {
  if (options.block == 0) options.block = fitted_block(data);
  const EpochPlan plan({.records = data.size(),
                        .seed = options.seed,
                        .order = options.order,
                        .last = Last::kKeep,
                        .batch = std::min(options.batch, data.size()),
                        .block = options.block,
                        .group_blocks = options.group_blocks});
  std::vector<uint64_t> ids;
  return order_quality(records_of_class, data.size(), options.batch, kMostBatches,
                       [&](uint64_t first, std::span<int64_t> out) {
                         ids.resize(out.size());
                         plan.records(0, first, ids);
                         if (options.order != Order::kFull) data.ids_at(ids);
                         for (size_t i = 0; i < ids.size(); ++i) out[i] = data.label(ids[i]);
                       });
}

}  // namespace

DataInfo info_of(const io::Dataset& data, const InfoOptions& options) {
  DataInfo info;
  info.format = data.format();
  info.path = data.path();
  info.records = data.size();
  info.bytes = data.bytes();
  info.classes = data.class_names();
  info.digest = data_digest(data);
  info.notes = data.notes();
  for (const Field& field : data.schema().fields()) info.fields.push_back(field.text());
  info.records_of_class.resize(info.classes.size());
  info.smallest_bytes = data.size() > 0 ? UINT64_MAX : 0;
  for (uint64_t id = 0; id < data.size(); ++id) {
    const int64_t label = data.label(id);
    if (label < 0)
      ++info.unlabelled;
    else if (static_cast<size_t>(label) < info.records_of_class.size())
      ++info.records_of_class[static_cast<size_t>(label)];
    info.with_checksum += data.stored_checksum(id).has_value();
    info.verified += data.verified(id);
    info.smallest_bytes = std::min(info.smallest_bytes, data.record_bytes(id));
    info.largest_bytes = std::max(info.largest_bytes, data.record_bytes(id));
  }
  if (info.largest_bytes == 0 && info.records > 0) info.smallest_bytes = info.largest_bytes = info.bytes / info.records;
  look_at_encodings(data, info);
  info.order = quality_of(data, info.records_of_class, options);
  return info;
}

}  // namespace penstock
