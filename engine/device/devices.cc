#include "engine/device/devices.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <thread>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "engine/device/cpu_device.h"
#include "engine/device/sim_device.h"

namespace penstock {
namespace {

Error bad_spec(std::string_view text, const std::string& why) {
  return Error(Code::kUsage, "'" + std::string(text) + "' names no device: " + why)
      .hint("a device is \"cpu\", \"cuda:0\" or \"sim:0,bandwidth=12GB,memory=8GiB,step_ms=20\"");
}

template <typename T>
bool parse_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

uint64_t bytes_option(const DeviceSpec& spec, const std::string& key, const std::string& value) {
  const auto size = parse_bytes(value);
  if (!size) throw bad_spec(spec.text, key + " is a size such as 8GiB, not '" + value + "'");
  return size->bytes;
}

[[noreturn]] void unknown_option(const DeviceSpec& spec, const std::string& key, std::vector<std::string> known) {
  throw bad_spec(spec.text, "unknown option '" + key + "'" + nearest_hint(key, known));
}

uint64_t machine_memory() {
  return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string devices_text() {
  std::string all;
  for (const DeviceInfo& info : list_devices()) all += (all.empty() ? "" : ", ") + info.spec;
  return all;
}

}  // namespace

DeviceSpec parse_device_spec(std::string_view text) {
  DeviceSpec spec{.text = std::string(text), .kind = {}, .index = 0, .options = {}};
  const std::string_view device = text.substr(0, text.find(','));
  const size_t colon = device.find(':');
  spec.kind = device.substr(0, colon);
  if (spec.kind.empty()) throw bad_spec(text, "it has no kind");
  if (colon != std::string_view::npos && !parse_number(device.substr(colon + 1), spec.index)) {
    throw bad_spec(text, "'" + std::string(device.substr(colon + 1)) + "' is no number");
  }
  for (size_t at = device.size(); at < text.size();) {
    const size_t end = std::min(text.find(',', at + 1), text.size());
    const std::string_view option = text.substr(at + 1, end - at - 1);
    const size_t equals = option.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      throw bad_spec(text, "'" + std::string(option) + "' is no option of the form key=value");
    }
    spec.options.emplace_back(option.substr(0, equals), option.substr(equals + 1));
    at = end;
  }
  return spec;
}

DeviceMaker cpu_maker() {
  DeviceMaker maker;
  maker.kind = "cpu";
  maker.open = [](const DeviceSpec& spec, Clock& clock) {
    if (spec.index != 0) throw bad_spec(spec.text, "there is one cpu");
    uint64_t memory_bytes = 0;
    for (const auto& [key, value] : spec.options) {
      if (key != "memory") unknown_option(spec, key, {"memory"});
      memory_bytes = bytes_option(spec, key, value);
    }
    return make_cpu_device(memory_bytes, clock);
  };
  maker.list = [] {
    const std::string threads = std::to_string(std::thread::hardware_concurrency());
    return std::vector<DeviceInfo>{{"cpu", "the CPU, " + threads + " hardware threads", machine_memory()}};
  };
  return maker;
}

DeviceMaker sim_maker() {
  DeviceMaker maker;
  maker.kind = "sim";
  maker.open = [](const DeviceSpec& spec, Clock& clock) {
    SimOptions options;
    options.index = spec.index;
    for (const auto& [key, value] : spec.options) {
      if (key == "bandwidth") {
        options.copy_bytes_per_second = static_cast<double>(bytes_option(spec, key, value));
      } else if (key == "memory") {
        options.memory_bytes = bytes_option(spec, key, value);
      } else if (key == "step_ms") {
        double step_ms = 0;
        if (!parse_number(value, step_ms) || !(step_ms >= 0 && step_ms <= 1e9)) {
          throw bad_spec(spec.text, "step_ms is a number of milliseconds, not '" + value + "'");
        }
        options.launch_ns = std::llround(step_ms * 1e6);
      } else {
        unknown_option(spec, key, {"bandwidth", "memory", "step_ms"});
      }
    }
    return make_sim_device(options, clock);
  };
  maker.list = [] {
    return std::vector<DeviceInfo>{{"sim:0", "a simulated GPU, for tests and rehearsals", SimOptions{}.memory_bytes}};
  };
  return maker;
}

DeviceMaker absent_maker(std::string kind, std::string why) {
  DeviceMaker maker;
  maker.kind = std::move(kind);
  maker.why_none = [why] { return why; };
  maker.open = [why = std::move(why)](const DeviceSpec& spec, Clock&) -> std::unique_ptr<Device> {
    throw Error(Code::kDevice, "cannot open '" + spec.text + "': " + why);
  };
  maker.list = [] { return std::vector<DeviceInfo>{}; };
  return maker;
}

std::unique_ptr<Device> open_device(std::string_view text, Clock& clock) {
  const DeviceSpec spec = parse_device_spec(text);
  std::vector<std::string> kinds;
  for (const DeviceMaker& maker : device_makers()) {
    kinds.push_back(maker.kind);
    if (maker.kind != spec.kind) continue;
    try {
      return maker.open(spec, clock);
    } catch (Error& e) {
      if (e.code() == Code::kDevice) e.hint("devices of this machine: " + devices_text());
      throw;
    }
  }
  throw bad_spec(text, "unknown kind '" + spec.kind + "'" + nearest_hint(spec.kind, kinds));
}

std::vector<DeviceInfo> list_devices() {
  std::vector<DeviceInfo> all;
  for (const DeviceMaker& maker : device_makers()) {
    for (DeviceInfo& info : maker.list()) all.push_back(std::move(info));
  }
  return all;
}

std::vector<std::string> missing_devices() {
  std::vector<std::string> lines;
  for (const DeviceMaker& maker : device_makers()) {
    const std::string why = maker.why_none ? maker.why_none() : "";
    if (!why.empty()) lines.push_back(maker.kind + ": " + why);
  }
  return lines;
}

}  // namespace penstock
