#include "stages/device/decode_share.h"

#include "engine/base/bytes.h"

namespace penstock::device {
namespace {

// Records of a CPU's piece: single ones differ by their size.
constexpr uint64_t kCpuPiece = 16;

double seconds_of(int64_t ns) { return static_cast<double>(ns) * 1e-9; }

std::string by_text(const DecodeCounts::By& by, const char* worker) {
  return std::to_string(by.records) + (by.records == 1 ? " record" : " records") +
         (by.busy_seconds > 0 ? " at " + rate_text(by.records_per_second(), "images") + " a " + worker : "");
}

}  // namespace

void DecodeCounts::add(const DecodeCounts& other) {
  cpu.records += other.cpu.records;
  cpu.busy_seconds += other.cpu.busy_seconds;
  lanes.records += other.lanes.records;
  lanes.busy_seconds += other.lanes.busy_seconds;
  not_verified += other.not_verified;
  other_kinds += other.other_kinds;
  too_long += other.too_long;
  given_back += other.given_back;
}

std::string DecodeCounts::text() const {
  std::string why;
  const auto reason = [&](uint64_t records, const char* words) {
    if (records > 0) why += (why.empty() ? " (" : ", ") + std::to_string(records) + " " + words;
  };
  reason(not_verified, "not verified yet");
  reason(other_kinds, "of a kind that no device is given");
  reason(too_long, "longer than max_encoded");
  reason(given_back, "that a lane's decoder gave back");
  return "the lanes decoded " + by_text(lanes, "lane") + ", the CPUs " + by_text(cpu, "thread") +
         (why.empty() ? "" : why + ")");
}

DecodeShare::DecodeShare(const Options& options, Clock& clock)
    : options_(options), clock_(clock), share_(options.share) {}

void DecodeShare::cpu_did(Why why, int64_t ns) {
  const std::lock_guard lock(mutex_);
  ++counts_.cpu.records;
  counts_.cpu.busy_seconds += seconds_of(ns);
  counts_.not_verified += why == Why::kNotVerified;
  counts_.other_kinds += why == Why::kOtherKind;
  counts_.too_long += why == Why::kTooLong;
  piece_ns_ += ns;
  if (++piece_records_ < kCpuPiece) return;
  share_.measured(Side::kCpu, piece_records_, piece_ns_);
  piece_records_ = 0;
  piece_ns_ = 0;
}

void DecodeShare::lane_did(uint64_t records, uint64_t given_back, int64_t ns) {
  const std::lock_guard lock(mutex_);
  counts_.lanes.records += records;
  counts_.lanes.busy_seconds += seconds_of(ns);
  counts_.cpu.records += given_back;
  counts_.given_back += given_back;
  share_.measured(Side::kGpu, records + given_back, ns);
}

DecodeCounts DecodeShare::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace penstock::device
