// A run's report in words: what limited it first, figures after.
#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "engine/base/bytes.h"
#include "pipelines/recipe/changes.h"
#include "pipelines/stream/tiers.h"
#include "pipelines/train/report_job.h"

namespace penstock::train {
namespace {

[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...) {
  char line[512];
  va_list args;
  va_start(args, pattern);
  std::vsnprintf(line, sizeof line, pattern, args);
  va_end(args);
  return line;
}

const char* unit_of(const RunReport& report) { return report.recipe.table ? "rows" : "images"; }

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

/// Images a second that the stages before the lane could make, had they the cores for themselves; 0: not known.
double decode_rate(const Totals& t) {
  double busy = 0;
  for (const StageReport& stage : t.stages)
    if (stage.name != "read" && stage.name != "consumer") busy += stage.busy_seconds;
  return busy > 0 ? static_cast<double>(t.records) * t.threads / busy : 0;
}

double step_rate(const Totals& t) { return t.step_seconds > 0 ? static_cast<double>(t.records) / t.step_seconds : 0; }

/// The tier whose device was busy longest.
const TierUse* busiest(const Totals& t) {
  const TierUse* most = nullptr;
  for (const TierUse& tier : t.tiers)
    if (most == nullptr || tier.busy_seconds > most->busy_seconds) most = &tier;
  return most != nullptr && most->busy_seconds > 0 ? most : nullptr;
}

std::string what_would_lift_reading(const RunReport& report) {
  const TierUse* tier = busiest(report.totals);
  const bool on_hdd = tier != nullptr && tier->name.starts_with("hdd");
  std::string out;
  if (tier != nullptr)
    out += format("Tier '%s' was busy for %s of the training and gave %s of the %s that its model says.\n",
                  tier->name.c_str(), percent_text(share(tier->busy_seconds, report.totals.pass_seconds)).c_str(),
                  byte_rate_text(achieved_bytes_per_second(*tier)).c_str(),
                  byte_rate_text(tier->predicted_bytes_per_second).c_str());
  out += "What would lift it: ";
  if (on_hdd && report.recipe.data.order == Order::kFull)
    out +=
        "data.order = \"block\" with a set that was packed with --shuffle (full order moves the arm for each record); ";
  if (!report.recipe.budget.ssd) out += "an SSD tier (budget.ssd); ";
  return out + "a larger budget.ram, which keeps more records; a faster disk.\n";
}

std::string what_limited(const RunReport& report) {
  const Totals& t = report.totals;
  const double training = t.step_seconds + t.data_wait_seconds;
  const std::string limit = t.as_report().bottleneck();
  const bool on_cpu = report.device.starts_with("cpu");
  std::string out;
  if (limit == "consumer") {
    out = format(
        "The step limited this run: the network was at work for %s of the training time, and waited for data for %s of "
        "it.\n",
        percent_text(share(t.step_seconds, training)).c_str(),
        percent_text(share(t.data_wait_seconds, training)).c_str());
    if (report.recipe.table)
      out += on_cpu ? "What would lift it: more cores or a GPU (lanes.devices), larger batches (data.batch), a smaller "
                      "network.\n"
                    : "What would lift it: larger batches (data.batch), a faster device, a smaller network.\n";
    else
      out += on_cpu ? "What would lift it: more cores or a GPU (lanes.devices), a smaller network or smaller pictures. "
                      "Faster decoding lifts it\n"
                      "only by the cores that it leaves to the step.\n"
                    : "What would lift it: a faster device, a smaller network or smaller pictures. Faster disks and "
                      "decoding would not.\n";
  } else if (limit == "read") {
    out = format(
        "Reading limited this run: the step waited for data for %s of the training time, and the decoders for bytes.\n",
        percent_text(share(t.data_wait_seconds, training)).c_str());
    out += what_would_lift_reading(report);
  } else {
    out = format(
        "Stage '%s' limited this run: the step waited for data for %s of the training time while the stages were "
        "busy.\n",
        limit.c_str(), percent_text(share(t.data_wait_seconds, training)).c_str());
    out += report.recipe.table
               ? "What would lift it: more cores (--threads), or a packed table (penstock pack DATA DEST.arrow).\n"
               : "What would lift it: more cores (--threads), or data that was resized when packed (penstock pack "
                 "--resize PX).\n";
  }
  const double decode = decode_rate(t), step = step_rate(t);
  if (decode > 0 && step > 0) {
    const double predicted = on_cpu ? 1 / (1 / decode + 1 / step) : std::min(decode, step);
    out += format("The step took %.1f %s/s while it had one, the stages before it make %.1f on %u threads; ", step,
                  unit_of(report), decode, t.threads);
    out += on_cpu ? format("one after the other that is %.1f, ", predicted)
                  : format("side by side that is %.1f, ", predicted);
    out += format("achieved were %.1f.\n", t.records_per_second());
  }
  return out;
}

std::string where_time_went(const Totals& t) {
  const double rest = t.seconds - t.step_seconds - t.data_wait_seconds - t.evaluation_seconds - t.checkpoint_seconds;
  return format("Of %s: steps %s, waiting for data %s, evaluation %s, checkpoints %s, the rest %s.\n",
                duration_text(t.seconds).c_str(), percent_text(share(t.step_seconds, t.seconds)).c_str(),
                percent_text(share(t.data_wait_seconds, t.seconds)).c_str(),
                percent_text(share(t.evaluation_seconds, t.seconds)).c_str(),
                percent_text(share(t.checkpoint_seconds, t.seconds)).c_str(),
                percent_text(share(std::max(0.0, rest), t.seconds)).c_str());
}

/// Of embeddings that are trained row by row.
std::string rows_text(const Totals& t) {
  const learn::RowsBrought& r = t.rows;
  if (!r.any()) return "";
  return format(
      "Rows of embeddings in RAM: brought ahead for %s of the steps, by a thread that was busy for %s. In the steps %s "
      "went\ninto getting rows and %s into gradients and updates of rows; %s of the rows were read again because a "
      "step "
      "had\nchanged them on the way.\n",
      percent_text(share(static_cast<double>(r.batches_ahead), static_cast<double>(r.batches))).c_str(),
      duration_text(r.ahead_seconds).c_str(), percent_text(share(r.step_seconds, t.step_seconds)).c_str(),
      percent_text(share(r.update_seconds, t.step_seconds)).c_str(),
      percent_text(share(static_cast<double>(r.rows_again), static_cast<double>(r.rows))).c_str());
}

std::string stage_table(const Totals& t) {
  std::string out =
      format("%-16s %8s %8s %8s   of the thread time of the training\n", "stage", "busy", "starved", "blocked");
  for (const StageReport& stage : t.stages) {
    const double whole = t.pass_seconds * std::max(1u, stage.threads);
    out += format("%-16s %7.1f%% %7.1f%% %7.1f%%   %u %s\n", stage.name == "consumer" ? "step" : stage.name.c_str(),
                  100 * share(stage.busy_seconds, whole), 100 * share(stage.starved_seconds, whole),
                  100 * share(stage.blocked_seconds, whole), stage.threads, stage.threads == 1 ? "thread" : "threads");
  }
  return out;
}

/// Epochs that say the same stand in one line.
std::string ledger_text(const RunReport& report) {
  std::string out;
  for (const std::string& doubt : report.doubts)
    out += "NOT PROVEN that every record was seen exactly once an epoch: " + doubt + "\n";
  if (report.proofs.empty()) return out + (out.empty() ? "The ledger is empty: no step was taken.\n" : "");
  out += report.proven()
             ? "The ledger proves that every record was seen exactly once an epoch, or is named in quarantine.jsonl:\n"
             : "What its entries say:\n";
  const auto words = [](const EpochProof& p) { return p.text().substr(p.text().find(':')); };
  for (size_t i = 0; i < report.proofs.size();) {
    size_t end = i + 1;
    while (end < report.proofs.size() && words(report.proofs[end]) == words(report.proofs[i])) ++end;
    const EpochProof& first = report.proofs[i];
    out += end - i == 1 ? "  " + first.text() + "\n"
                        : format("  epochs %llu to %llu", static_cast<unsigned long long>(first.epoch + 1),
                                 static_cast<unsigned long long>(report.proofs[end - 1].epoch + 1)) +
                              words(first) + "\n";
    i = end;
  }
  return out;
}

std::string figures_text(const std::vector<EpochMetrics>& epochs) {
  const EpochMetrics& last = epochs.back();
  std::string out =
      format("After epoch %llu: training loss %.4g", static_cast<unsigned long long>(last.epoch + 1), last.train_loss);
  if (last.rows != Task::kRegression) out += ", accuracy " + percent_text(last.train_top1);
  if (!last.figures.empty())
    out += format("; validation loss %.4g, ", last.val_loss.value_or(0)) + metrics::text_of(last.figures);
  out += ".\n";
  const EpochMetrics* best = nullptr;
  for (const EpochMetrics& m : epochs)
    if (!m.figures.empty() && (best == nullptr || metrics::better(best->figures.front(), m.figures.front()))) best = &m;
  if (best != nullptr && best->epoch != last.epoch)
    out += format("The best was epoch %llu: validation ", static_cast<unsigned long long>(best->epoch + 1)) +
           metrics::text_of(std::span(best->figures).first(1)) + ".\n";
  return out;
}

std::string accuracy_text(const RunReport& report) {
  if (report.metrics.empty()) return "No epoch is finished yet.\n";
  if (report.metrics.back().rows) return figures_text(report.metrics);
  const EpochMetrics& last = report.metrics.back();
  std::string out =
      format("After epoch %llu: training loss %.4g, top-1 %s", static_cast<unsigned long long>(last.epoch + 1),
             last.train_loss, percent_text(last.train_top1).c_str());
  if (last.val_top1)
    out += format("; validation loss %.4g, top-1 %s, top-5 %s", *last.val_loss, percent_text(*last.val_top1).c_str(),
                  percent_text(*last.val_top5).c_str());
  out += ".\n";
  const EpochMetrics* best = nullptr;
  for (const EpochMetrics& m : report.metrics)
    if (m.val_top1 && (best == nullptr || *m.val_top1 > *best->val_top1)) best = &m;
  if (best != nullptr && best->epoch != last.epoch)
    out += format("The best was epoch %llu: validation top-1 %s.\n", static_cast<unsigned long long>(best->epoch + 1),
                  percent_text(*best->val_top1).c_str());
  return out;
}

std::string change(const char* what, double before, double after, const char* unit) {
  const double ratio = before != 0 ? after / before : 0;
  return format("  %-22s %12.4g -> %12.4g %s%s\n", what, before, after, unit,
                before != 0 ? format(" (x %.3f)", ratio).c_str() : "");
}

}  // namespace

std::string report_text(const RunReport& report) {
  const Totals& t = report.totals;
  std::string out =
      format("%s: %s on %s, %llu of %llu epochs, %llu steps%s\n\n", report.run.c_str(), report.recipe.net.arch.c_str(),
             report.device.c_str(), static_cast<unsigned long long>(report.epochs),
             static_cast<unsigned long long>(report.recipe.train.epochs), static_cast<unsigned long long>(report.steps),
             report.has_report ? "" : " (as of its newest checkpoint)");
  for (const std::string& note : report.notes) out += "warning: " + note + "\n";
  if (t.batches == 0) return out + "Nothing was saved of its speed yet.\n" + ledger_text(report);
  out += what_limited(report) + where_time_went(t) + rows_text(t) + "\n" + accuracy_text(report) + "\n" +
         ledger_text(report);
  if (report.quarantined > 0)
    out += format("%llu refusals in all: see %s/quarantine.jsonl\n",
                  static_cast<unsigned long long>(report.quarantined), report.run.c_str());
  out += "\n" + stage_table(t);
  uint64_t an_epoch = 0;
  for (const EpochProof& proof : report.proofs) an_epoch = std::max(an_epoch, proof.records);
  if (!t.decoders.empty()) out += "decoders, over all epochs: " + t.decoders.text() + "\n";
  if (!t.tiers.empty()) out += "tiers, over all epochs:\n" + tiers_text(t.tiers, an_epoch);
  out += format("%.1f %s/s, %s read, %s of memory at most, %s\n", t.records_per_second(), unit_of(report),
                bytes_text(t.bytes_read).c_str(), bytes_text(t.peak_budget_bytes).c_str(), report.machine.c_str());
  if (report.has_report) out += "weights " + report.weights_xxh3 + "\n";
  return out;
}

std::string comparison_text(const RunReport& first, const RunReport& second) {
  std::string out = "From " + first.run + " to " + second.run + "\n\n";
  const double ratio = share(second.totals.records_per_second(), first.totals.records_per_second());
  out += ratio == 0
             ? "There is no speed to compare.\n"
             : format("%s is %s: %.1f %s/s, before %.1f (x %.3f).\n", second.run.c_str(),
                      ratio > 1.02   ? "faster"
                      : ratio < 0.98 ? "slower"
                                     : "as fast",
                      second.totals.records_per_second(), unit_of(second), first.totals.records_per_second(), ratio);
  out += "Then it was limited by '" + first.totals.as_report().bottleneck() + "', now by '" +
         second.totals.as_report().bottleneck() + "'.\n\n";
  out += pipelines::differences_text(first.recipe, second.recipe);
  if (first.machine != second.machine) out += "  machine: " + first.machine + " -> " + second.machine + "\n";
  const Totals &a = first.totals, &b = second.totals;
  const auto per_record = [](double seconds, const Totals& t) {
    return t.records ? 1e3 * seconds / static_cast<double>(t.records) : 0;
  };
  const char* each = second.recipe.table ? "ms a row" : "ms an image";
  out += "\n" + change("step", per_record(a.step_seconds, a), per_record(b.step_seconds, b), each);
  out += change("waiting for data", per_record(a.data_wait_seconds, a), per_record(b.data_wait_seconds, b), each);
  for (const TierUse& tier : b.tiers) {
    for (const TierUse& other : a.tiers)
      if (other.name == tier.name)
        out += change((tier.name + " while busy").c_str(), achieved_bytes_per_second(other) * 1e-6,
                      achieved_bytes_per_second(tier) * 1e-6, "MB/s");
  }
  out += change("evaluation", a.evaluation_seconds, b.evaluation_seconds, "s");
  out += change("checkpoints", a.checkpoint_seconds, b.checkpoint_seconds, "s");
  out += change("all", a.seconds, b.seconds, "s");
  if (!first.metrics.empty() && !second.metrics.empty()) {
    const EpochMetrics &m = first.metrics.back(), &n = second.metrics.back();
    out += change("training loss", m.train_loss, n.train_loss, "");
    if (m.val_loss && n.val_loss) out += change("validation loss", *m.val_loss, *n.val_loss, "");
    for (size_t i = 0; i < std::min(m.figures.size(), n.figures.size()); ++i)
      if (m.figures[i].name == n.figures[i].name)
        out += change(("validation " + m.figures[i].name).c_str(), m.figures[i].value, n.figures[i].value, "");
    if (m.val_top1 && n.val_top1) out += change("validation top-1", 100 * *m.val_top1, 100 * *n.val_top1, "%");
  }
  if (first.has_report && second.has_report)
    out += first.weights_xxh3 == second.weights_xxh3 ? "\nThe weights are the same to the bit.\n"
                                                     : "\nThe weights differ.\n";
  return out;
}

}  // namespace penstock::train
