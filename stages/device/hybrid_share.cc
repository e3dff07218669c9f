#include "stages/device/hybrid_share.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <thread>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace penstock::device {

HybridShare::HybridShare(const Options& options, Clock& clock) : options_(options), clock_(clock) {
  for (const double share : {options.first, options.fixed.value_or(0)})
    if (!(share >= 0 && share <= 1))
      throw Error(Code::kUsage, "the GPU's share of decoding is from 0 to 1, not " + std::to_string(share));
  if (options.window == 0) throw Error(Code::kUsage, "a median looks back on one piece at least");
}

double HybridShare::ns_per_record(Side side) const {
  const auto& seen = seen_[static_cast<size_t>(side)];
  if (seen.empty()) return 0;
  std::vector<double> sorted(seen.begin(), seen.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

double HybridShare::share() const {
  if (options_.fixed) return *options_.fixed;
  const double cpu = ns_per_record(Side::kCpu), gpu = ns_per_record(Side::kGpu);
  return cpu > 0 && gpu > 0 ? cpu / (cpu + gpu) : options_.first;
}

double HybridShare::gpu_share() const {
  const std::lock_guard lock(mutex_);
  return share();
}

size_t HybridShare::gpu_records(size_t records) const {
  const auto wanted = static_cast<size_t>(std::llround(gpu_share() * static_cast<double>(records)));
  if (options_.fixed || records < 2) return wanted;
  return std::clamp<size_t>(wanted, 1, records - 1);
}

void HybridShare::Piece::done() {
  if (records_ == 0) return;
  const auto ns = static_cast<double>(share_.clock_.now_ns() - began_ns_);
  share_.measured(side_, std::max(ns, 1.0) / static_cast<double>(records_));
}

void HybridShare::measured(Side side, double ns_per_record) {
  const std::lock_guard lock(mutex_);
  auto& seen = seen_[static_cast<size_t>(side)];
  seen.push_back(ns_per_record);
  if (seen.size() > options_.window) seen.pop_front();
}

std::string HybridShare::text() const {
  const std::lock_guard lock(mutex_);
  const auto rate = [&](Side side) {
    const double ns = ns_per_record(side);
    return ns > 0 ? " at " + rate_text(1e9 / ns, "images") : " (not measured)";
  };
  return "the GPU decodes " + percent_text(share()) + rate(Side::kGpu) + ", the CPU the rest" + rate(Side::kCpu);
}

void run_hybrid(HybridShare& share, size_t records, const Part& gpu, const Part& cpu) {
  const size_t first = share.gpu_records(records);
  const auto measured = [&](Side side, const Part& part, size_t begin, size_t end) -> std::exception_ptr {
    if (begin == end) return nullptr;
    try {
      HybridShare::Piece piece = share.begin(side, end - begin);
      part(begin, end);
      piece.done();
      return nullptr;
    } catch (...) { return std::current_exception(); }
  };
  std::exception_ptr gpu_failure;
  std::thread device;
  if (first > 0) device = std::thread([&] { gpu_failure = measured(Side::kGpu, gpu, 0, first); });
  const std::exception_ptr cpu_failure = measured(Side::kCpu, cpu, first, records);
  if (device.joinable()) device.join();
  if (cpu_failure) std::rethrow_exception(cpu_failure);
  if (gpu_failure) std::rethrow_exception(gpu_failure);
}

}  // namespace penstock::device
