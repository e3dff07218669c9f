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

namespace {

json json_of(const device::DecodeCounts& d) {
  const auto by = [](const device::DecodeCounts::By& b) {
    return json{
        {"records", b.records}, {"busy_seconds", b.busy_seconds}, {"records_per_second", b.records_per_second()}};
  };
  return {{"lanes", by(d.lanes)},
          {"cpu", by(d.cpu)},
          {"cpu_because",
           {{"not_verified", d.not_verified},
            {"other_kinds", d.other_kinds},
            {"too_long", d.too_long},
            {"given_back", d.given_back}}}};
}

json json_of(const learn::RowsBrought& r) {
  return {{"ahead_seconds", r.ahead_seconds},   {"step_seconds", r.step_seconds},
          {"update_seconds", r.update_seconds}, {"batches", r.batches},
          {"batches_ahead", r.batches_ahead},   {"rows", r.rows},
          {"rows_again", r.rows_again}};
}

void read_json(const json& in, learn::RowsBrought& out) {
  in.at("ahead_seconds").get_to(out.ahead_seconds);
  in.at("step_seconds").get_to(out.step_seconds);
  in.at("update_seconds").get_to(out.update_seconds);
  in.at("batches").get_to(out.batches);
  in.at("batches_ahead").get_to(out.batches_ahead);
  in.at("rows").get_to(out.rows);
  in.at("rows_again").get_to(out.rows_again);
}

void read_json(const json& in, device::DecodeCounts& out) {
  const auto by = [&](const char* name, device::DecodeCounts::By& b) {
    in.at(name).at("records").get_to(b.records);
    in.at(name).at("busy_seconds").get_to(b.busy_seconds);
  };
  by("lanes", out.lanes);
  by("cpu", out.cpu);
  const json& why = in.at("cpu_because");
  why.at("not_verified").get_to(out.not_verified);
  why.at("other_kinds").get_to(out.other_kinds);
  why.at("too_long").get_to(out.too_long);
  why.at("given_back").get_to(out.given_back);
}

}  // namespace

std::string Totals::to_json() const {
  json stage_rows = json::array();
  for (const StageReport& s : stages)
    stage_rows.push_back({{"name", s.name},
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
  json out{{"seconds", seconds},
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
           {"stages", stage_rows},
           {"tiers", tier_rows}};
  if (!decoders.empty()) out["decoders"] = json_of(decoders);
  if (rows.any()) out["embedding_rows"] = json_of(rows);
  return out.dump();
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
    if (const auto found = in.find("decoders"); found != in.end()) read_json(*found, out.decoders);
    if (const auto found = in.find("embedding_rows"); found != in.end()) read_json(*found, out.rows);
  } catch (const json::exception& error) {
    throw Error(Code::kData, std::string("the totals of a run make no sense: ") + error.what());
  }
  return out;
}

device::DecodeCounts over_all(Together& together, const device::DecodeCounts& mine) {
  std::vector<double> values = {static_cast<double>(mine.lanes.records), mine.lanes.busy_seconds,
                                static_cast<double>(mine.cpu.records),   mine.cpu.busy_seconds,
                                static_cast<double>(mine.not_verified),  static_cast<double>(mine.other_kinds),
                                static_cast<double>(mine.too_long),      static_cast<double>(mine.given_back)};
  together.sum(values);
  const auto count = [&](size_t i) { return static_cast<uint64_t>(values[i]); };
  return {.cpu = {count(2), values[3]},
          .lanes = {count(0), values[1]},
          .not_verified = count(4),
          .other_kinds = count(5),
          .too_long = count(6),
          .given_back = count(7)};
}

}  // namespace penstock::train
