#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

/// `penstock info`: what a data set is.
std::unique_ptr<Command> make_info_command();

}  // namespace penstock::tools
