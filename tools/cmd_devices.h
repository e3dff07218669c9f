#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

/// `penstock devices`: what could compute here.
std::unique_ptr<Command> make_devices_command();

}  // namespace penstock::tools
