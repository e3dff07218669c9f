#include "tools/progress.h"

#include <cmath>

#include "engine/base/bytes.h"

namespace penstock::tools {
namespace {

constexpr int64_t kTerminalNs = 200'000'000;
constexpr int64_t kPlainNs = 10'000'000'000;
constexpr int64_t kMeasureNs = 500'000'000;
constexpr double kHalfLifeSeconds = 10;
constexpr double kWorthALine = 1;  // seconds in which nothing was counted

}  // namespace

void Progress::begin(std::string_view what, uint64_t total, std::string_view unit, uint64_t already) {
  what_ = what;
  unit_ = unit;
  in_bytes_ = unit == "bytes";
  detail_.clear();
  total_ = total;
  done_ = already_ = measured_done_ = already;
  began_ns_ = shown_ns_ = measured_ns_ = clock_.now_ns();
  rate_ = 0;
  active_ = true;
}

void Progress::update(uint64_t done, std::string_view detail) {
  done_ = done;
  if (detail != detail_) detail_ = detail;
  const int64_t now = clock_.now_ns();
  if (now - measured_ns_ >= kMeasureNs) {
    const double seconds = static_cast<double>(now - measured_ns_) * 1e-9;
    const double rate = static_cast<double>(done_ - measured_done_) / seconds;
    const double keep = rate_ > 0 ? std::exp2(-seconds / kHalfLifeSeconds) : 0;
    rate_ = keep * rate_ + (1 - keep) * rate;
    measured_ns_ = now;
    measured_done_ = done_;
  }
  if (now - shown_ns_ < (terminal_ ? kTerminalNs : kPlainNs)) return;
  shown_ns_ = now;
  show();
}

std::string Progress::counted(uint64_t n) const { return in_bytes_ ? bytes_text(n) : std::to_string(n); }

std::string Progress::speed(double rate) const { return in_bytes_ ? byte_rate_text(rate) : rate_text(rate, unit_); }

std::string Progress::line() const {
  std::string text = what_ + " " + counted(done_);
  if (total_ > 0) {
    text += "/" + counted(total_);
    const double share = static_cast<double>(done_) / static_cast<double>(total_);
    text += " (" + std::to_string(static_cast<int>(share * 100)) + " %)";
  }
  if (rate_ > 0) {
    text += ", " + speed(rate_);
    if (total_ > done_) text += ", ETA " + duration_text(static_cast<double>(total_ - done_) / rate_);
  }
  if (!detail_.empty()) text += ", " + detail_;
  return text;
}

void Progress::show() {
  if (output_.quiet()) return;
  if (terminal_) {
    output_.write_err("\r\x1b[K" + line());
    line_open_ = true;
  } else {
    output_.write_err(line() + "\n");
  }
}

void Progress::clear() {
  if (line_open_) output_.write_err("\r\x1b[K");
  line_open_ = false;
}

void Progress::say(std::string_view line) {
  if (output_.quiet() && !line.starts_with("warning: ")) return;
  clear();
  output_.write_err(std::string(line) + "\n");
}

void Progress::end() {
  if (!active_) return;
  active_ = false;
  clear();
  if (output_.quiet()) return;
  const double seconds = static_cast<double>(clock_.now_ns() - began_ns_) * 1e-9;
  if (done_ == 0 && seconds < kWorthALine) return;  // what was looked for was there already
  std::string text = what_ + ": ";
  if (done_ > 0) text += counted(done_) + (in_bytes_ ? "" : " " + unit_) + " in ";
  text += duration_text(seconds);
  if (seconds > 0 && done_ > already_) text += ", " + speed(static_cast<double>(done_ - already_) / seconds);
  if (!detail_.empty()) text += ", " + detail_;
  output_.write_err(text + "\n");
}

}  // namespace penstock::tools
