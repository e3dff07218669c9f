#include "tools/cmd_devices.h"

#include "engine/base/bytes.h"
#include "engine/device/devices.h"

namespace penstock::tools {
namespace {

class DevicesCommand final : public Command {
 public:
  std::string_view name() const override { return "devices"; }
  std::string_view summary() const override { return "The devices that lanes.devices may name here"; }
  std::string_view example() const override { return "penstock devices --json"; }
  void add_options(CLI::App&) override {}

  int run(Context& context) override {
    std::string words;
    Json devices = Json::array();
    for (const DeviceInfo& device : list_devices()) {
      words += device.spec + "  " + device.description;
      if (device.memory_bytes > 0) words += ", " + bytes_text(device.memory_bytes);
      words += "\n";
      devices.push_back(
          {{"name", device.spec}, {"description", device.description}, {"memory_bytes", device.memory_bytes}});
    }
    const std::vector<std::string> missing = missing_devices();
    for (const std::string& line : missing) words += line + "\n";
    context.output.result(words, {{"devices", devices}, {"missing", missing}, {"cores", Cores::available()}});
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> make_devices_command() { return std::make_unique<DevicesCommand>(); }

}  // namespace penstock::tools
