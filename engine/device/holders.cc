#include "engine/device/holders.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

#include "engine/base/bytes.h"

namespace penstock {

struct Holders::Core {
  std::mutex mutex;
  std::map<std::string, uint64_t, std::less<>> bytes;
};

Holders::Holders() : core_(std::make_shared<Core>()) {}

std::shared_ptr<void> Holders::enter(std::string_view name, uint64_t bytes) {
  const std::lock_guard lock(core_->mutex);
  core_->bytes[std::string(name)] += bytes;
  return {nullptr, [core = core_, key = std::string(name), bytes](void*) {
            const std::lock_guard lock(core->mutex);
            const auto at = core->bytes.find(key);
            at->second -= bytes;
            if (at->second == 0) core->bytes.erase(at);
          }};
}

std::string Holders::largest_text() const {
  constexpr size_t kNamed = 3;
  std::vector<std::pair<uint64_t, std::string>> all;
  {
    const std::lock_guard lock(core_->mutex);
    for (const auto& [name, bytes] : core_->bytes) all.emplace_back(bytes, name);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  if (all.size() > kNamed) all.resize(kNamed);
  std::string text;
  for (const auto& [bytes, name] : all) text += (text.empty() ? "" : ", ") + name + " " + bytes_text(bytes);
  return text;
}

}  // namespace penstock
