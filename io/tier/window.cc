#include "io/tier/window.h"

#include <utility>

namespace penstock::io {
namespace {

constexpr uint64_t kLongInFrames = 4;  // a read of so many frames is worth one more

}  // namespace

void Window::add_reads(ReadPlan&& plan, std::span<const uint32_t> records_of, size_t disk, bool from_store,
                       uint64_t frame_bytes) {
  if (of_disk.size() <= disk) of_disk.resize(disk + 1);
  for (PlannedRead& read : plan.reads) {
    WindowRead out;
    out.disk = disk;
    out.from_store = from_store;
    if (read.bytes >= kLongInFrames * frame_bytes) out.lead = read.offset % frame_bytes;
    out.frames.resize((out.lead + read.bytes + frame_bytes - 1) / frame_bytes, {0, UINT32_MAX, 0, 0});
    const auto number = static_cast<uint32_t>(reads.size());
    for (uint32_t p = 0; p < read.pieces.size(); ++p) {
      PlannedRead::Piece& piece = read.pieces[p];
      piece.record = records_of[piece.record];
      piece.at += out.lead;
      WindowRecord& record = records[piece.record];
      record.read = number;
      record.at = piece.at;
      const uint64_t begin = piece.at / frame_bytes, end = (piece.at + piece.length - 1) / frame_bytes;
      record.pending = static_cast<uint32_t>(end - begin + 1);
      for (uint64_t f = begin; f <= end; ++f) {
        WindowRead::Frame& frame = out.frames[f];
        if (frame.users++ == 0) frame.first_piece = p;
        frame.last_piece = p;
      }
    }
    for (const WindowRead::Frame& frame : out.frames) frames += frame.users > 0 ? 1 : 0;
    out.plan = std::move(read);
    of_disk[disk].push_back(number);
    reads.push_back(std::move(out));
  }
}

}  // namespace penstock::io
