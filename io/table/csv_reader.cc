#include "io/table/csv_reader.h"

#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace penstock::io {
namespace {

constexpr size_t kReadBytes = 1_MiB;
constexpr size_t kMostRecord = 64_MiB;

}  // namespace

void CsvReader::seek(uint64_t offset) {
  begin_ = offset;
  at_ = 0;
  buffer_.clear();
}

// Drops what was handed out and reads on; false where the file ends.
bool CsvReader::more() {
  buffer_.erase(0, at_);
  begin_ += at_;
  at_ = 0;
  const size_t before = buffer_.size();
  if (before > kMostRecord)
    throw Error(Code::kData, "'" + path() + "' holds a line of more than " + bytes_text(kMostRecord) + " at byte " +
                                 std::to_string(begin_))
        .hint("a quote may not be closed, or the file is no CSV");
  buffer_.resize(before + kReadBytes);
  const size_t got = file_.read_at(begin_ + before, std::as_writable_bytes(std::span(buffer_).subspan(before)));
  buffer_.resize(before + got);
  return got > 0;
}

bool CsvReader::next(std::vector<std::string_view>& cells) {
  cells.clear();
  // The end of the record: a line feed outside of quotes.
  size_t end = at_;
  bool quoted = false, any_quote = false;
  for (;;) {
    if (!any_quote) {
      // Most lines have no quote: both searches run at the speed of memory.
      const size_t feed = buffer_.find('\n', end);
      const size_t until = feed == std::string::npos ? buffer_.size() : feed;
      any_quote = std::string_view(buffer_).substr(at_, until - at_).find('"') != std::string_view::npos;
      end = any_quote ? at_ : until;
    }
    if (any_quote) {
      quoted = false;
      for (end = at_; end < buffer_.size() && (quoted || buffer_[end] != '\n'); ++end) quoted ^= buffer_[end] == '"';
    }
    if (end < buffer_.size()) break;
    const size_t had = end - at_;
    if (more()) {
      end = at_ + had;
      continue;
    }
    end = at_ + had;
    if (end == at_) return false;
    if (quoted)
      throw Error(Code::kData,
                  "'" + path() + "' ends within quotes that open in the record at byte " + std::to_string(offset()))
          .hint("the file was cut short");
    break;
  }
  std::string_view line = std::string_view(buffer_).substr(at_, end - at_);
  at_ = std::min(end + 1, buffer_.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!any_quote) {
    for (size_t from = 0;;) {
      const size_t comma = line.find(',', from);
      cells.push_back(line.substr(from, comma == std::string_view::npos ? comma : comma - from));
      if (comma == std::string_view::npos) return true;
      from = comma + 1;
    }
  }
  unquoted_.clear();
  unquoted_.reserve(line.size());  // never moved: cells point into it
  quoted = false;
  size_t from = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"')
        unquoted_ += line[i++];
      else
        quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      cells.push_back(std::string_view(unquoted_).substr(from));
      from = unquoted_.size();
    } else {
      unquoted_ += line[i];
    }
  }
  cells.push_back(std::string_view(unquoted_).substr(from));
  return true;
}

}  // namespace penstock::io
