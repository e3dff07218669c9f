#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

/// `penstock pack`: any data set into LMDB.
std::unique_ptr<Command> make_pack_command();

}  // namespace penstock::tools
