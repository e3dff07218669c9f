// Numbers of things in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

/// "1 row", "3 rows".
inline std::string counted(uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

}  // namespace penstock
