#include "stages/device/hybrid_share.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/order/draws.h"

namespace penstock::device {

HybridShare::HybridShare(const Options& options) : options_(options) {
  for (const double share : {options.first, options.fixed.value_or(0)})
    if (!(share >= 0 && share <= 1))
      throw Error(Code::kUsage, "the GPU's share of decoding is from 0 to 1, not " + std::to_string(share));
  if (options.window == 0) throw Error(Code::kUsage, "a rate looks back on one piece at least");
  if (!(options.cpu_workers > 0 && options.gpu_workers > 0))
    throw Error(Code::kUsage, "decoding is shared where both sides have a worker");
}

double HybridShare::ns_per_record(Side side) const {
  const auto& seen = seen_[static_cast<size_t>(side)];
  double records = 0, ns = 0;
  for (const Piece& piece : seen) records += piece.records, ns += piece.ns;
  if (records == 0) return 0;
  return ns / records / (side == Side::kCpu ? options_.cpu_workers : options_.gpu_workers);
}

double HybridShare::share() const {
  if (options_.fixed) return *options_.fixed;
  const double cpu = ns_per_record(Side::kCpu), gpu = ns_per_record(Side::kGpu);
  return std::clamp(cpu > 0 && gpu > 0 ? cpu / (cpu + gpu) : options_.first, kLeast, 1 - kLeast);
}

double HybridShare::gpu_share() const {
  const std::lock_guard lock(mutex_);
  return share();
}

Side HybridShare::side_of(uint64_t id, uint64_t epoch) const {
  Draws draws(0, epoch, id, draw_key("the decoders' shares"));
  return draws.bernoulli(gpu_share()) ? Side::kGpu : Side::kCpu;
}

void HybridShare::measured(Side side, size_t records, int64_t ns) {
  if (records == 0) return;
  const std::lock_guard lock(mutex_);
  auto& seen = seen_[static_cast<size_t>(side)];
  seen.push_back({static_cast<double>(records), std::max(static_cast<double>(ns), 1.0)});
  if (seen.size() > options_.window) seen.pop_front();
}

std::string HybridShare::text() const {
  const std::lock_guard lock(mutex_);
  const auto rate = [&](Side side) {
    const double ns = ns_per_record(side);
    return ns > 0 ? " at " + rate_text(1e9 / ns, "images") : " (not measured)";
  };
  return "the lanes decode " + percent_text(share()) + rate(Side::kGpu) + ", the CPUs the rest" + rate(Side::kCpu);
}

}  // namespace penstock::device
