#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

/// `penstock check`: what a recipe will do, before it does.
std::unique_ptr<Command> make_check_command();

}  // namespace penstock::tools
