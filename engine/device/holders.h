// Who holds a device's memory: what an error of a full one names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace penstock {

/// Thread-safe. Entries may outlive it.
class Holders {
 public:
  Holders();

  /// `bytes` for `name` until the result dies.
  std::shared_ptr<void> enter(std::string_view name, uint64_t bytes);
  /// The three largest, those of one name together: "image cache 1 GiB, batch 200 MiB"; empty where nobody holds any.
  std::string largest_text() const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace penstock
