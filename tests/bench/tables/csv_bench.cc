// How fast text becomes columns: all pieces of a table, fetched and decoded by N threads, and one of them alone in memory.
//   csv_bench FILE [THREADS] [ROUNDS]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "io/table/table.h"

namespace {

using namespace penstock;

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

uint64_t decode_all(const io::Table& table, size_t threads) {
  std::vector<size_t> columns(table.schema().size());
  std::iota(columns.begin(), columns.end(), size_t{0});
  std::atomic<uint64_t> next = 0, bad = 0;
  const auto work = [&] {
    io::TableBlock block;
    for (uint64_t p = next++; p < table.pieces(); p = next++) {
      const auto rows = table.fetch(p, columns);
      rows->decode(0, rows->count(), block);
      bad += block.bad.size();
    }
  };
  std::vector<std::thread> pool;
  for (size_t i = 1; i < threads; ++i) pool.emplace_back(work);
  work();
  for (std::thread& thread : pool) thread.join();
  return bad;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::fprintf(stderr, "csv_bench FILE [THREADS] [ROUNDS]\n");
    return 2;
  }
  const auto threads = static_cast<size_t>(argc > 2 ? std::atoi(argv[2]) : 2);
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  std::unique_ptr<io::Table> table;
  const double opened = seconds_of([&] { table = io::open_columns(argv[1]); });
  const double megabytes = static_cast<double>(table->bytes()) / 1e6;
  std::printf("open: %.3f s (%.0f MB/s where the index was made); %llu rows, %llu pieces\n", opened, megabytes / opened,
              static_cast<unsigned long long>(table->rows()), static_cast<unsigned long long>(table->pieces()));
  std::vector<double> rates;
  uint64_t bad = 0;
  for (int i = 0; i < rounds; ++i) rates.push_back(megabytes / seconds_of([&] { bad = decode_all(*table, threads); }));
  std::ranges::sort(rates);
  std::printf("penstock csv: %zu threads, %.0f MB/s (%.0f .. %.0f), %llu bad rows\n", threads, rates[rates.size() / 2],
              rates.front(), rates.back(), static_cast<unsigned long long>(bad));
  return 0;
} catch (const penstock::Error& error) {
  std::fprintf(stderr, "csv_bench: %s\n", error.what());
  return 1;
}
