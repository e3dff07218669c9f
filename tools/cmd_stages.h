#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

/// `penstock stages`: the stages there are.
std::unique_ptr<Command> make_stages_command();

}  // namespace penstock::tools
