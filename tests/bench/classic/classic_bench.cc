// What the classic learners reach beside OpenBLAS' own product of the same shape, measured in the same process. run.sh calls it and
// its peer by turns and makes the table.
//
//   classic_bench kmeans ROWS.f32 N D K ITERATIONS THREADS     starts from the first K rows
//   classic_bench neighbours ROWS.f32 N D QUERIES K THREADS    the first QUERIES rows look for K neighbours in all
//   classic_bench minibatch ROWS.f32 N D K STEPS THREADS       starts from the first K rows, batches of 1024
//   classic_bench pca ROWS.f32 N D COMPONENTS THREADS
// One JSON object a line.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "models/classic/blas.h"
#include "models/classic/kmeans.h"
#include "models/classic/neighbours.h"
#include "models/classic/pca.h"

namespace penstock::classic {
namespace {

// Wall-clock seconds; with CPU_TIME in the environment the process's, which tell what one thread does on a machine that does other things too.
double now() {
  const clockid_t clock = std::getenv("CPU_TIME") != nullptr ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
  timespec at{};
  clock_gettime(clock, &at);
  return static_cast<double>(at.tv_sec) + 1e-9 * static_cast<double>(at.tv_nsec);
}

double seconds_of(const std::function<void()>& work) {
  const double began = now();
  work();
  return now() - began;
}

double best_of(int times, const std::function<void()>& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < times; ++i) best = std::min(best, seconds_of(work));
  return best;
}

// rows (n, d) times points (m, d) transposed, in panels of rows on the cores, each one call of OpenBLAS into memory that is used
// again: the ceiling of everything that needs all these products. The best of several sizes of panels, as its rate depends on them; rows of
// results are not a power of two apart, which would cost a tenth.
double gemm_seconds(Cores& cores, RowsView rows, RowsView points) {
  double best = std::numeric_limits<double>::infinity();
  for (const size_t panel : {512u, 2048u, 8192u}) {
    const size_t panels = (rows.rows + panel - 1) / panel;
    std::vector<std::vector<float>> out(panels);
    const auto pass = [&] {
      parallel_for(cores, cores.count(), 1, [&](size_t begin, size_t end) {
        const size_t stride = points.rows + 16;
        std::vector<float> scores(panel * stride);
        for (size_t c = begin; c < end; ++c) {
          for (size_t p = c; p < panels; p += cores.count()) {
            const size_t count = std::min(panel, rows.rows - p * panel);
            gemm_nt(count, points.rows, rows.width, -2.0f, rows.row(p * panel), points.data, scores.data(), stride);
          }
        }
      });
    };
    best = std::min(best, best_of(2, pass));
  }
  return best;
}

std::vector<float> read_rows(const char* path, size_t values) {
  std::vector<float> out(values);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(values * sizeof(float)));
  if (!file) throw Error(Code::kIo, std::string("cannot read the rows of '") + path + "'");
  return out;
}

int bench(const std::vector<std::string>& args) {
  const auto number = [&](size_t i) { return static_cast<size_t>(std::strtoull(args.at(i).c_str(), nullptr, 10)); };
  const std::string task = args.at(0);
  const size_t n = number(2), d = number(3);
  const std::vector<float> values = read_rows(args.at(1).c_str(), n * d);
  const RowsView rows{values.data(), n, d};
  Cores cores(static_cast<unsigned>(number(args.size() - 1)));
  const auto algebra = make_cpu_algebra(cores);
  if (task == "kmeans") {
    const size_t k = number(4), iterations = number(5);
    MemoryRows source(rows);
    Blocks blocks(source, uint64_t{1} << 40);
    const std::vector<float> from(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(k * d));
    const double gemm = gemm_seconds(cores, rows, rows.part(0, k));
    const double assign = best_of(2, [&] { assign_all(blocks, *algebra, from); });
    KMeansResult result;
    const double fit = seconds_of([&] {
      result = k_means(blocks, *algebra, {.k = k, .max_iterations = iterations, .tolerance = 0, .from = from});
    });
    std::printf(
        "{\"gemm_seconds\": %.6f, \"assign_seconds\": %.6f, \"fit_seconds\": %.6f, \"iterations\": %zu, "
        "\"inertia\": %.9g, \"flops\": %.6g}\n",
        gemm, assign, fit, result.iterations, result.inertia, 2.0 * static_cast<double>(n * k * d));
  } else if (task == "neighbours") {
    const size_t q = number(4), k = number(5);
    MemoryRows base(rows), queries(rows.part(0, q));
    const double gemm = gemm_seconds(cores, rows, rows.part(0, std::min<size_t>(q, 1024))) * static_cast<double>(q) /
                        static_cast<double>(std::min<size_t>(q, 1024));
    int64_t sum = 0;
    const double search = best_of(2, [&] {
      sum = 0;
      nearest_rows(queries, base, *algebra, {.k = k, .bytes = uint64_t{1} << 40},
                   [&](uint64_t, std::span<const float>, std::span<const int64_t> ids) {
                     for (const int64_t id : ids) sum += id;
                   });
    });
    std::printf("{\"gemm_seconds\": %.6f, \"search_seconds\": %.6f, \"id_sum\": %lld, \"flops\": %.6g}\n", gemm, search,
                static_cast<long long>(sum), 2.0 * static_cast<double>(n * q * d));
  } else if (task == "minibatch") {
    const size_t k = number(4), steps = number(5);
    MemoryRows source(rows);
    Blocks blocks(source, uint64_t{1} << 40);
    const std::vector<float> from(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(k * d));
    KMeansResult result;
    const double fit = seconds_of([&] {
      // As many passes as make that many steps, and no other end.
      result = k_means(blocks, *algebra,
                       {.k = k,
                        .max_iterations = std::max<size_t>(1, steps * 1024 / n),
                        .mini_batch = true,
                        .no_improvement = n,
                        .from = from});
    });
    std::printf("{\"fit_seconds\": %.6f, \"iterations\": %zu, \"inertia\": %.9g}\n", fit, result.iterations,
                result.inertia);
  } else if (task == "pca") {
    MemoryRows source(rows);
    Blocks blocks(source, uint64_t{1} << 40);
    PcaModel model;
    const double fit = best_of(2, [&] { model = fit_pca(blocks, *algebra, number(4)); });
    std::printf("{\"fit_seconds\": %.6f, \"variance\": %.9g}\n", fit, model.variance[0]);
  } else {
    throw Error(Code::kUsage, "no such task: " + task);
  }
  return 0;
}

}  // namespace
}  // namespace penstock::classic

int main(int argc, char** argv) {
  try {
    return penstock::classic::bench({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "classic_bench: %s\n", error.what());
    return 1;
  }
}
