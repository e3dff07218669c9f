// A shuffled epoch over a hard disk that is reckoned and not measured: 200 MB/s, 11.6 ms to position, every far read a positioning.
//   bench_sim_hard_disk [RECORDS] [ROUNDS]
// The data set is a sparse tar of RECORDS (default 100,000) records of 114,660 bytes, 20 times the window. What takes time on such a disk is counted by
// io/file/sim_disk.h; the machine's own disk and clock have no part in it.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "io/file/sim_disk.h"
#include "io/tar/tar_format.h"
#include "pipelines/job/job.h"
#include "tests/io/tier/storage_world.h"

namespace penstock::io {
namespace {

constexpr uint64_t kBytes = 114'660;

void write_sparse_tar(const std::string& path, uint64_t records) {
  File file(FileSystem::real(), path, OpenMode::kCreate);
  uint64_t at = 0;
  for (uint64_t i = 0; i < records; ++i) {
    char name[32];
    std::snprintf(name, sizeof name, "%08llu.jpg", static_cast<unsigned long long>(i));
    const auto header = tar_header(name, kBytes);
    file.write_at(at, std::as_bytes(std::span(header)));
    at += kTarBlock + tar_padded(kBytes);
  }
  file.truncate(at + 2 * kTarBlock);
}

struct Measured {
  double payload_share = 0;  ///< of the sequential rate
  SimDisk::Use use;
  Went went;
};

Measured measure(SimDisk& disk, const Dataset& data, PlanOptions order, uint64_t window, uint64_t steps) {
  StorageOptions with;
  with.window_bytes = window;
  with.ram_bytes = 0;
  with.disk_of = [](const std::string&) {
    DiskModel model = DiskModel::assumed(DiskKind::kHdd);
    model.name = "simulated";
    return model;
  };
  const Storage storage(data, with);
  Budgets budgets;
  disk.reset();
  Measured out;
  out.went = go(storage, order, budgets, 0, 1, {}, steps);
  out.use = disk.use();
  out.payload_share = static_cast<double>(out.went.bytes) / out.use.seconds / SimDisk::Model{}.bytes_per_second;
  return out;
}

void print(const char* what, const Measured& m) {
  std::printf(
      "%-58s %.4f of the sequential rate in payload; %.2f GB in %llu reads, %llu positionings, %.1f s; read/needed "
      "%.4f\n",
      what, m.payload_share, static_cast<double>(m.use.bytes) * 1e-9, static_cast<unsigned long long>(m.use.reads),
      static_cast<unsigned long long>(m.use.positionings), m.use.seconds,
      static_cast<double>(m.use.bytes) / static_cast<double>(m.went.bytes));
}

int run(uint64_t records, int rounds) {
  TempFolder folder;
  write_sparse_tar(folder / "data.tar", records);
  SimDisk disk({}, "data.tar");
  const auto data = TarDataset::open(disk, {folder / "data.tar"});
  const uint64_t window = data->bytes() / 20;
  std::printf("%llu records, %.2f GB, window %.0f MB, disk 200 MB/s and 11.6 ms\n",
              static_cast<unsigned long long>(data->size()), static_cast<double>(data->bytes()) * 1e-9,
              static_cast<double>(window) * 1e-6);
  bool met = true;
  for (int round = 0; round < rounds; ++round) {
    const PlanOptions block{.seed = static_cast<uint64_t>(round),
                            .order = Order::kBlock,
                            .batch = 256,
                            .block = fitted_block(*data),
                            .group_blocks = 3};
    const Measured shuffled = measure(disk, *data, block, window, UINT64_MAX);
    print("block order, blocks as fitted, 3 a group", shuffled);
    met = met && shuffled.payload_share >= 0.95;
    const PlanOptions full{.seed = static_cast<uint64_t>(round), .order = Order::kFull, .batch = 256};
    print("full order, records in a window of 4 MB (plain random order)", measure(disk, *data, full, 4'000'000, 40));
    print("full order, read by plan in the same window", measure(disk, *data, full, window, 60));
  }
  std::printf("block order >= 0.95: %s\n", met ? "met" : "MISSED");
  return met ? 0 : 1;
}

}  // namespace
}  // namespace penstock::io

int main(int argc, char** argv) {
  return penstock::io::run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000, argc > 2 ? std::atoi(argv[2]) : 3);
}
