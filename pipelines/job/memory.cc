#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "engine/base/bytes.h"
#include "engine/device/devices.h"
#include "pipelines/job/job.h"

namespace penstock {
namespace {

constexpr uint64_t kUnknown = std::numeric_limits<uint64_t>::max();

// The first number of a file of the kernel's; kUnknown where there is none ("max") or no such file.
uint64_t number_in(const std::string& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  return file >> number ? number : kUnknown;
}

uint64_t machine_available() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("MemAvailable:")) continue;
    std::istringstream words(line.substr(13));
    uint64_t kib = 0;
    if (words >> kib) return kib * 1024;
  }
  return kUnknown;
}

// The rest of a limit; page cache counts as used there though it can be dropped, so inactive file pages are given back.
uint64_t rest_of(const std::string& folder, const char* limit_name, const char* used_name) {
  const uint64_t limit = number_in(folder + limit_name);
  uint64_t used = number_in(folder + used_name);
  if (limit == kUnknown || used == kUnknown) return kUnknown;
  std::ifstream stat(folder + "/memory.stat");
  for (std::string key; stat >> key;) {
    uint64_t value = 0;
    stat >> value;
    if (key == "inactive_file") used -= std::min(used, value);
  }
  return limit - std::min(limit, used);
}

// This process's own group, then those above it, up to the root: each may have a limit. cgroup v2 and v1.
uint64_t cgroup_available() {
  uint64_t least = kUnknown;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool v2 = controllers.empty();
    if (!v2 && controllers.find("memory") == std::string::npos) continue;
    const std::string root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    std::string path = line.substr(second + 1);
    while (true) {
      const std::string folder = root + (path == "/" ? "" : path);
      least = std::min(least, v2 ? rest_of(folder, "/memory.max", "/memory.current")
                                 : rest_of(folder, "/memory.limit_in_bytes", "/memory.usage_in_bytes"));
      const size_t slash = path.rfind('/');
      if (path.size() <= 1 || slash == std::string::npos) break;
      path.resize(std::max<size_t>(slash, 1));
    }
  }
  return least;
}

}  // namespace

uint64_t available_memory_bytes() { return std::min(machine_available(), cgroup_available()); }

JobMemory choose_memory(const pipelines::BudgetSection& budget, bool pinned) {
  JobMemory memory;
  if (budget.ram) {
    memory.limits[Tier::kRam] = budget.ram->bytes;
    memory.text = "ram " + bytes_text(budget.ram->bytes);
  } else if (const uint64_t available = available_memory_bytes(); available != kUnknown) {
    const uint64_t half = std::max<uint64_t>(1, available / 2);  // 0 would mean: without a limit
    memory.limits[Tier::kRam] = half;  // the other half: the network, its optimiser, the page cache
    memory.text = "ram " + bytes_text(half) + " (chosen: half of what is free; set budget.ram for another)";
  } else {
    memory.text = "ram without a limit (what is free could not be measured; set budget.ram)";
  }
  if (budget.pinned) {
    memory.limits[Tier::kPinned] = budget.pinned->bytes;
    memory.text += ", pinned " + bytes_text(budget.pinned->bytes);
  } else if (pinned && memory.limits[Tier::kRam] >= 4) {
    memory.limits[Tier::kPinned] = memory.limits[Tier::kRam] / 4;
    memory.limits[Tier::kRam] -= memory.limits[Tier::kPinned];
    memory.text += ", of it pinned " + bytes_text(memory.limits[Tier::kPinned]) +
                   " (chosen: a quarter; set budget.pinned for another)";
  }
  if (budget.gpu) {
    memory.limits[Tier::kGpu] = budget.gpu->bytes;
    memory.text += ", gpu " + bytes_text(budget.gpu->bytes);
  }
  return memory;
}

JobMemory choose_memory(const pipelines::Recipe& recipe) {
  return choose_memory(recipe.budget, std::ranges::all_of(recipe.lanes.devices, [](const std::string& device) {
                         return parse_device_spec(device).kind != "cpu";
                       }));
}

}  // namespace penstock
