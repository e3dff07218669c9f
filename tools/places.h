// Whether a command may write where it was told to, asked before it does anything.
#pragma once

#include <string>

namespace penstock::tools {

/// Error kUsage where `path` (the argument called `option`) lies in the data set `data`, or is it: what is written there would be
/// taken for a part of it. `data` as --data takes it, "kind:path" too; links are followed. "" for either: nothing is checked.
void require_outside_data(const std::string& path, const std::string& option, const std::string& data);

/// Error kUsage where no file can be written at `path`. What is there stays as it is.
void require_writable(const std::string& path, const std::string& option);

}  // namespace penstock::tools
