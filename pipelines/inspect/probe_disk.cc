#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <memory>
#include <mutex>
#include <set>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/memory/buffer.h"
#include "engine/order/draws.h"
#include "io/read/read_queue.h"
#include "pipelines/inspect/probe.h"

namespace penstock {
namespace {

constexpr uint64_t kLongRead = 1_MiB;  // as the reader of block order does them
constexpr uint64_t kPage = io::QueuedRead::kAlignment;
constexpr size_t kMostFiles = 400;  // open at once: below the usual limit of 1024
constexpr unsigned kLongDepth = 8;
constexpr double kWarmSeconds = 0.3;  // allowances of throttled disks, caches of real ones
constexpr double kSequentialSeconds = 1.2;
constexpr double kDepthSeconds = 0.35;

using OpenFile = std::shared_ptr<const io::ReadFile>;

/// Keeps `depth` reads in flight and counts what is done once it is warm.
class Gauge {
 public:
  Gauge(unsigned depth, uint64_t read_bytes)
      : depth_(depth),
        read_bytes_(read_bytes),
        memory_(depth * read_bytes),
        queue_(io::make_read_queue(io::FileSystem::real(), depth)) {}

  struct Count {
    double seconds = 0;
    uint64_t reads = 0, bytes = 0;
  };

  /// next(file, offset) names the next read; false: there is no more. At least one read is counted.
  template <class Next>
  Count run(double warm_seconds, double seconds, const std::stop_token& stop, Next&& next) {
    Clock& clock = Clock::system();
    const double began = clock.now_seconds();
    double counted_from = began;
    Count count;
    std::unique_lock lock(mutex_);
    std::vector<unsigned> free;
    for (unsigned i = 0; i < depth_; ++i) free.push_back(i);
    bool more = true, warm = false, ended = false;
    unsigned in_flight = 0;
    for (;;) {
      const double now = clock.now_seconds();
      if (!warm && now - began >= warm_seconds) {
        warm = true;
        counted_from = now;
        count = {};
      }
      if (now - began >= warm_seconds + seconds || stop.stop_requested()) more = false;
      if (!more) ended = true;  // what still comes is not counted: fewer than `depth` are in flight
      while (more && !free.empty()) {
        io::QueuedRead read;
        read.bytes = read_bytes_;
        if (!next(read.file, read.offset)) {
          more = false;
          break;
        }
        const unsigned slot = free.back();
        free.pop_back();
        read.dest = memory_.data() + slot * read_bytes_;
        read.done = [this, slot](int64_t result) {
          const std::lock_guard guard(mutex_);
          done_.emplace_back(slot, result);
          changed_.notify_one();
        };
        ++in_flight;
        lock.unlock();
        queue_->submit(std::move(read));
        lock.lock();
      }
      if (in_flight == 0) break;
      changed_.wait(lock, [&] { return !done_.empty(); });
      for (const auto& [slot, result] : done_) {
        if (result < 0)
          throw Error(Code::kIo, "the disk cannot be read (error " + std::to_string(-result) + ")")
              .hint("look into the kernel's log (dmesg)");
        if (!ended || count.reads == 0) {
          ++count.reads;
          count.bytes += static_cast<uint64_t>(result);
          count.seconds = clock.now_seconds() - counted_from;
        }
        free.push_back(slot);
        --in_flight;
      }
      done_.clear();
    }
    return count;
  }
  std::string how() const { return queue_->how(); }

 private:
  const unsigned depth_;
  const uint64_t read_bytes_;
  Buffer memory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<unsigned, int64_t>> done_;
  std::unique_ptr<io::ReadQueue> queue_;  ///< first to go
};

double rate(double amount, double seconds) { return amount / std::max(1e-9, seconds); }

// Files of the data set, spread evenly, by the disk they lie on.
std::vector<std::pair<io::DiskModel, std::vector<OpenFile>>> files_by_disk(const io::Dataset& data) {
  std::vector<std::pair<io::DiskModel, std::vector<OpenFile>>> disks;
  io::FileSystem& fs = io::FileSystem::real();
  std::set<std::string> paths;
  if (data.has_extents() && data.file_count() <= kMostFiles) {
    for (uint32_t f = 0; f < data.file_count(); ++f) paths.insert(data.file_path(f));
  } else {
    const uint64_t count = std::min<uint64_t>(data.size(), kMostFiles);
    for (uint64_t i = 0; i < count; ++i) paths.insert(data.locate(i * data.size() / count).file);
  }
  for (const std::string& path : paths) {
    auto file = std::make_shared<const io::ReadFile>(fs, path, true);
    if (file->bytes() == 0) continue;
    io::DiskModel model = io::disk_of(fs, path);
    const auto same = std::find_if(disks.begin(), disks.end(), [&](const auto& disk) {
      return disk.first.name == model.name && disk.first.device == model.device;
    });
    if (same == disks.end())
      disks.push_back({std::move(model), {std::move(file)}});
    else
      same->second.push_back(std::move(file));
  }
  return disks;
}

void measure_sequential(const std::vector<OpenFile>& files, DiskRates& rates, const std::stop_token& stop) {
  Gauge gauge(kLongDepth, kLongRead);
  size_t f = 0;
  uint64_t at = 0;
  const auto count = gauge.run(kWarmSeconds, kSequentialSeconds, stop, [&](OpenFile& file, uint64_t& offset) {
    while (at >= files[f]->bytes()) {  // once more from the start, if need be: nothing is cached
      f = (f + 1) % files.size();
      at = 0;
    }
    file = files[f];
    offset = at;
    at += kLongRead;
    return true;
  });
  rates.sequential_bytes = count.bytes;
  rates.model.bytes_per_second = rate(static_cast<double>(count.bytes), count.seconds);
  rates.how = gauge.how();
}

/// Any page of all files, as likely as any other.
class AnyPage {
 public:
  explicit AnyPage(const std::vector<OpenFile>& files) : files_(files) {
    for (const OpenFile& file : files) ends_.push_back(pages_ += (file->bytes() + kPage - 1) / kPage);
  }
  bool operator()(OpenFile& file, uint64_t& offset) {
    const uint64_t page = draws_.below(pages_);
    const auto f = static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), page) - ends_.begin());
    file = files_[f];
    offset = (page - (f == 0 ? 0 : ends_[f - 1])) * kPage;
    return true;
  }

 private:
  const std::vector<OpenFile>& files_;
  std::vector<uint64_t> ends_;  ///< in pages, over all files
  uint64_t pages_ = 0;
  Draws draws_{1, 0, 0, draw_key("probe")};
};

// With long reads, which a limit on requests does not slow down: the model has that limit beside the arm.
void measure_positioning(const std::vector<OpenFile>& files, DiskRates& rates, const std::stop_token& stop) {
  Gauge gauge(1, kLongRead);
  const auto count = gauge.run(kWarmSeconds / 3, 2 * kDepthSeconds, stop, AnyPage(files));
  if (count.reads == 0) return;
  const double each = count.seconds / static_cast<double>(count.reads);
  const double bytes = static_cast<double>(count.bytes) / static_cast<double>(count.reads);
  rates.model.positioning_seconds = std::max(0.0, each - bytes / std::max(1.0, rates.model.bytes_per_second));
}

void measure_anywhere(const std::vector<OpenFile>& files, DiskRates& rates, const std::stop_token& stop) {
  AnyPage next(files);
  for (const unsigned depth : {1u, 2u, 4u, 8u, 16u, 32u, 64u}) {
    Gauge gauge(depth, kPage);
    const auto count = gauge.run(depth == 1 ? kWarmSeconds : kWarmSeconds / 3, kDepthSeconds, stop, next);
    const double each = rate(static_cast<double>(count.reads), count.seconds);
    rates.reads_per_second_at[depth] = each;
    rates.random_reads += count.reads;
    rates.model.reads_per_second = std::max(rates.model.reads_per_second, each);
    if (depth == 1) rates.model.latency_seconds = 1 / std::max(1e-9, each);
  }
}

}  // namespace

std::vector<DiskRates> probe_disks(const io::Dataset& data, std::stop_token stop) {
  std::vector<DiskRates> all;
  for (const auto& [model, files] : files_by_disk(data)) {
    DiskRates rates;
    rates.model = model;
    rates.model.reads_per_second = 0;
    measure_sequential(files, rates, stop);
    measure_anywhere(files, rates, stop);
    if (stop.stop_requested()) throw Error(Code::kCancelled, "the probe was stopped");
    io::DiskModel& found = rates.model;
    // Where the kernel does not say what it is: a disk that answers late, and hardly more often when it is asked for more at once, has an arm.
    if (found.name == "?" && found.latency_seconds > 3e-3 &&
        rates.reads_per_second_at[16] < 3 * rates.reads_per_second_at[1])
      found.kind = io::DiskKind::kHdd;
    found.positioning_seconds = 0;
    if (found.kind == io::DiskKind::kHdd) measure_positioning(files, rates, stop);
    found.measured_unix = static_cast<int64_t>(std::time(nullptr));
    all.push_back(std::move(rates));
  }
  return all;
}

}  // namespace penstock
