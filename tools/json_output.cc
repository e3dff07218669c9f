#include "tools/json_output.h"

#include <ostream>

namespace penstock::tools {
namespace {

void write_line(std::ostream& stream, std::string_view text) {
  stream << text;
  if (text.empty() || text.back() != '\n') stream << '\n';
  stream.flush();
}

}  // namespace

void Output::result(std::string_view words, const Json& json) {
  const std::lock_guard lock(mutex_);
  if (!json_) return write_line(out_, words);
  if (!quiet_ && !words.empty()) write_line(err_, words);
  // Names of files may hold any bytes; what is no UTF-8 is replaced rather than losing the whole object.
  write_line(out_, json.dump(2, ' ', false, Json::error_handler_t::replace));
}

void Output::note(std::string_view line) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  write_line(err_, line);
}

void Output::warn(std::string_view line) {
  const std::lock_guard lock(mutex_);
  write_line(err_, "warning: " + std::string(line));
}

void Output::write_err(std::string_view text) {
  const std::lock_guard lock(mutex_);
  err_ << text;
  err_.flush();
}

}  // namespace penstock::tools
