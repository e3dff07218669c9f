// Lines of a fitted file: a word and its values, with tabs between.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "stages/table/group_sums.h"

namespace penstock::table {

/// Writes lines; finish() adds the checksum. One thread.
class LineWriter {
 public:
  LineWriter& line(std::string_view word) {
    if (!text_.empty()) text_ += '\n';
    text_ += word;
    return *this;
  }
  LineWriter& text(std::string_view value) {
    text_ += '\t';
    for (const char c : value) {
      if (c == '\t')
        text_ += "\\t";
      else if (c == '\n')
        text_ += "\\n";
      else if (c == '\r')
        text_ += "\\r";
      else if (c == '\\')
        text_ += "\\\\";
      else
        text_ += c;
    }
    return *this;
  }
  template <class T>
  LineWriter& number(T value) {
    char room[32];
    const auto end = std::to_chars(room, room + sizeof room, value).ptr;
    text_ += '\t';
    text_.append(room, end);
    return *this;
  }
  template <class E>
  LineWriter& word(E value) {
    return number(static_cast<unsigned>(value));
  }
  LineWriter& list(const std::vector<double>& values) {
    number(values.size());
    for (const double value : values) number(value);
    return *this;
  }
  LineWriter& scale(const ScaleFit& scale) {
    return word(scale.kind).number(scale.mean).number(scale.deviation).list(scale.knots);
  }
  LineWriter& sums(const GroupSums& group) {
    text(io::hex(group.key));
    for (size_t f = 0; f < kFolds; ++f) number(group.count[f]).number(group.sum[f]);
    return *this;
  }
  std::string finish() {
    text_ += '\n';
    const std::string sum = io::hex(io::checksum(text_));
    return std::move(text_) + "checksum\t" + sum + "\n";
  }

 private:
  std::string text_;
};

/// Reads them back: what is not there, too much or no number is Error kData, which names the line. One thread.
class LineReader {
 public:
  LineReader(std::string_view text, const std::string& origin) : left_(text), origin_(origin) {}

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(Code::kData, "'" + origin_ + "' is no whole fitted file: " + why)
        .hint("it was cut or changed after it was written; make it again by training anew");
  }
  void line(std::string_view word) {
    if (!cells_.empty()) refuse("line " + std::to_string(number_) + " has more than it should");
    const size_t end = left_.find('\n');
    if (end == std::string_view::npos) refuse("it ends where '" + std::string(word) + "' should follow");
    cells_ = left_.substr(0, end);
    left_.remove_prefix(end + 1);
    ++number_;
    const std::string_view found = cell();
    if (found != word)
      refuse("line " + std::to_string(number_) + " begins with '" + std::string(found.substr(0, 30)) +
             "' in place of '" + std::string(word) + "'");
  }
  std::string text() {
    const std::string_view raw = next();
    std::string out;
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '\\' || i + 1 == raw.size()) {
        out += raw[i];
        continue;
      }
      const char c = raw[++i];
      out += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
    }
    return out;
  }
  template <class T>
  T number() {
    const std::string_view raw = next();
    T value{};
    const auto [end, fault] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (fault != std::errc() || end != raw.data() + raw.size())
      refuse("'" + std::string(raw.substr(0, 30)) + "' in line " + std::to_string(number_) + " is no number");
    return value;
  }
  template <class E>
  E word(E last) {
    const auto value = number<unsigned>();
    if (value > static_cast<unsigned>(last))
      refuse("line " + std::to_string(number_) + " names what is not known here");
    return static_cast<E>(value);
  }
  /// How many of something follow: no more than there are bytes left.
  size_t count() {
    const auto value = number<uint64_t>();
    if (value > left_.size() + cells_.size())
      refuse("line " + std::to_string(number_) + " promises more than there is");
    return static_cast<size_t>(value);
  }
  size_t place(size_t size) {
    const auto value = number<uint64_t>();
    if (value >= size) refuse("line " + std::to_string(number_) + " speaks of what is not there");
    return static_cast<size_t>(value);
  }
  std::vector<double> list() {
    std::vector<double> out(count());
    for (double& value : out) value = number<double>();
    return out;
  }
  ScaleFit scale() {
    ScaleFit out;
    out.kind = word(Scale::kQuantile);
    out.mean = number<double>();
    out.deviation = number<double>();
    out.knots = list();
    return out;
  }
  uint64_t hex() {
    const std::optional<uint64_t> value = io::from_hex(next());
    if (!value) refuse("line " + std::to_string(number_) + " has a key that is none");
    return *value;
  }
  GroupSums sums() {
    GroupSums out;
    out.key = hex();
    for (size_t f = 0; f < kFolds; ++f) {
      out.count[f] = number<uint32_t>();
      out.sum[f] = number<double>();
    }
    return out;
  }
  void end() {
    if (!cells_.empty() || !left_.empty()) refuse("there is more behind its end");
  }

 private:
  // An empty rest of the line may still be an empty text: `more_` tells them apart.
  std::string_view cell() {
    const size_t tab = cells_.find('\t');
    const std::string_view out = cells_.substr(0, tab);
    more_ = tab != std::string_view::npos;
    cells_ = more_ ? cells_.substr(tab + 1) : std::string_view();
    return out;
  }
  std::string_view next() {
    if (!more_) refuse("line " + std::to_string(number_) + " has less than it should");
    return cell();
  }

  std::string_view left_, cells_;
  const std::string& origin_;
  size_t number_ = 0;
  bool more_ = false;
};

}  // namespace penstock::table
