// The JSON header of a safetensors file, read strictly: exactly the objects that the format knows, no key twice.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::nets {

/// One entry as it stands in the header; nothing is checked against the data yet.
struct HeaderTensor {
  std::string dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, HeaderTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Throws Error kData with the position in the header where it stops making sense.
SafetensorsHeader parse_safetensors_header(std::string_view json);

/// `text` as a JSON string, quotes included.
std::string json_quoted(std::string_view text);

}  // namespace penstock::nets
