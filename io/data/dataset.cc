#include "io/data/dataset.h"

#include <cstring>
#include <unordered_map>

#include "engine/base/error.h"

namespace penstock::io {

Schema Dataset::picture_schema() { return {Field::encoded("bytes"), Field::fixed("label", DType::kI64)}; }

void Dataset::fill(uint64_t id, size_t i, Intake& out) const {
  if (schema().size() <= kLabelField) return;
  if (std::byte* dest = out.row(kLabelField, i)) {
    const int64_t value = label(id);
    std::memcpy(dest, &value, sizeof value);
  }
}

std::vector<int64_t> match_classes(std::span<const std::string> own, std::span<const std::string> wanted,
                                   const std::string& path) {
  std::unordered_map<std::string_view, int64_t> places;
  for (size_t i = 0; i < wanted.size(); ++i) places.emplace(wanted[i], static_cast<int64_t>(i));
  std::vector<int64_t> out;
  for (const std::string& name : own) {
    const auto found = places.find(name);
    if (found == places.end()) {
      throw Error(Code::kUsage,
                  "'" + path + "' has a class '" + name + "' that the model or the training data does not know")
          .hint("classes are matched by name; known are " + std::to_string(wanted.size()) + ", the first of them '" +
                (wanted.empty() ? std::string() : wanted.front()) + "'");
    }
    out.push_back(found->second);
  }
  return out;
}

}  // namespace penstock::io
