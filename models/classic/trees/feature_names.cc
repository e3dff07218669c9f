#include "models/classic/trees/feature_names.h"

#include <algorithm>
#include <set>

namespace penstock::classic {

std::vector<std::string> xgboost_names(const TreeFeatures& features) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (size_t i = 0; i < features.size(); ++i) {
    std::string name = features.names[i];
    std::replace_if(
        name.begin(), name.end(),
        [](unsigned char c) { return c == '[' || c == ']' || c == '<' || c <= ' ' || c == 0x7f; }, '_');
    while (name.empty() || !taken.insert(name).second) name += "_" + std::to_string(i);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace penstock::classic
