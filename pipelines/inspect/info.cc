#include "pipelines/inspect/info.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>

#include "pipelines/job/read_ahead.h"
#include "pipelines/job/subset.h"

namespace penstock {
namespace {

constexpr uint64_t kLookedAt = 200;

std::string encoding_of(const RawRecord& record) {
  const auto begins = [&](std::string_view magic) {
    return record.bytes.size() >= magic.size() && std::memcmp(record.bytes.data(), magic.data(), magic.size()) == 0;
  };
  if (!record.fault.empty()) return "unreadable";
  if (record.bytes.empty()) return "empty";
  if (begins("\xff\xd8\xff")) return "jpeg";
  if (begins("\x89PNG")) return "png";
  if (begins("GIF8")) return "gif";
  if (begins("BM")) return "bmp";
  if (begins("RIFF")) return "webp";
  return "other";
}

void look_at_encodings(const io::Dataset& data, DataInfo& info) {
  const uint64_t count = std::min(kLookedAt, data.size());
  std::map<std::string, uint64_t> counts;
  ReadAhead reader(data, count, [&](uint64_t place) { return place * data.size() / count; });
  for (RawChunk chunk = reader.next(); !chunk.records.empty(); chunk = reader.next()) {
    for (const RawRecord& record : chunk.records) ++counts[encoding_of(record)];
  }
  info.looked_at = count;
  info.encodings.assign(counts.begin(), counts.end());
  std::stable_sort(info.encodings.begin(), info.encodings.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
}

// Labels in the order in which records lie on disk: by offset in one file, else by id (a folder is read by name).
std::vector<int64_t> labels_on_disk(const io::Dataset& data) {
  std::vector<uint64_t> ids(data.size());
  std::iota(ids.begin(), ids.end(), 0);
  if (data.format() == "lmdb") {
    std::vector<uint64_t> offsets(ids.size());
    for (const uint64_t id : ids) offsets[id] = data.locate(id).offset;
    std::sort(ids.begin(), ids.end(), [&](uint64_t a, uint64_t b) { return offsets[a] < offsets[b]; });
  }
  std::vector<int64_t> labels(ids.size());
  std::transform(ids.begin(), ids.end(), labels.begin(), [&](uint64_t id) { return data.label(id); });
  return labels;
}

double order_quality(const io::Dataset& data, const std::vector<uint64_t>& records_of_class) {
  const auto used = std::count_if(records_of_class.begin(), records_of_class.end(), [](uint64_t n) { return n > 0; });
  const auto n = static_cast<double>(data.size());
  if (used < 2 || data.size() <= static_cast<uint64_t>(used)) return -1;
  const std::vector<int64_t> labels = labels_on_disk(data);
  double changes = 0;
  for (size_t i = 1; i < labels.size(); ++i) changes += labels[i] != labels[i - 1];
  double pairs_alike = 0;  // the chance that two different records are of one class
  for (const uint64_t count : records_of_class)
    pairs_alike += static_cast<double>(count) * (static_cast<double>(count) - 1);
  const double by_chance = (n - 1) * (1 - pairs_alike / (n * (n - 1)));
  const double sorted = static_cast<double>(used - 1);
  if (by_chance <= sorted) return -1;
  return std::clamp((changes - sorted) / (by_chance - sorted), 0.0, 1.0);
}

}  // namespace

DataInfo info_of(const io::Dataset& data) {
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
    if (label >= 0 && static_cast<size_t>(label) < info.records_of_class.size())
      ++info.records_of_class[static_cast<size_t>(label)];
    else
      ++info.unlabelled;
    info.with_checksum += data.stored_checksum(id).has_value();
    info.verified += data.verified(id);
    info.smallest_bytes = std::min(info.smallest_bytes, data.record_bytes(id));
    info.largest_bytes = std::max(info.largest_bytes, data.record_bytes(id));
  }
  look_at_encodings(data, info);
  info.order_quality = order_quality(data, info.records_of_class);
  return info;
}

}  // namespace penstock
