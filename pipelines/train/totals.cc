#include "pipelines/train/totals.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "pipelines/stream/tiers.h"

namespace penstock::train {

using nlohmann::json;

void Totals::add(const Report& report) {
  // A Run's time ends when it hands over its last batch; the step on that batch is the training's as well.
  double lane = 0;
  for (const StageReport& stage : report.stages)
    if (stage.name == "consumer") lane = stage.busy_seconds + stage.starved_seconds;
  pass_seconds += std::max(report.seconds, lane);
  records += report.records;
  batches += report.batches;
  rejected += report.rejected;
  replaced += report.replaced;
  bytes_read += report.bytes_read;
  peak_budget_bytes = std::max(peak_budget_bytes, report.peak_budget_bytes);
  threads = report.threads;
  add_tiers(tiers, report.tiers);
  for (const StageReport& stage : report.stages) {
    auto mine = std::find_if(stages.begin(), stages.end(), [&](const StageReport& s) { return s.name == stage.name; });
    if (mine == stages.end()) {
      stages.push_back(stage);
      continue;
    }
    mine->busy_seconds += stage.busy_seconds;
    mine->starved_seconds += stage.starved_seconds;
    mine->blocked_seconds += stage.blocked_seconds;
    mine->records += stage.records;
    mine->threads = stage.threads;
  }
}

double Totals::records_per_second() const {
  const double working = step_seconds + data_wait_seconds;
  return working > 0 ? static_cast<double>(records) / working : 0;
}

Report Totals::as_report() const {
  Report report;
  report.seconds = pass_seconds;
  report.records = records;
  report.batches = batches;
  report.rejected = rejected;
  report.replaced = replaced;
  report.bytes_read = bytes_read;
  report.peak_budget_bytes = peak_budget_bytes;
  report.threads = threads;
  report.stages = stages;
  report.tiers = tiers;
  return report;
}

std::string Totals::to_json() const {
  json rows = json::array();
  for (const StageReport& s : stages)
    rows.push_back({{"name", s.name},
                    {"busy_seconds", s.busy_seconds},
                    {"starved_seconds", s.starved_seconds},
                    {"blocked_seconds", s.blocked_seconds},
                    {"records", s.records},
                    {"threads", s.threads}});
  json tier_rows = json::array();
  for (const TierUse& t : tiers)
    tier_rows.push_back({{"name", t.name},
                         {"hits", t.hits},
                         {"misses", t.misses},
                         {"bytes_needed", t.bytes_needed},
                         {"bytes_read", t.bytes_read},
                         {"reads", t.reads},
                         {"busy_seconds", t.busy_seconds},
                         {"achieved_bytes_per_second", achieved_bytes_per_second(t)},
                         {"predicted_bytes_per_second", t.predicted_bytes_per_second},
                         {"predicted_seconds", t.predicted_seconds},
                         {"kept", t.kept}});
  return json{{"seconds", seconds},
              {"data_wait_seconds", data_wait_seconds},
              {"step_seconds", step_seconds},
              {"evaluation_seconds", evaluation_seconds},
              {"checkpoint_seconds", checkpoint_seconds},
              {"pass_seconds", pass_seconds},
              {"records", records},
              {"batches", batches},
              {"rejected", rejected},
              {"replaced", replaced},
              {"bytes_read", bytes_read},
              {"peak_budget_bytes", peak_budget_bytes},
              {"threads", threads},
              {"stages", rows},
              {"tiers", tier_rows}}
      .dump();
}

Totals Totals::from_json(std::string_view text) {
  Totals out;
  try {
    const json in = json::parse(text);
    in.at("seconds").get_to(out.seconds);
    in.at("data_wait_seconds").get_to(out.data_wait_seconds);
    in.at("step_seconds").get_to(out.step_seconds);
    in.at("evaluation_seconds").get_to(out.evaluation_seconds);
    in.at("checkpoint_seconds").get_to(out.checkpoint_seconds);
    in.at("pass_seconds").get_to(out.pass_seconds);
    in.at("records").get_to(out.records);
    in.at("batches").get_to(out.batches);
    in.at("rejected").get_to(out.rejected);
    in.at("replaced").get_to(out.replaced);
    in.at("bytes_read").get_to(out.bytes_read);
    in.at("peak_budget_bytes").get_to(out.peak_budget_bytes);
    in.at("threads").get_to(out.threads);
    for (const json& row : in.at("stages")) {
      StageReport s;
      row.at("name").get_to(s.name);
      row.at("busy_seconds").get_to(s.busy_seconds);
      row.at("starved_seconds").get_to(s.starved_seconds);
      row.at("blocked_seconds").get_to(s.blocked_seconds);
      row.at("records").get_to(s.records);
      row.at("threads").get_to(s.threads);
      out.stages.push_back(std::move(s));
    }
    for (const json& row : in.value("tiers", json::array())) {  // checkpoints of before have none
      TierUse t;
      row.at("name").get_to(t.name);
      row.at("hits").get_to(t.hits);
      row.at("misses").get_to(t.misses);
      row.at("bytes_needed").get_to(t.bytes_needed);
      row.at("bytes_read").get_to(t.bytes_read);
      row.at("reads").get_to(t.reads);
      row.at("busy_seconds").get_to(t.busy_seconds);
      row.at("predicted_bytes_per_second").get_to(t.predicted_bytes_per_second);
      row.at("predicted_seconds").get_to(t.predicted_seconds);
      row.at("kept").get_to(t.kept);
      out.tiers.push_back(std::move(t));
    }
  } catch (const json::exception& error) {
    throw Error(Code::kData, std::string("the totals of a run make no sense: ") + error.what());
  }
  return out;
}

}  // namespace penstock::train
