#include "engine/run/report.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

namespace penstock {

void DurationHistogram::add(int64_t ns) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(ns, 1));
  const int octave = std::bit_width(value) - 1;
  const uint64_t fraction = octave >= 4 ? (value >> (octave - 4)) & 15 : (value << (4 - octave)) & 15;
  ++buckets_[octave * kPerOctave + static_cast<int>(fraction)];
  ++count_;
  max_ = std::max(max_, ns);
}

double DurationHistogram::quantile(double q) const {
  if (count_ == 0) return 0;
  const auto rank = static_cast<uint64_t>(std::ceil(q * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (int i = 0; i < 64 * kPerOctave; ++i) {
    seen += buckets_[i];
    if (seen >= std::max<uint64_t>(rank, 1)) {
      const double low = std::ldexp(1.0 + (i % kPerOctave) / double{kPerOctave}, i / kPerOctave);
      return std::min(low * (1 + 0.5 / kPerOctave) * 1e-9, max_seconds());
    }
  }
  return max_seconds();
}

namespace {

/// Sums over the stages that run on the compute threads.
struct Compute {
  double busy = 0;
  double starved = 0;
  double blocked = 0;
  const StageReport* top = nullptr;
};

Compute compute_of(const std::vector<StageReport>& stages) {
  Compute sum;
  for (const StageReport& stage : stages) {
    if (stage.name == "read" || stage.name == "consumer") continue;
    sum.busy += stage.busy_seconds;
    sum.starved = std::max(sum.starved, stage.starved_seconds);
    sum.blocked = std::max(sum.blocked, stage.blocked_seconds);
    if (sum.top == nullptr || stage.busy_seconds > sum.top->busy_seconds) sum.top = &stage;
  }
  return sum;
}

const StageReport* find(const std::vector<StageReport>& stages, const char* name) {
  for (const StageReport& stage : stages)
    if (stage.name == name) return &stage;
  return nullptr;
}

}  // namespace

std::string Report::bottleneck() const {
  const Compute compute = compute_of(stages);
  const StageReport* consumer = find(stages, "consumer");
  // A consumer that is hardly ever kept waiting is what all the rest waits for.
  if (consumer != nullptr && consumer->busy_seconds > consumer->starved_seconds &&
      (compute.blocked >= compute.starved || consumer->busy_seconds > 9 * consumer->starved_seconds))
    return "consumer";
  if (compute.top != nullptr && compute.busy >= compute.starved) return compute.top->name;
  return stages.empty() ? "" : "read";
}

std::string Report::text() const {
  char line[400];
  std::string text;
  const std::string limit = bottleneck();
  const StageReport* stage = find(stages, limit.c_str());
  if (stage != nullptr && seconds > 0) {
    const double share = stage->busy_seconds / (seconds * std::max(1u, stage->threads));
    std::snprintf(line, sizeof line, "%s limited this run: busy %.0f %% of %u %s for %.1f s.\n", limit.c_str(),
                  100 * share, stage->threads, stage->threads == 1 ? "thread" : "threads", seconds);
    text += line;
    if (limit == "consumer")
      text += "Batches were ready before they were asked for: a faster step or device lifts it, more cores do not.\n";
    else if (limit == "read")
      text += "The compute threads waited for bytes: a faster disk, larger reads or a cache lifts it.\n";
    else
      text +=
          "The compute threads were the limit: more cores, smaller or pre-resized pictures, or a cheaper stage lift "
          "it.\n";
  }
  std::snprintf(line, sizeof line, "%llu records in %llu batches, %.1f records/s, first batch after %.3f s\n",
                static_cast<unsigned long long>(records), static_cast<unsigned long long>(batches),
                records_per_second(), first_batch_seconds);
  text += line;
  if (rejected > 0) {
    std::snprintf(line, sizeof line, "%llu records refused, %llu replaced\n", static_cast<unsigned long long>(rejected),
                  static_cast<unsigned long long>(replaced));
    text += line;
  }
  std::snprintf(line, sizeof line, "%-16s %8s %8s %8s  of thread time (threads)\n", "stage", "busy", "starved",
                "blocked");
  text += line;
  for (const StageReport& row : stages) {
    const double whole = std::max(1e-9, seconds * std::max(1u, row.threads)) / 100;
    std::snprintf(line, sizeof line, "%-16s %7.1f%% %7.1f%% %7.1f%%  (%u)\n", row.name.c_str(),
                  row.busy_seconds / whole, row.starved_seconds / whole, row.blocked_seconds / whole, row.threads);
    text += line;
  }
  return text;
}

}  // namespace penstock
