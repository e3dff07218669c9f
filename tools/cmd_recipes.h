#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

/// `penstock recipes`: the built-in recipes.
std::unique_ptr<Command> make_recipes_command();

}  // namespace penstock::tools
