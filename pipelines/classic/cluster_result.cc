// What a clustering says of itself.
#include <cstdio>

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "pipelines/classic/cluster_job.h"

namespace penstock::classic {

std::string ClusterResult::to_json() const {
  nlohmann::ordered_json json{{"method", name_of(options.method)},
                              {"rows", rows},
                              {"skipped", skipped},
                              {"width", width},
                              {"clusters", clusters},
                              {"empty_clusters", empty},
                              {"inertia", inertia},
                              {"iterations", iterations},
                              {"converged", converged},
                              {"inertia_history", history},
                              {"cluster_sizes", sizes},
                              {"in_memory", resident},
                              {"device", options.device},
                              {"threads", options.threads},
                              {"budget_bytes", options.budget},
                              {"fit_seconds", fit_seconds},
                              {"seconds", seconds},
                              {"rows_per_second", seconds > 0 ? static_cast<double>(rows) / seconds : 0}};
  if (bandwidth) json["bandwidth"] = *bandwidth;
  if (explained) json["pca_explained_variance_ratio"] = *explained;
  if (!options.out.empty()) json["out"] = options.out;
  if (!options.centers.empty()) json["centers"] = options.centers;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string ClusterResult::text() const {
  char inertia_text[32];
  std::snprintf(inertia_text, sizeof inertia_text, "%.6g", inertia);
  std::string text = std::to_string(rows) + " rows of " + std::to_string(width) + " features in " +
                     std::to_string(clusters) + (clusters == 1 ? " cluster, " : " clusters, ") +
                     std::string(name_of(options.method)) + ", " + std::to_string(iterations) + " iterations" +
                     (converged ? "" : " (not converged)") + ", inertia " + inertia_text + ", " +
                     duration_text(seconds) + "\n";
  if (!options.out.empty()) text += "clusters: " + options.out + "\n";
  if (!options.centers.empty()) text += "centres: " + options.centers + "\n";
  if (bandwidth) text += "bandwidth " + std::to_string(*bandwidth) + "\n";
  if (explained) text += percent_text(*explained) + " of the variance is left after the projection\n";
  if (skipped > 0) text += std::to_string(skipped) + " rows hold an error and were left out\n";
  if (empty > 0) text += std::to_string(empty) + " clusters are empty: there are fewer different rows than clusters\n";
  if (!resident) text += "the rows did not fit into " + bytes_text(options.budget) + " and were read once a pass\n";
  return text;
}

}  // namespace penstock::classic
