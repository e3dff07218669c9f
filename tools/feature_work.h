// What the commands over features have in common.
#pragma once

#include <string>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "tools/command.h"

namespace penstock::tools {

/// Refuses an output that would replace `features`; empty paths are none. Error kUsage.
inline void require_other_than(const std::string& features, const std::string& output) {
  if (!output.empty() && output == features)
    throw Error(Code::kUsage, "'" + output + "' would replace the features").hint("give the output another name");
}

/// The budget of --budget, and the cores, the stop and the progress of the frame. Error kUsage where the budget is no size.
template <class Options>
void set_frame(Options& options, const std::string& budget, Context& context) {
  const auto size = parse_bytes(budget);
  if (!size || size->bytes == 0)
    throw Error(Code::kUsage, "--budget '" + budget + "' is no size").hint("such as 512MiB or 4GiB");
  options.budget = size->bytes;
  options.threads = context.options.thread_count();
  options.stop = context.stop;
  options.progress = &context.progress;
}

}  // namespace penstock::tools
