// A report of trees in words: what limited the run first, figures after.
#include <algorithm>
#include <cstdio>

#include "engine/base/bytes.h"
#include "engine/base/counted.h"
#include "pipelines/recipe/changes.h"
#include "pipelines/trees/trees_report.h"

namespace penstock::trees {
namespace {

constexpr size_t kFeaturesShown = 8;

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

/// "rmse 1.25, mae 0.9": those whose names begin with `prefix`, without it.
std::string listed(const NamedValues& all, std::string_view prefix) {
  std::string out;
  for (const auto& [name, value] : all)
    if (name.starts_with(prefix)) out += (out.empty() ? "" : ", ") + name.substr(prefix.size()) + " " + number(value);
  return out;
}

std::string what_limited(const TreesReport& report) {
  const TreesPosition& at = *report.position;
  const std::string limit = report.bottleneck();
  const auto of_all = [&](double seconds) { return percent_text(share(seconds, report.seconds)); };
  if (limit == "growing")
    return "Growing limited this run: XGBoost was at its rounds for " + of_all(at.grow_seconds) +
           " of the time.\nWhat would lift it: more cores (--threads), fewer rounds with a larger trees.eta, "
           "trees.early_stopping_rounds, a smaller trees.max_depth or trees.max_bin" +
           std::string(at.on_disk ? ", a budget.ram that holds the rows as bins (they lay on disk)" : "") +
           ". Faster data would not.\n";
  if (limit == "read")
    return "Data limited this run: for " + of_all(at.data_wait_seconds) +
           " of the time XGBoost waited for rows, which it asks for several times over.\nWhat would lift it: the "
           "packed "
           "form (penstock pack TABLE TABLE.arrow), more cores (--threads), a faster disk.\n";
  return "Cutting rows into bins limited this run: it took " + of_all(at.bins_seconds) + " of the time, " +
         of_all(at.data_wait_seconds) +
         " of it waiting for rows.\nWhat would lift it: more cores (--threads), a smaller trees.max_bin.\n";
}

std::string where_time_went(const TreesReport& report) {
  const TreesPosition& at = *report.position;
  const auto of_all = [&](double seconds) { return percent_text(share(std::max(0.0, seconds), report.seconds)); };
  return "Of " + duration_text(report.seconds) + ": waiting for rows " + of_all(at.data_wait_seconds) +
         ", cutting them into bins " + of_all(at.bins_seconds - at.data_wait_seconds) + ", growing " +
         of_all(at.grow_seconds) + ", the rest " + of_all(report.seconds - at.bins_seconds - at.grow_seconds) + ".\n";
}

std::string figures(const TreesReport& report) {
  std::string out;
  const auto line = [](const std::string& who, const std::string& train, const std::string& val) {
    return who + ": " + (train.empty() ? "" : "training " + train) + (train.empty() || val.empty() ? "" : "; ") +
           (val.empty() ? "" : "validation " + val) + ".\n";
  };
  for (const auto& [name, value] : report.last)
    if (name == "round")
      out += line("After round " + std::to_string(static_cast<uint64_t>(value)), listed(report.last, "train_"),
                  listed(report.last, "val_"));
  const classic::GrowState& state = report.position->state;
  if (state.best_round > 0 && state.best_round != state.rounds) {
    NamedValues best;
    for (const classic::Measured& one : state.at_best) best.emplace_back(one.set + "_" + one.metric, one.value);
    out += line("The best was round " + std::to_string(state.best_round), listed(best, "train_"), listed(best, "val_"));
  }
  if (report.has_report)
    out +=
        line("The model, the first " + std::to_string(report.best_round) + " rounds, " + bytes_text(report.model_bytes),
             "", listed(report.val, "val_"));
  if (report.gains.empty()) return out;
  out += "It looks at: ";
  for (size_t i = 0; i < std::min(kFeaturesShown, report.gains.size()); ++i)
    out += (i > 0 ? ", " : "") + report.gains[i].first + " " + percent_text(report.gains[i].second);
  return out + " of the gain (" + report.run + "/importances.csv).\n";
}

std::string change(const std::string& what, double before, double after, const char* unit) {
  char text[160];
  std::snprintf(text, sizeof text, "  %-24s %12.4g -> %12.4g %s", what.c_str(), before, after, unit);
  std::string out = text;
  if (before != 0) std::snprintf(text, sizeof text, " (x %.3f)", after / before), out += text;
  return out + "\n";
}

}  // namespace

std::string report_text(const TreesReport& report) {
  const bool forest = report.recipe.trees->kind == classic::TreesKind::kForest;
  const uint64_t rounds = report.position ? report.position->state.rounds : 0;
  std::string out = report.run + ": " + (forest ? "a forest" : "boosted trees") + " on " + report.recipe.trees->device +
                    ", " + std::to_string(rounds) + " of " + std::to_string(forest ? 1 : report.recipe.trees->rounds) +
                    " rounds" + (report.has_report ? "" : " (as of its newest checkpoint)") + "\n\n";
  for (const std::string& note : report.notes) out += "warning: " + note + "\n";
  if (!report.position) return out + "Nothing was saved yet.\n";
  out += what_limited(report) + where_time_went(report) + "\n" + figures(report) + "\n";
  if (report.quarantined > 0)
    out += counted(report.quarantined, "row") + " refused: see " + report.run + "/quarantine.jsonl\n";
  if (report.has_report)
    out += std::to_string(report.records) + " rows, " + rate_text(report.records_per_second(), "rows") + " a round, " +
           std::to_string(report.passes) + " passes over them; ";
  out += std::string("they lay ") + (report.position->on_disk ? "on disk" : "in memory") + " as bins; " +
         report.machine + "\n";
  if (report.has_report) out += "weights " + report.weights_xxh3 + "\n";
  return out;
}

std::string comparison_text(const TreesReport& first, const TreesReport& second) {
  std::string out = "From " + first.run + " to " + second.run + "\n\n";
  if (!first.position || !second.position) return out + "Of one of them nothing was saved yet.\n";
  out += "Then it was limited by '" + first.bottleneck() + "', now by '" + second.bottleneck() + "'.\n\n";
  out += pipelines::differences_text(first.recipe, second.recipe);
  if (first.machine != second.machine) out += "  machine: " + first.machine + " -> " + second.machine + "\n";
  const TreesPosition &a = *first.position, &b = *second.position;
  out += "\n" + change("rounds", static_cast<double>(a.state.rounds), static_cast<double>(b.state.rounds), "");
  out += change("waiting for rows", a.data_wait_seconds, b.data_wait_seconds, "s");
  out += change("cutting into bins", a.bins_seconds - a.data_wait_seconds, b.bins_seconds - b.data_wait_seconds, "s");
  out += change("growing", a.grow_seconds, b.grow_seconds, "s");
  out += change("all", first.seconds, second.seconds, "s");
  for (const auto& [name, value] : first.val)
    for (const auto& [other, now] : second.val)
      if (name == other) out += change("validation " + name.substr(4), value, now, "");
  if (first.has_report && second.has_report)
    out +=
        first.weights_xxh3 == second.weights_xxh3 ? "\nThe trees are the same to the bit.\n" : "\nThe trees differ.\n";
  return out;
}

}  // namespace penstock::trees
