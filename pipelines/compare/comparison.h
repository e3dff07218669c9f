// Several trainings side by side: one table.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace penstock::pipelines {

/// What one training came to.
struct Compared {
  std::string name;                                     ///< the recipe's
  std::string model;                                    ///< "tabular net", "boosted trees", ...
  std::vector<std::pair<std::string, double>> metrics;  ///< over the validation records, in the order of the table
  uint64_t records = 0;                                 ///< validated on
  double seconds = 0;                                   ///< of training, evaluations included
  uint64_t peak_rss_bytes = 0;                          ///< of the training's process
  uint64_t model_bytes = 0;                             ///< what inference needs
  std::string run;                                      ///< its RUN folder
  std::string target;                                   ///< the column that is predicted; "" where it is not known
};

/// Whether more of it is better: accuracy, AUC, top-1. Errors and losses are not.
bool more_is_better(const std::string& metric);

/// A table in Markdown, the best of each metric in bold; one column for each metric that any of them has. `of` says what was learnt from.
std::string comparison_table(const std::vector<Compared>& all, const std::string& of);
std::string comparison_json(const std::vector<Compared>& all);

}  // namespace penstock::pipelines
