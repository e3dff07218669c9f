#include "io/read/read_plan.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "io/read/read_queue.h"

namespace penstock::io {
namespace {

constexpr uint64_t kPage = QueuedRead::kAlignment;
constexpr uint64_t kHoleShare = 64;
constexpr uint64_t kLongPiece = uint64_t{1} << 20;

uint64_t down(uint64_t bytes) { return bytes / kPage * kPage; }
uint64_t up(uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

// Whether `next` (a page-aligned start) continues a read that ends at `end`, on the disk as in the file.
bool follows(const PhysicalPlace& physical, const PlannedRead& read, uint64_t next) {
  const uint64_t end = read.offset + read.bytes - kPage;  // of the last page: what lies before may be in pieces
  return !physical || physical(read.file, next) - physical(read.file, end) == next - end;
}

// Places inside a read where the disk has to go elsewhere, looked for every so many bytes.
uint64_t breaks_in(const PhysicalPlace& physical, const PlannedRead& read) {
  constexpr uint64_t kStep = uint64_t{64} << 10;
  uint64_t breaks = 0;
  for (uint64_t at = kStep; at < read.bytes; at += kStep)
    breaks += physical(read.file, read.offset + at) != physical(read.file, read.offset + at - kStep) + kStep ? 1 : 0;
  return breaks;
}

double seconds_of(const ReadPlan& plan, const DiskModel& disk, const PhysicalPlace& physical) {
  if (disk.bytes_per_second <= 0) return 0;
  const double transfer = static_cast<double>(plan.read_bytes) / disk.bytes_per_second;
  if (disk.kind == DiskKind::kSsd)
    return std::max(transfer,
                    disk.reads_per_second > 0 ? static_cast<double>(plan.reads.size()) / disk.reads_per_second : 0.0);
  uint64_t jumps = 0, requests = 0;
  const PlannedRead* before = nullptr;
  for (const PlannedRead& read : plan.reads) {
    requests += (read.bytes + kLongPiece - 1) / kLongPiece;
    const bool goes_on =
        before != nullptr && before->file == read.file &&
        (physical ? physical(before->file, before->offset) + before->bytes + kPage >= physical(read.file, read.offset)
                  : before->offset + before->bytes + kPage >= read.offset);
    if (!goes_on) ++jumps;
    if (physical) jumps += breaks_in(physical, read);
    before = &read;
  }
  // Whichever is slower: the arm, or what the device takes of requests.
  return std::max(transfer + static_cast<double>(jumps) * disk.positioning_seconds,
                  disk.reads_per_second > 0 && disk.measured_unix > 0
                      ? static_cast<double>(requests) / disk.reads_per_second
                      : 0.0);
}

}  // namespace

ReadPlan plan_reads(std::span<const Extent> extents, const DiskModel& disk, uint64_t most_bytes,
                    const PhysicalPlace& physical) {
  struct Key {
    uint64_t offset;
    uint32_t file, record;
  };
  std::vector<Key> order;
  order.reserve(extents.size());
  for (size_t i = 0; i < extents.size(); ++i) {
    if (extents[i].length == 0) continue;
    order.push_back({extents[i].offset, extents[i].file, static_cast<uint32_t>(i)});
  }
  std::sort(order.begin(), order.end(), [](const Key& a, const Key& b) {
    return std::tie(a.file, a.offset, a.record) < std::tie(b.file, b.offset, b.record);
  });

  ReadPlan plan;
  const uint64_t hole = disk.hole_bytes();
  uint64_t holes = 0, end = 0;  // of the read under way: bytes nobody asked for, and where its last record ends
  uint64_t piece = 0;           // where the piece of the disk that it goes along began
  for (const Key& key : order) {
    const Extent& extent = extents[key.record];
    plan.needed_bytes += extent.length;
    PlannedRead* last = plan.reads.empty() ? nullptr : &plan.reads.back();
    const uint64_t begins = down(extent.offset), ends = up(extent.offset + extent.length);
    bool joins = last != nullptr && last->file == extent.file && extent.offset >= last->offset &&
                 ends - last->offset <= most_bytes;
    if (joins) {
      const uint64_t gap = extent.offset > end ? extent.offset - end : 0;
      // Pages are read whole anyway: a hole inside the page where the last record ended costs nothing.
      const uint64_t cost = begins > last->offset + last->bytes ? begins - last->offset - last->bytes : 0;
      const bool goes_on = follows(physical, *last, begins);
      joins = gap <= hole + kPage && (cost == 0 || (goes_on && (holes + cost) * kHoleShare <= ends - last->offset));
      // Where the file system has torn a file apart: short pieces are read as the file has them, the kernel asks once for each; long ones as the disk has them.
      if (joins && !goes_on) {
        joins = begins - piece < kLongPiece;
        piece = begins;
      }
      if (joins) holes += cost;
    }
    if (!joins) {
      plan.reads.push_back({.file = extent.file, .offset = begins, .bytes = 0, .pieces = {}});
      last = &plan.reads.back();
      holes = 0;
      end = 0;
      piece = begins;
    }
    last->pieces.push_back({key.record, extent.offset - last->offset, extent.length});
    last->bytes = std::max(last->bytes, ends - last->offset);
    end = std::max(end, extent.offset + extent.length);
  }
  if (physical) {
    std::vector<std::pair<uint64_t, size_t>> places;
    for (size_t i = 0; i < plan.reads.size(); ++i)
      places.emplace_back(physical(plan.reads[i].file, plan.reads[i].offset), i);
    std::sort(places.begin(), places.end());
    std::vector<PlannedRead> sorted;
    sorted.reserve(places.size());
    for (const auto& [place, i] : places) sorted.push_back(std::move(plan.reads[i]));
    plan.reads = std::move(sorted);
  }
  for (const PlannedRead& read : plan.reads) plan.read_bytes += read.bytes;
  plan.seconds = seconds_of(plan, disk, physical);
  return plan;
}

}  // namespace penstock::io
