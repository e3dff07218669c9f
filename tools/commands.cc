#include "tools/cmd_devices.h"
#include "tools/command.h"

namespace penstock::tools {

std::vector<std::unique_ptr<Command>> all_commands() {
  std::vector<std::unique_ptr<Command>> commands;
  commands.push_back(make_devices_command());
  return commands;
}

}  // namespace penstock::tools
