// Trees from a run of Penstock over a table, for tests/bench/tables/trees_bench.py, which compares them with XGBoost's own Python iterator.
//   trees_bench ROWS.parquet ram|disk BATCH ROUNDS THREADS OUT.f32
// The column "target" is learnt, as a number, from all others. Writes the predictions of all rows; prints a line of JSON.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "engine/base/error.h"
#include "engine/graph/graph_spec.h"
#include "engine/graph/registry.h"
#include "io/data/table_fields.h"
#include "models/classic/trees/grow.h"
#include "pipelines/trees/table_rows.h"
#include "stages/table/encoded_table.h"
#include "stages/table/fitter.h"

namespace {

using namespace penstock;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_seconds(const rusage& used) {
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/// Of this program alone: ru_maxrss begins with what the process that started it had.
uint64_t peak_rss_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    uint64_t kib = 0;
    status >> kib;
    return kib * 1024;
  }
  return 0;
}

/// Numbers as they are, as a recipe with [trees] has them.
table::TableSpec plain_numbers() {
  table::TableSpec spec{.task = Task::kRegression, .target = "target"};
  spec.target_scale = table::TargetScale::kNone;
  spec.numbers = {"*"};
  spec.scale = table::Scale::kNone;
  spec.fill = table::Fill::kNone;
  spec.missing = false;
  return spec;
}

int bench(char** arg) {
  const bool on_disk = std::string(arg[2]) == "disk";
  classic::TreesConfig config;
  config.rounds = std::stoul(arg[4]);
  config.threads = static_cast<unsigned>(std::stoul(arg[5]));
  const auto cores = std::make_shared<Cores>(config.threads);
  const auto budgets = std::make_shared<Budgets>();

  const double began = now();
  const std::shared_ptr<const io::Table> file = io::open_columns(arg[1]);
  const auto all_rows = table::RowSet::all(file->rows());
  const auto fitted =
      std::make_shared<table::Fitted>(table::fit(*file, all_rows, plain_numbers(), *cores, *budgets).fitted);
  const table::EncodedTable source(file, all_rows, fitted, {.training = true});
  const double fit = now() - began;

  const Graph graph = GraphSpec{}.bind(source.schema(), StageRegistry{}, Mode::kTrain);
  RunOptions run;
  run.batch = std::stoul(arg[3]);
  run.cores = cores;
  run.budgets = budgets;
  const classic::TreeFeatures features = trees::features_of(source, pipelines::TreeCategories::kCategorical);
  trees::TableRows rows(graph, source, run);
  const std::string folder = std::string(arg[6]) + ".cache";
  if (on_disk) std::filesystem::create_directories(folder);
  std::vector<float> predicted;
  double bins = 0, grown = 0, waited = 0;
  {
    const classic::TreeMatrix matrix(rows, features, config, {on_disk ? folder + "/page" : ""});
    rows.reset();
    waited = rows.waited_seconds();
    bins = now() - began;
    classic::Booster booster(config, {.task = config.task, .features = features});
    classic::GrowState state;
    classic::grow(booster, matrix, nullptr, config, state, [](const classic::GrowState&) { return true; });
    grown = now() - began;
    for (classic::RowBlock block = rows.next(); block.rows > 0; block = rows.next()) {
      const std::vector<float> p = booster.predict(block.values);
      predicted.insert(predicted.end(), p.begin(), p.end());
    }
  }
  std::filesystem::remove_all(folder);
  std::ofstream(arg[6], std::ios::binary)
      .write(reinterpret_cast<const char*>(predicted.data()),
             static_cast<std::streamsize>(predicted.size() * sizeof(float)));
  rusage used = {};
  ::getrusage(RUSAGE_SELF, &used);
  std::printf(
      "{\"fit_seconds\": %.3f, \"bins_seconds\": %.3f, \"seconds\": %.3f, \"cpu_seconds\": %.3f, \"wait_seconds\": "
      "%.3f, \"peak_rss_bytes\": %llu}\n",
      fit, bins - fit, grown, cpu_seconds(used), waited, static_cast<unsigned long long>(peak_rss_bytes()));
  return 0;
}

}  // namespace

int main(int count, char** arg) {
  if (count != 7) return std::fprintf(stderr, "trees_bench ROWS.parquet ram|disk BATCH ROUNDS THREADS OUT.f32\n"), 2;
  try {
    return bench(arg);
  } catch (const std::exception& error) { return std::fprintf(stderr, "%s\n", error.what()), 1; }
}
