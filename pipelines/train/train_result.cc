// What a training says at its end, for people and for scripts.
#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/counted.h"
#include "pipelines/train/train_job.h"

namespace penstock::train {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

const char* name_of(TrainEnd end) {
  switch (end) {
    case TrainEnd::kFinished: return "finished";
    case TrainEnd::kStopped: return "stopped";
    case TrainEnd::kTimeUp: return "time limit";
  }
  return "";
}

/// "val_rmspe", "train_top1": what the best epoch is the best by; "" where nobody knows yet.
std::string score_name(const TrainResult& result) {
  const auto score = result.last.score(result.has_val);
  if (score) return (result.has_val ? "val_" : "train_") + score->name;
  return result.rows ? "" : result.has_val ? "val_top1" : "train_top1";
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

}  // namespace

std::string TrainResult::to_json() const {
  const bool whole = epochs > 0;
  const auto shown = [&](const std::optional<double>& v) { return whole ? or_null(v) : Json(nullptr); };
  Json out = {{"epochs", epochs},
              {"steps", steps},
              {"end", name_of(end)},
              {"seconds", totals.seconds},
              {"records", totals.records},
              {"records_per_second", totals.records_per_second()},
              {"data_wait_seconds", totals.data_wait_seconds},
              {"step_seconds", totals.step_seconds},
              {"evaluation_seconds", totals.evaluation_seconds},
              {"checkpoint_seconds", totals.checkpoint_seconds},
              {"train_loss", whole ? Json(last.train_loss) : Json(nullptr)}};
  if (rows) out["task"] = std::string(name_of(*rows));
  if (rows != Task::kRegression)
    out[rows ? "train_accuracy" : "train_top1"] = whole ? Json(last.train_top1) : Json(nullptr);
  out["val_loss"] = shown(last.val_loss);
  if (!rows) {
    out["val_top1"] = shown(last.val_top1);
    out["val_top5"] = shown(last.val_top5);
  }
  for (const metrics::Figure& figure : last.figures) out["val_" + figure.name] = figure.value;
  if (const std::string name = score_name(*this); !name.empty())
    out["best_" + name] = best < 0 ? Json(nullptr) : Json(best);
  out.update({{"best_epoch", best < 0 ? Json(nullptr) : Json(best_epoch)},
              {"weights_xxh3", weights_xxh3},
              {"model", model},
              {"model_bytes", model_bytes},
              {"peak_rss_bytes", peak_rss_bytes},
              {"resumed_from_step", resumed_from_step ? Json(*resumed_from_step) : Json(nullptr)},
              {"rejected", totals.rejected},
              {"replaced", totals.replaced},
              {"device", device},
              {"bottleneck", totals.as_report().bottleneck()},
              {"run", run},
              {"totals", Json::parse(totals.to_json())}});
  if (device_utilisation > 0) out["accelerator_utilisation"] = device_utilisation;
  if (!step_graph.empty()) out["step_graph"] = step_graph;
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string TrainResult::text() const {
  std::string out;
  if (epochs > 0) {
    out += "loss " + number(last.train_loss);
    if (rows != Task::kRegression) out += (rows ? ", accuracy " : ", top-1 ") + percent_text(last.train_top1);
    out += " in training";
    if (!last.figures.empty())
      out += "; validation loss " + number(last.val_loss.value_or(0)) + ", " + metrics::text_of(last.figures);
    if (last.val_top1)
      out += "; validation loss " + number(*last.val_loss) + ", top-1 " + percent_text(*last.val_top1) + ", top-5 " +
             percent_text(*last.val_top5);
    out += "\n";
    if (best >= 0 && rows)
      out += "best: epoch " + std::to_string(best_epoch + 1) + ", " + score_name(*this) + " " + number(best) + "\n";
    else if (best >= 0)
      out += "best: epoch " + std::to_string(best_epoch + 1) + ", " + (has_val ? "validation" : "training") +
             " top-1 " + percent_text(best) + "\n";
  }
  out += counted(epochs, "epoch") + ", " + counted(steps, "step") + " in " + duration_text(totals.seconds) + ", " +
         rate_text(totals.records_per_second(), unit_of(rows)) + ", " +
         percent_text(totals.data_wait_seconds / std::max(1e-9, totals.step_seconds + totals.data_wait_seconds)) +
         " of it waiting for data\n";
  if (!step_graph.empty()) out += step_graph + "\n";
  out += "weights " + weights_xxh3 + ", in " + run + " (penstock report " + run + ")\n";
  if (end != TrainEnd::kFinished)
    out += std::string(end == TrainEnd::kStopped ? "Stopped" : "The time limit came") + " after step " +
           std::to_string(steps) + "; all is saved. Go on with the same line and --resume auto.\n";
  return out;
}

}  // namespace penstock::train
