#include "pipelines/trees/importances.h"

#include <algorithm>
#include <vector>

#include "io/file/atomic_file.h"
#include "io/table/csv_writer.h"
#include "pipelines/picture/bars.h"

namespace penstock::trees {
namespace {

constexpr size_t kShown = 30;

}  // namespace

void write_importances(io::FileSystem& fs, const std::string& folder, std::span<const classic::Importance> all) {
  std::vector<classic::Importance> sorted(all.begin(), all.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.gain > b.gain; });
  const std::vector<std::string> columns = {"feature", "gain", "weight", "cover"};
  io::CsvWriter csv(fs, io::join_path(folder, "importances.csv"), columns);
  double sum = 0;
  for (const classic::Importance& one : sorted) {
    csv.add(one.feature).add(one.gain).add(one.weight).add(one.cover);
    csv.end_row();
    sum += one.gain;
  }
  csv.finish();
  std::vector<pipelines::Bar> bars;
  for (const classic::Importance& one : sorted) bars.push_back({one.feature, sum > 0 ? 100 * one.gain / sum : 0});
  io::write_file(fs, io::join_path(folder, "importances.svg"),
                 pipelines::bars_svg("Importance: share of the gain of all splits", bars, kShown, "%"));
}

}  // namespace penstock::trees
