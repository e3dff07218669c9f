#include "io/index/index_format.h"

#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace penstock::io {

std::string head_to_json(const RecordIndexHead& head) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const IndexedFile& file : head.files)
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"mtime_ns", file.mtime_ns}, {"stamp", file.stamp}});
  return nlohmann::ordered_json{{"format", head.format},
                                {"files", files},
                                {"classes", head.classes},
                                {"fingerprint", hex(head.fingerprint)},
                                {"records", head.records},
                                {"bytes", head.bytes},
                                {"max_bytes", head.max_bytes},
                                {"has_order", head.has_order},
                                {"note", head.note}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<RecordIndexHead> head_from_json(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    RecordIndexHead head;
    head.format = json.at("format");
    for (const auto& file : json.at("files"))
      head.files.push_back({file.at("path"), file.at("bytes"), file.at("mtime_ns"), file.at("stamp")});
    head.classes = json.at("classes").get<std::vector<std::string>>();
    head.fingerprint = from_hex(json.at("fingerprint").get<std::string>()).value_or(0);
    head.records = json.at("records");
    head.bytes = json.at("bytes");
    head.max_bytes = json.at("max_bytes");
    head.has_order = json.at("has_order");
    head.note = json.at("note");
    return head;
  } catch (const nlohmann::json::exception&) { return std::nullopt; }
}

void IndexPages::begin(const RecordIndexHead& head, uint64_t names_bytes) {
  head_ = head_to_json(head);
  header_.head_bytes = static_cast<uint32_t>(head_.size());
  header_.records = head.records;
  header_.names_bytes = names_bytes;
  header_.has_order = head.has_order ? 1 : 0;
  header_.head_sum = checksum(head_);
  header_.body_bytes = head.records * (sizeof(RecordRow) + sizeof(uint64_t)) + names_bytes +
                       (head.has_order ? head.records * sizeof(uint64_t) : 0);
  file_.write(std::as_bytes(std::span(&header_, 1)));
  file_.write(head_);
  const std::vector<std::byte> sums(header_.pages() * sizeof(uint64_t));  // known last
  file_.write(sums);
}

void IndexPages::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t count = std::min<size_t>(bytes.size(), kIndexPage - page_.size());
    page_.insert(page_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (page_.size() < kIndexPage) continue;
    sums_.push_back(checksum(page_));
    file_.write(page_);
    page_.clear();
  }
}

void IndexPages::finish() {
  if (!page_.empty()) {
    sums_.push_back(checksum(page_));
    file_.write(page_);
  }
  PENSTOCK_CHECK(sums_.size() == header_.pages());
  header_.header_sum = header_.sum();
  file_.write_at(header_.sums_at(), std::as_bytes(std::span(sums_)));
  file_.write_at(0, std::as_bytes(std::span(&header_, 1)));
  file_.commit();
}

}  // namespace penstock::io
