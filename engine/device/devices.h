// Devices by name. Which kinds there are is chosen when the program is linked.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/device/device.h"

namespace penstock {

/// "sim:0,bandwidth=1GB,step_ms=20" taken apart: kind "sim", index 0, options in the order given.
struct DeviceSpec {
  std::string text;
  std::string kind;
  uint32_t index = 0;
  std::vector<std::pair<std::string, std::string>> options;
};
/// Error kUsage where the text is no spec.
DeviceSpec parse_device_spec(std::string_view text);

/// A device that open_device would open here.
struct DeviceInfo {
  std::string spec;           ///< "cuda:0"
  std::string description;    ///< "NVIDIA H100", "simulated GPU ..."
  uint64_t memory_bytes = 0;  ///< 0: not stated
};

/// One kind of device.
struct DeviceMaker {
  std::string kind;
  /// Error kDevice where there is none (says why), kUsage for an option it does not know.
  std::function<std::unique_ptr<Device>(const DeviceSpec&, Clock&)> open;
  std::function<std::vector<DeviceInfo>()> list;
  /// Why it lists nothing ("no driver: ..."), or an empty text; may be unset.
  std::function<std::string()> why_none = {};
};

/// The kinds of this program, in the order that people are shown. Defined in makers_cpu.cc (cpu, sim, and a `cuda` that
/// says that it is not built in); a program with CUDA links the definition of engine/cuda/ in its place.
std::vector<DeviceMaker> device_makers();
DeviceMaker cpu_maker();
DeviceMaker sim_maker();
/// A kind that is known but not there: opening it throws Error kDevice with `why`; it lists nothing.
DeviceMaker absent_maker(std::string kind, std::string why);

/// "cpu", "sim:0", "sim:0,bandwidth=12GB,memory=2GiB,step_ms=20", "cuda:0". Options of sim: bandwidth (bytes per
/// second), memory (bytes), step_ms (what a launch takes). cpu: memory. The clock must outlive the device.
/// Error kDevice where the device is not there: says why, and names the ones that are.
std::unique_ptr<Device> open_device(std::string_view spec, Clock& clock = Clock::system());
std::vector<DeviceInfo> list_devices();
/// A line for each kind that this program knows and this machine lacks: "cuda: no driver: ...".
std::vector<std::string> missing_devices();

}  // namespace penstock
