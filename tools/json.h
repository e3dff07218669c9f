// JSON whose keys stay in the order in which they were written.
#pragma once

#include <nlohmann/json.hpp>

namespace penstock::tools {

using Json = nlohmann::ordered_json;

}  // namespace penstock::tools
