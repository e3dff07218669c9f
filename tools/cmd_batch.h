#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

/// `penstock batch`: what a step is made of.
std::unique_ptr<Command> make_batch_command();

}  // namespace penstock::tools
