#include "pipelines/classic/neighbours_job.h"

#include <cmath>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "io/table/table_writer.h"
#include "models/classic/neighbours.h"
#include "pipelines/classic/feature_rows.h"

namespace penstock::classic {

NeighboursResult neighbours(const NeighboursOptions& options) {
  Clock& clock = options.clock != nullptr ? *options.clock : Clock::system();
  io::FileSystem& fs = options.fs != nullptr ? *options.fs : io::FileSystem::real();
  NoProgress none;
  ProgressSink& progress = options.progress != nullptr ? *options.progress : none;
  const double began = clock.now_seconds();
  io::check_table_path(options.out, "--out", fs);
  Cores cores(options.threads);
  const std::unique_ptr<Algebra> algebra = make_algebra(options.device, cores);
  FeatureRows base(options.features, fs);
  std::unique_ptr<FeatureRows> other;
  if (!options.queries.empty()) other = std::make_unique<FeatureRows>(options.queries, fs);
  FeatureRows& queries = other ? *other : base;
  NeighboursResult result{.options = options, .rows = base.size(), .queries = queries.size(), .width = base.width()};
  result.skipped = base.table().faults() + (other ? other->table().faults() : 0);
  for (const std::string& line : fault_lines(base.table())) progress.say(line);
  if (other) {
    for (const std::string& line : fault_lines(other->table())) progress.say(line);
  }

  const uint64_t id_bytes = base.size() * sizeof(int64_t);
  if (id_bytes >= options.budget)
    throw Error(Code::kMemory, "the ids of " + std::to_string(base.size()) + " rows take " + bytes_text(id_bytes) +
                                   ", and the budget is " + bytes_text(options.budget))
        .hint("--budget of twice that, or more");
  const std::vector<int64_t> ids = base.ids(0, static_cast<size_t>(base.size()));
  const auto k = static_cast<int64_t>(options.k);
  std::unique_ptr<io::TableWriter> table;
  const auto open = [&] {  // once the search has found nothing wrong with the options
    table = io::open_table(options.out,
                           {{.name = "id", .dtype = DType::kI64},
                            {.name = "file", .text = true},
                            {.name = "neighbour", .dtype = DType::kI64, .width = k},
                            {.name = options.metric == Metric::kDot ? "product" : "distance", .width = k}},
                           fs);
  };

  bool begun = false;
  const auto show = [&](uint64_t done, uint64_t total) {
    if (!begun) progress.begin("searching", total, "rows");
    begun = true;
    progress.update(done);
  };
  double sum = 0;
  uint64_t counted = 0;
  const NeighbourOptions search{.k = options.k,
                                .metric = options.metric,
                                .bytes = options.budget - id_bytes,
                                .stop = options.stop,
                                .on_progress = show};
  nearest_rows(queries, base, *algebra, search,
               [&](uint64_t first, std::span<const float> values, std::span<const int64_t> numbers) {
                 if (!table) open();
                 constexpr size_t kAtOnce = 1024;
                 const size_t rows = values.size() / options.k;
                 for (size_t at = 0; at < rows; at += kAtOnce) {
                   const size_t some = std::min(kAtOnce, rows - at), from = at * options.k;
                   std::vector<int64_t> own, found;
                   std::vector<std::string> files;
                   for (io::FeatureName& name : queries.names(first + at, some)) {
                     own.push_back(name.id);
                     files.push_back(std::move(name.file));
                   }
                   for (const int64_t number : numbers.subspan(from, some * options.k))
                     found.push_back(number < 0 ? -1 : ids[static_cast<size_t>(number)]);
                   for (size_t i = 0; i < some; ++i) {
                     const float nearest = values[from + i * options.k];
                     if (std::isnan(nearest)) continue;
                     sum += static_cast<double>(nearest);
                     ++counted;
                   }
                   table->append(0, own);
                   table->append(1, files);
                   table->append(2, found);
                   table->append(3, values.subspan(from, some * options.k));
                 }
               });
  table->finish();
  progress.end();
  result.mean_nearest = counted > 0 ? sum / static_cast<double>(counted) : 0;
  result.seconds = clock.now_seconds() - began;
  return result;
}

std::string_view name_of(Metric metric) {
  switch (metric) {
    case Metric::kL2: return "l2";
    case Metric::kCosine: return "cosine";
    case Metric::kDot: return "dot";
  }
  return "";
}

std::string NeighboursResult::to_json() const {
  return nlohmann::ordered_json{{"rows", rows},
                                {"queries", queries},
                                {"skipped", skipped},
                                {"width", width},
                                {"k", options.k},
                                {"metric", name_of(options.metric)},
                                {"mean_nearest", mean_nearest},
                                {"device", options.device},
                                {"threads", options.threads},
                                {"budget_bytes", options.budget},
                                {"seconds", seconds},
                                {"queries_per_second", seconds > 0 ? static_cast<double>(queries) / seconds : 0},
                                {"out", options.out}}
      .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string NeighboursResult::text() const {
  std::string text = std::to_string(options.k) + " neighbours (" + std::string(name_of(options.metric)) +
                     ") of each of " + std::to_string(queries) + " rows among " + std::to_string(rows) + ", in " +
                     options.out + ", " + duration_text(seconds) + "\n";
  if (skipped > 0) text += std::to_string(skipped) + " rows hold an error and were left out\n";
  return text;
}

}  // namespace penstock::classic
