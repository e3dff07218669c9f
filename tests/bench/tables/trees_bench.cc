// Trees from a run of Penstock, for tests/bench/tables/trees_bench.py, which compares them with XGBoost's own Python iterator.
//   trees_bench ROWS.raw FEATURES ram|disk BATCH ROUNDS THREADS OUT.f32
// ROWS.raw: the targets f32 (N), then the rows f32 (N, FEATURES). Writes the predictions of all rows; prints a line of JSON.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/graph/graph_spec.h"
#include "engine/graph/registry.h"
#include "models/classic/trees/grow.h"
#include "pipelines/trees/table_rows.h"

namespace {

using namespace penstock;

/// Each of `waits()`'s reads is a pread into the batch: what a packed table of numbers would do.
class RawRows final : public Source {
 public:
  RawRows(const std::string& path, size_t features) : features_(features), fd_(::open(path.c_str(), O_RDONLY)) {
    if (fd_ < 0) throw Error(Code::kIo, "cannot open '" + path + "'");
    struct stat file = {};
    ::fstat(fd_, &file);
    rows_ = static_cast<uint64_t>(file.st_size) / ((features + 1) * sizeof(float));
    schema_.add(Field::fixed("target", DType::kF32));
    schema_.add(Field::fixed("cont", DType::kF32, {static_cast<int64_t>(features)}));
  }
  ~RawRows() override { ::close(fd_); }
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return rows_; }
  uint64_t fingerprint() const override { return rows_; }
  uint64_t record_bytes(uint64_t) const override { return 0; }
  uint64_t max_record_bytes() const override { return 0; }
  Location locate(uint64_t id) const override { return {"rows", id, 1}; }
  void read(std::span<const uint64_t> ids, Intake& out) const override {
    for (size_t first = 0; first < ids.size();) {
      size_t end = first + 1;
      while (end < ids.size() && ids[end] == ids[end - 1] + 1) ++end;
      get(out.row(0, first), ids[first] * sizeof(float), (end - first) * sizeof(float));
      get(out.row(1, first), (rows_ + ids[first] * features_) * sizeof(float),
          (end - first) * features_ * sizeof(float));
      first = end;
    }
  }

 private:
  void get(std::byte* to, uint64_t offset, size_t bytes) const {
    while (bytes > 0) {
      const ssize_t got = ::pread(fd_, to, bytes, static_cast<off_t>(offset));
      if (got <= 0) throw Error(Code::kIo, "cannot read the rows");
      to += got, offset += static_cast<uint64_t>(got), bytes -= static_cast<size_t>(got);
    }
  }
  Schema schema_;
  size_t features_;
  int fd_;
  uint64_t rows_ = 0;
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

int bench(char** arg) {
  const size_t features = std::stoul(arg[2]);
  const bool on_disk = std::string(arg[3]) == "disk";
  classic::TreesConfig config;
  config.rounds = std::stoul(arg[5]);
  config.threads = static_cast<unsigned>(std::stoul(arg[6]));
  const RawRows source(arg[1], features);
  const Graph graph = GraphSpec{}.bind(source.schema(), StageRegistry{}, Mode::kTrain);
  RunOptions run;
  run.batch = std::stoul(arg[4]);
  run.cores = std::make_shared<Cores>(config.threads, true);
  run.batches_in_flight = 3;
  classic::TreeFeatures all;
  for (size_t i = 0; i < features; ++i) all.names.push_back("f" + std::to_string(i)), all.categorical.push_back(false);
  const double began = now();
  trees::TableRows rows(graph, source, run);
  const std::string folder = std::string(arg[7]) + ".cache";
  if (on_disk) std::filesystem::create_directories(folder);
  std::vector<float> predicted;
  double bins = 0, grown = 0;
  {
    const classic::TreeMatrix matrix(rows, all, config, {on_disk ? folder + "/page" : ""});
    bins = now() - began;
    classic::Booster booster(config, {.task = config.task, .features = all});
    classic::GrowState state;
    classic::grow(booster, matrix, nullptr, config, state, [](const classic::GrowState&) { return true; });
    grown = now() - began;
    rows.reset();
    for (classic::RowBlock block = rows.next(); block.rows > 0; block = rows.next()) {
      const std::vector<float> p = booster.predict(block.values);
      predicted.insert(predicted.end(), p.begin(), p.end());
    }
  }
  std::filesystem::remove_all(folder);
  std::ofstream(arg[7], std::ios::binary)
      .write(reinterpret_cast<const char*>(predicted.data()),
             static_cast<std::streamsize>(predicted.size() * sizeof(float)));
  rusage used = {};
  ::getrusage(RUSAGE_SELF, &used);
  const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                     1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  std::printf(
      "{\"bins_seconds\": %.3f, \"seconds\": %.3f, \"cpu_seconds\": %.3f, \"wait_seconds\": %.3f, \"peak_rss_bytes\": "
      "%ld}\n",
      bins, grown, cpu, rows.waited_seconds(), used.ru_maxrss * 1024);
  return 0;
}

}  // namespace

int main(int count, char** arg) {
  if (count != 8)
    return std::fprintf(stderr, "trees_bench ROWS.raw FEATURES ram|disk BATCH ROUNDS THREADS OUT.f32\n"), 2;
  try {
    return bench(arg);
  } catch (const std::exception& error) { return std::fprintf(stderr, "%s\n", error.what()), 1; }
}
