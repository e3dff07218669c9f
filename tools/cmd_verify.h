#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

/// `penstock verify`: reads everything, decodes everything.
std::unique_ptr<Command> make_verify_command();

}  // namespace penstock::tools
