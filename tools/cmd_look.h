#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

/// `penstock look`: what a batch looks like to the network.
std::unique_ptr<Command> make_look_command();

}  // namespace penstock::tools
