#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

/// `penstock probe`: measured ceilings.
std::unique_ptr<Command> make_probe_command();

}  // namespace penstock::tools
