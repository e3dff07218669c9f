// `penstock compare`.
#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

std::unique_ptr<Command> make_compare_command();

}  // namespace penstock::tools
