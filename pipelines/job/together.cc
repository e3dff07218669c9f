#include "pipelines/job/together.h"

#include <span>
#include <utility>

namespace penstock {

void Together::sum(std::vector<double>& values) {
  if (sums_) sums_->all_reduce_sum(std::span<double>(values));
}

std::vector<bool> Together::any(std::vector<bool> signs) {
  if (group_ == nullptr) return signs;
  std::vector<double> counts(signs.begin(), signs.end());
  sum(counts);
  for (size_t i = 0; i < signs.size(); ++i) signs[i] = counts[i] > 0;
  return signs;
}

void Together::require_none(const std::optional<Error>& failure) {
  if (group_ == nullptr) {
    if (failure) throw *failure;
    return;
  }
  if (!any({failure.has_value()})[0]) return;
  // One letter for the code, then what it said; the first process that has something counts.
  std::string first;
  uint32_t process = 0;
  const std::vector<std::string> all =
      gather(failure ? static_cast<char>('a' + static_cast<int>(failure->code())) + failure->message() : std::string());
  for (; process < all.size() && first.empty(); ++process) first = all[process];
  first = broadcast(first.empty() ? first : first[0] + std::to_string(process - 1) + " failed: " + first.substr(1));
  if (failure) throw *failure;
  throw Error(static_cast<Code>(first[0] - 'a'), "process " + first.substr(1));
}

void Together::require_same(const std::string& what, const std::string& text, const std::string& hint) {
  if (group_ != nullptr) penstock::require_same(*group_, what, text, hint);
}

std::vector<std::string> Together::gather(std::string bytes) {
  return group_ ? group_->gather(bytes) : std::vector<std::string>{std::move(bytes)};
}

std::string Together::broadcast(std::string bytes) { return group_ ? group_->broadcast(std::move(bytes)) : bytes; }

uint64_t Together::number(uint64_t value) { return group_ ? std::stoull(broadcast(std::to_string(value))) : value; }

void Together::barrier() {
  if (sums_) sums_->barrier();
}

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
