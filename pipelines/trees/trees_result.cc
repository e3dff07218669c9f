// What a growth of trees says at its end, for people and for scripts.
#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "pipelines/trees/trees_job.h"

namespace penstock::trees {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(TreesEnd end) {
  switch (end) {
    case TreesEnd::kFinished: return "finished";
    case TreesEnd::kEarly: return "early";
    case TreesEnd::kStopped: return "stopped";
    case TreesEnd::kTimeUp: return "time limit";
  }
  return "";
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

}  // namespace

double TreesResult::records_per_second() const {
  return grow_seconds > 0 ? static_cast<double>(records) * static_cast<double>(rounds) / grow_seconds : 0;
}

std::string TreesResult::to_json() const {
  Json out = {{"model", is_forest ? "forest" : "boosted trees"},
              {"rounds", rounds},
              {"best_round", best_round},
              {"end", name_of(end)},
              {"seconds", seconds},
              {"records", records},
              {"records_per_second", records_per_second()},
              {"data_wait_seconds", data_wait_seconds},
              {"bins_seconds", bins_seconds},
              {"grow_seconds", grow_seconds},
              {"passes", passes},
              {"train_loss", train_loss ? Json(*train_loss) : Json(nullptr)}};
  if (val.empty()) out["val_loss"] = nullptr;
  for (const metrics::Figure& figure : val) out["val_" + figure.name] = figure.value;
  out["weights_xxh3"] = weights_xxh3;
  out["model_bytes"] = model_bytes;
  out["peak_rss_bytes"] = peak_rss_bytes;
  out["resumed_from_round"] = resumed_from_round ? Json(*resumed_from_round) : Json(nullptr);
  out["rejected"] = rejected;
  out["memory"] = memory;
  out["device"] = device;
  out["importances"] = run + "/importances.csv";
  out["run"] = run;
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string TreesResult::text() const {
  std::string out = std::to_string(rounds) + " rounds in " + duration_text(seconds) + ", " +
                    rate_text(records_per_second(), "rows") + " a round; " +
                    percent_text(data_wait_seconds / std::max(1e-9, seconds)) + " of it waiting for data\n";
  if (train_loss) out += "loss " + number(*train_loss) + " in training\n";
  for (size_t i = 0; i < val.size(); ++i)
    out +=
        (i == 0 ? "validation " : ", ") + val[i].name + " " + number(val[i].value) + (i + 1 == val.size() ? "\n" : "");
  out += "the model is the first " + std::to_string(best_round) + " rounds, " + bytes_text(model_bytes) + ", in " +
         run + "\n";
  if (end == TreesEnd::kStopped || end == TreesEnd::kTimeUp)
    out += std::string(end == TreesEnd::kStopped ? "Stopped" : "The time limit came") + " after round " +
           std::to_string(rounds) + "; all is saved. Go on with the same line and --resume auto.\n";
  return out;
}

}  // namespace penstock::trees
