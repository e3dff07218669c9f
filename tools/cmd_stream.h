#pragma once

#include <memory>

#include "tools/command.h"

namespace penstock::tools {

/// `penstock stream`: what could the data side feed.
std::unique_ptr<Command> make_stream_command();

}  // namespace penstock::tools
