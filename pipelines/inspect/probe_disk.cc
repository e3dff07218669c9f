#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/order/draws.h"
#include "io/file/file.h"
#include "io/file/reader.h"
#include "pipelines/inspect/probe.h"

namespace penstock {
namespace {

constexpr uint64_t kBlockBytes = 4_MiB;  // of the sequential reads
constexpr uint64_t kPageBytes = 4096;    // of the random ones
constexpr uint64_t kMostBytes = 256_MiB;
constexpr size_t kMostFiles = 400;  // open at once: below the usual limit of 1024
constexpr unsigned kDepth = 32;
constexpr uint64_t kRandomReads = 4096;
constexpr double kSeconds = 1;  // of each of the two measurements, at most

struct OpenFile {
  io::File file;
  uint64_t bytes = 0;
};

// Dirty pages cannot be dropped: a data set that was just written is flushed first.
void drop_pages(const OpenFile& open) {
  ::fdatasync(open.file.fd());
  ::posix_fadvise(open.file.fd(), 0, 0, POSIX_FADV_DONTNEED);
}

std::vector<OpenFile> open_some(const io::Dataset& data) {
  std::vector<OpenFile> files;
  std::map<std::string, bool> seen;
  const uint64_t step = std::max<uint64_t>(1, data.size() / kMostFiles);
  for (uint64_t id = 0; id < data.size() && files.size() < kMostFiles; id += step) {
    const std::string path = data.locate(id).file;
    if (!seen.emplace(path, true).second) continue;
    OpenFile open{io::File(io::FileSystem::real(), path, io::OpenMode::kRead), 0};
    open.bytes = open.file.size();
    files.push_back(std::move(open));
  }
  return files;
}

void read_in_order(const std::vector<OpenFile>& files, DiskRates& rates, const std::stop_token& stop) {
  std::vector<std::byte> block(kBlockBytes);
  Clock& clock = Clock::system();
  for (const OpenFile& open : files) drop_pages(open);
  const double begin = clock.now_seconds();
  for (const OpenFile& open : files) {
    for (uint64_t at = 0; at < open.bytes; at += kBlockBytes) {
      const bool enough = rates.sequential_bytes >= kMostBytes || clock.now_seconds() - begin > kSeconds;
      if ((enough && rates.sequential_bytes > 0) || stop.stop_requested()) break;
      rates.sequential_bytes += open.file.read_at(at, block);
    }
  }
  rates.sequential_bytes_per_second =
      static_cast<double>(rates.sequential_bytes) / std::max(1e-9, clock.now_seconds() - begin);
}

void read_anywhere(const std::vector<OpenFile>& files, DiskRates& rates, const std::stop_token& stop) {
  std::vector<std::pair<size_t, uint64_t>> pages;  // file, offset; no page twice, or the cache would answer
  Draws draws(1, 0, 0, draw_key("probe"));
  std::map<std::pair<size_t, uint64_t>, bool> taken;
  for (uint64_t i = 0; i < kRandomReads; ++i) {
    const size_t file = draws.below(files.size());
    if (files[file].bytes == 0) continue;
    const uint64_t page = draws.below((files[file].bytes + kPageBytes - 1) / kPageBytes) * kPageBytes;
    if (taken.emplace(std::pair(file, page), true).second) pages.emplace_back(file, page);
  }
  for (const OpenFile& open : files) {
    drop_pages(open);
    ::posix_fadvise(open.file.fd(), 0, 0, POSIX_FADV_RANDOM);  // no reading ahead
  }
  const auto engine = io::make_read_engine(io::FileSystem::real(), kDepth);
  std::vector<std::byte> memory(kDepth * 8 * kPageBytes);
  Clock& clock = Clock::system();
  const double begin = clock.now_seconds();
  for (size_t first = 0; first < pages.size() && !stop.stop_requested();) {
    std::vector<io::ReadRequest> requests;
    for (; first < pages.size() && requests.size() < kDepth * 8; ++first) {
      const auto& [file, offset] = pages[first];
      requests.push_back({.fd = files[file].file.fd(),
                          .offset = offset,
                          .bytes = kPageBytes,
                          .dest = memory.data() + requests.size() * kPageBytes});
    }
    engine->read(requests);
    rates.random_reads += requests.size();
    if (clock.now_seconds() - begin > kSeconds) break;
  }
  rates.random_reads_per_second = static_cast<double>(rates.random_reads) / std::max(1e-9, clock.now_seconds() - begin);
}

}  // namespace

DiskRates probe_disk(const io::Dataset& data, std::stop_token stop) {
  DiskRates rates;
  const std::vector<OpenFile> files = open_some(data);
  if (files.empty()) return rates;
  read_in_order(files, rates, stop);
  read_anywhere(files, rates, stop);
  if (stop.stop_requested()) throw Error(Code::kCancelled, "the probe was stopped");
  return rates;
}

}  // namespace penstock
