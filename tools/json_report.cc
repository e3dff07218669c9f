#include "tools/json_report.h"

#include <algorithm>

#include "pipelines/stream/tiers.h"

namespace penstock::tools {

Json json_of(const Report& report) {
  Json stages = Json::array();
  for (const StageReport& stage : report.stages) {
    stages.push_back({{"name", stage.name},
                      {"busy_seconds", stage.busy_seconds},
                      {"starved_seconds", stage.starved_seconds},
                      {"blocked_seconds", stage.blocked_seconds},
                      {"records", stage.records},
                      {"threads", stage.threads}});
  }
  return {{"records", report.records},
          {"rejected", report.rejected},
          {"replaced", report.replaced},
          {"batches", report.batches},
          {"seconds", report.seconds},
          {"records_per_second", report.records_per_second()},
          {"first_batch_seconds", report.first_batch_seconds},
          {"batch_wait_seconds",
           {{"p50", report.batch_wait.quantile(0.5)},
            {"p99", report.batch_wait.quantile(0.99)},
            {"max", report.batch_wait.max_seconds()}}},
          {"bytes_read", report.bytes_read},
          {"peak_budget_bytes", report.peak_budget_bytes},
          {"bottleneck", report.bottleneck()},
          {"threads", report.threads},
          {"stages", stages}};
}

Json json_of(const TierUse& tier, uint64_t records) {
  Json json{{"name", tier.name},
            {"hits", tier.hits},
            {"misses", tier.misses},
            {"bytes_needed", tier.bytes_needed},
            {"bytes_read", tier.bytes_read},
            {"reads", tier.reads},
            {"busy_seconds", tier.busy_seconds},
            {"achieved_bytes_per_second", achieved_bytes_per_second(tier)},
            {"predicted_bytes_per_second", tier.predicted_bytes_per_second},
            {"predicted_seconds", tier.predicted_seconds}};
  if (tier.kept > 0) {
    json["kept"] = tier.kept;
    json["least_misses_an_epoch"] = records - std::min(records, tier.kept);
  }
  return json;
}

Json json_of(const Rejection& rejection) {
  Json json{{"id", rejection.record},   {"position", rejection.position}, {"attempt", rejection.attempt},
            {"stage", rejection.stage}, {"reason", rejection.reason},     {"replaced", rejection.replaced}};
  if (rejection.replaced) json["replacement"] = rejection.replacement;
  return json;
}

}  // namespace penstock::tools
