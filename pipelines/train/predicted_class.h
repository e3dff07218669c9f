// The class that a model says, by number and by name.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

namespace penstock::train {

/// The place of the highest score, the first of equal ones; -1 where there is none.
inline int64_t highest(std::span<const float> scores) {
  return scores.empty() ? -1 : std::max_element(scores.begin(), scores.end()) - scores.begin();
}

/// What a chance of yes says.
inline bool is_yes(float chance) { return chance > 0.5F; }

/// What class number `label` is called; `unnamed` where `names` do not say.
inline std::string class_name(std::span<const std::string> names, int64_t label, const std::string& unnamed) {
  return label >= 0 && static_cast<size_t>(label) < names.size() ? names[static_cast<size_t>(label)] : unnamed;
}

/// The same, or its number.
inline std::string class_text(std::span<const std::string> names, int64_t label) {
  return class_name(names, label, std::to_string(label));
}

}  // namespace penstock::train
