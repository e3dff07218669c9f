// The explicit list of stages: a recipe's name becomes an object here, and nowhere else.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/params.h"
#include "engine/graph/stage.h"

namespace penstock {

struct StageInfo {
  std::string name;     ///< "image.decode"
  std::string summary;  ///< one line for `penstock stages`
  std::vector<ParamDoc> params;
  /// Reads the parameters (Error kUsage that names the key) and makes the stage. `who` is the stage's id, for messages.
  std::function<std::unique_ptr<Stage>(const ParamMap& params, std::string_view who)> make;
  /// All parameters with defaults filled in: what a fingerprint is made of.
  std::function<ParamMap(const ParamMap& params, std::string_view who)> resolve;
};

/// Filled once by `register_..._stages`, read-only afterwards (then thread-safe).
class StageRegistry {
 public:
  /// S has `struct Params` with `static void describe(ParamTable<Params>&)` in S or in Params, and a constructor S(Params).
  template <class S>
  void add(std::string name, std::string summary) {
    using P = typename S::Params;
    insert({std::move(name), std::move(summary), docs<S>(),
            [](const ParamMap& params, std::string_view who) -> std::unique_ptr<Stage> {
              return std::make_unique<S>(read_params<S>(params, who));
            },
            [](const ParamMap& params, std::string_view who) {
              const P read = read_params<S>(params, who);
              return to_map<S>(read);
            }});
  }

  /// Throws Error kUsage naming the nearest stage; `where` is where the recipe asks for it.
  const StageInfo& require(std::string_view name, const Where& where = {}) const;
  std::vector<const StageInfo*> list() const;  ///< by name

 private:
  void insert(StageInfo info);
  std::map<std::string, StageInfo, std::less<>> stages_;
};

}  // namespace penstock
