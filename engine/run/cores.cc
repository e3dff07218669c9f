#include "engine/run/cores.h"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include "engine/run/arena.h"

namespace penstock {
namespace {

/// CPUs of cgroup v2's cpu.max ("max 100000" or "150000 100000"), or 0 where there is no quota.
unsigned cgroup_cpus(const std::string& file) {
  std::ifstream in(file);
  std::string quota;
  double period = 0;
  if (!(in >> quota >> period) || quota == "max" || period <= 0) return 0;
  const double cpus = std::strtod(quota.c_str(), nullptr) / period;
  return static_cast<unsigned>(std::max(1.0, cpus + 0.999));
}

unsigned cgroup_v1_cpus() {
  std::ifstream quota_in("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream period_in("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double quota = 0;
  double period = 0;
  if (!(quota_in >> quota) || !(period_in >> period) || quota <= 0 || period <= 0) return 0;
  return static_cast<unsigned>(std::max(1.0, quota / period + 0.999));
}

/// The process's own cgroup (v2): "0::/user.slice/job" in /proc/self/cgroup.
std::string own_cgroup() {
  std::ifstream in("/proc/self/cgroup");
  for (std::string line; std::getline(in, line);)
    if (line.rfind("0::", 0) == 0) return line.substr(3);
  return "/";
}

}  // namespace

Cores::Cores(unsigned count, bool yield_to_step)
    : count_(count == 0 ? available() : count), arena_(std::make_unique<Arena>(count_, yield_to_step)) {}

Cores::~Cores() = default;

unsigned Cores::available() {
  unsigned least = 1;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) least = static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  const auto limit = [&](unsigned cpus) {
    if (cpus > 0) least = std::min(least, cpus);
  };
  limit(cgroup_cpus("/sys/fs/cgroup" + own_cgroup() + "/cpu.max"));
  limit(cgroup_cpus("/sys/fs/cgroup/cpu.max"));
  limit(cgroup_v1_cpus());
  if (const char* slurm = std::getenv("SLURM_CPUS_PER_TASK"))
    limit(static_cast<unsigned>(std::strtoul(slurm, nullptr, 10)));
  return least;
}

void parallel_for(Cores& cores, size_t n, size_t grain, const std::function<void(size_t, size_t)>& body) {
  cores.arena().tasks().execute([&] {
    tbb::parallel_for(tbb::blocked_range<size_t>(0, n, grain),
                      [&](const tbb::blocked_range<size_t>& part) { body(part.begin(), part.end()); });
  });
}

}  // namespace penstock
