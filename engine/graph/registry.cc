#include "engine/graph/registry.h"

#include <utility>

#include "engine/base/error.h"
#include "engine/base/nearest.h"

namespace penstock {

void StageRegistry::insert(StageInfo info) {
  std::string name = info.name;
  const bool is_new = stages_.emplace(std::move(name), std::move(info)).second;
  PENSTOCK_CHECK(is_new);
}

const StageInfo& StageRegistry::require(std::string_view name, const Where& where) const {
  if (const auto it = stages_.find(name); it != stages_.end()) return it->second;
  std::vector<std::string> known;
  for (const auto& [key, info] : stages_) known.push_back(key);
  const std::string at = where.text();
  throw Error(Code::kUsage, (at.empty() ? "" : at + ": ") + "there is no stage '" + std::string(name) + "'" +
                                nearest_hint(name, known))
      .hint("`penstock stages` lists them");
}

std::vector<const StageInfo*> StageRegistry::list() const {
  std::vector<const StageInfo*> all;
  for (const auto& [name, info] : stages_) all.push_back(&info);
  return all;
}

}  // namespace penstock
