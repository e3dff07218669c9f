// `penstock neighbours`.
#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

std::unique_ptr<Command> make_neighbours_command();

}  // namespace penstock::tools
