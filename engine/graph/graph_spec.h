// A graph as a user describes it, in C++ or through a recipe: a list of stages over named fields.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/graph/registry.h"

namespace penstock {

enum class Mode { kTrain, kEval };
enum class When { kTrain, kEval, kBoth };

/// One stage of a graph.
struct StageSpec {
  std::string name;     ///< as registered: "image.decode"
  std::string id = {};  ///< default: the last part of the name; distinct within a mode
  ParamMap params = {};
  When when = When::kBoth;
  /// A stage's own name of a field -> the field of this graph: {{"bytes", "mask_bytes"}}. This is how graphs fork and join.
  std::map<std::string, std::string> inputs = {};
  std::map<std::string, std::string> outputs = {};  ///< default: as inputs where the name is there, else the own name
  std::string draw = {};  ///< stages that name the same draw share their random numbers; default: the id
  /// "ssd": what this stage and all before it make of a record is kept there and not made again (Graph::cut); one stage of a mode may say so.
  /// "gpu" is the affair of whoever drives devices, and nothing to a bound graph.
  std::string cache = {};
  Where where = {};
};

/// A list of stages. A stage reads fields that the source or stages before it made, so the list is a topological order
/// of the DAG: a field that two stages read is a fork, a stage that reads two is a join.
class GraphSpec {
 public:
  GraphSpec& add(std::string name, ParamMap params = {});
  GraphSpec& add(StageSpec stage);

  /// Makes the stages of `mode`, binds each to what comes before it, lays out the batch. Runs nothing.
  /// Throws Error kUsage that names stage, file, line and key.
  Graph bind(const Schema& source, const StageRegistry& registry, Mode mode = Mode::kTrain) const;

  const std::vector<StageSpec>& stages() const { return stages_; }

 private:
  std::vector<StageSpec> stages_;
};

}  // namespace penstock
