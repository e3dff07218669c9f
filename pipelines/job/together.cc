#include "pipelines/job/together.h"

#include <algorithm>
#include <span>
#include <sstream>
#include <utility>

namespace penstock {
namespace {

// Between the parts of an Error as a message: code, message, advice, then context. No text holds it.
constexpr char kEnd = '\0';

std::string pack(const Error& error) {
  std::string out(1, static_cast<char>('a' + static_cast<int>(error.code())));
  for (const std::string& part : {error.message(), error.advice()}) out += part + kEnd;
  for (const std::string& line : error.context()) out += line + kEnd;
  return out;
}

Error unpack(const std::string& bytes) {
  std::vector<std::string> parts;
  std::istringstream in(bytes.substr(1));
  for (std::string part; std::getline(in, part, kEnd);) parts.push_back(part);
  Error error(static_cast<Code>(bytes[0] - 'a'), parts.at(0));
  error.hint(parts.at(1));
  for (size_t i = 2; i < parts.size(); ++i) error.add(parts[i]);
  return error;
}

/// One Error of what the processes said ("": nothing), as a message; all of it that differs.
std::string said_by(const std::vector<std::string>& all) {
  std::vector<std::string> different;
  std::vector<std::string> who;
  for (size_t r = 0; r < all.size(); ++r) {
    if (all[r].empty()) continue;
    const auto same = std::ranges::find(different, all[r]);
    if (same == different.end()) {
      different.push_back(all[r]);
      who.push_back("process " + std::to_string(r));
    } else {
      who[static_cast<size_t>(same - different.begin())] += " and process " + std::to_string(r);
    }
  }
  if (different.empty()) return "";  // not the root
  const Error first = unpack(different[0]);
  std::string message = who[0] + " failed: " + first.message();
  for (size_t i = 1; i < different.size(); ++i) message += "; " + who[i] + " failed: " + unpack(different[i]).message();
  Error error(first.code(), message);
  for (const std::string& line : first.context()) error.add(line);
  return pack(error.hint(first.advice()));
}

}  // namespace

void Together::sum(std::vector<double>& values) {
  if (sums_) sums_->all_reduce_sum(std::span<double>(values));
}

std::vector<bool> Together::any(std::vector<bool> signs) {
  if (group_ == nullptr || group_->is_broken()) return signs;
  std::vector<double> counts(signs.begin(), signs.end());
  sum(counts);
  for (size_t i = 0; i < signs.size(); ++i) signs[i] = counts[i] > 0;
  return signs;
}

void Together::require_none(const std::optional<Error>& failure) {
  if (group_ == nullptr || group_->is_broken()) {
    if (failure) throw *failure;
    return;
  }
  if (!any({failure.has_value()})[0]) return;
  const std::string all = broadcast(said_by(gather(failure ? pack(*failure) : std::string())));
  fail_in_all();
  throw failure ? *failure : unpack(all);
}

void Together::require_same(const std::string& what, const std::string& text, const std::string& hint) {
  if (group_ != nullptr) penstock::require_same(*group_, what, text, hint);
}

std::vector<std::string> Together::gather(std::string bytes) {
  return group_ ? group_->gather(bytes) : std::vector<std::string>{std::move(bytes)};
}

std::string Together::broadcast(std::string bytes) { return group_ ? group_->broadcast(std::move(bytes)) : bytes; }

uint64_t Together::number(uint64_t value) { return group_ ? std::stoull(broadcast(std::to_string(value))) : value; }

void Together::add_up(Report& report) {
  if (group_ == nullptr) return;
  uint64_t* const fields[] = {&report.records, &report.rejected, &report.replaced, &report.bytes_read};
  std::vector<double> values;
  for (const uint64_t* field : fields) values.push_back(static_cast<double>(*field));
  sum(values);
  for (size_t i = 0; i < values.size(); ++i) *fields[i] = static_cast<uint64_t>(values[i]);
}

RunOptions Together::share(RunOptions options) const {
  options.rank = rank();
  options.ranks = size();
  return options;
}

}  // namespace penstock
