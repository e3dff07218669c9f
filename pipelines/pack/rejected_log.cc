#include "pipelines/pack/rejected_log.h"

#include <algorithm>
#include <sstream>

#include <nlohmann/json.hpp>

#include "io/file/append_file.h"
#include "io/file/atomic_file.h"

namespace penstock {
namespace {

std::string line_of(const RejectedRecord& record) {
  const nlohmann::ordered_json json{{"id", record.id},
                                    {"name", record.name},
                                    {"file", record.file},
                                    {"offset", record.offset},
                                    {"reason", record.reason}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string RejectedLog::path_of(const std::string& dest) {
  const size_t end = dest.find_last_not_of('/');
  return dest.substr(0, end == std::string::npos ? dest.size() : end + 1) + ".rejected.jsonl";
}

std::vector<RejectedRecord> RejectedLog::read(io::FileSystem& fs, const std::string& dest) {
  std::vector<RejectedRecord> records;
  const std::string path = path_of(dest);
  if (!fs.exists(path)) return records;
  std::istringstream lines(io::read_file(fs, path));
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("id"))
      continue;  // a line that a power cut tore: its record is judged again
    records.push_back({json.value("id", uint64_t{0}), json.value("name", ""), json.value("file", ""),
                       json.value("offset", uint64_t{0}), json.value("reason", "")});
  }
  return records;
}

RejectedLog::RejectedLog(io::FileSystem& fs, const std::string& dest, uint64_t from) : fs_(fs), path_(path_of(dest)) {
  if (!fs.exists(path_)) return;
  records_ = read(fs, dest);
  std::erase_if(records_, [from](const RejectedRecord& record) { return record.id >= from; });
  write(fs, dest, records_);
}

void RejectedLog::write(io::FileSystem& fs, const std::string& dest, const std::vector<RejectedRecord>& records) {
  const std::string path = path_of(dest);
  if (records.empty()) {
    if (fs.exists(path)) fs.unlink(path);
    return;
  }
  std::string text;
  for (const RejectedRecord& record : records) text += line_of(record);
  io::write_file(fs, path, std::string_view(text));
}

void RejectedLog::add(RejectedRecord record) {
  io::AppendFile file(fs_, path_);
  file.append(line_of(record));
  file.sync();
  records_.push_back(std::move(record));
}

}  // namespace penstock
