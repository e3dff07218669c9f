// One window of a reader: the records that are read together, and how far each of them is.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <span>
#include <vector>

#include "io/read/read_plan.h"
#include "io/tier/journey_walk.h"
#include "io/tier/record_store.h"

namespace penstock::io {

/// Stretches of frames that one read lands in, and who waits for them.
struct WindowRead {
  struct Frame {
    uint32_t frame = 0;        ///< once it was taken
    uint32_t first_piece = 0;  ///< pieces [first, last] of the plan touch it
    uint32_t last_piece = 0;
    uint32_t users = 0;  ///< records that touch it and were not handed out
  };
  PlannedRead plan;  ///< its pieces' places count from `lead` bytes before it
  uint64_t lead =
      0;  ///< of the first frame, left free: frames end where multiples of their size do in the file, as the file system's pieces mostly do
  size_t disk = 0;  ///< queue that it goes to
  bool from_store = false;
  std::vector<Frame> frames;
};

/// A thread that waits until some records of a window are there.
struct WindowWaiter {
  std::condition_variable wake;
  uint64_t left = 0;
};

struct WindowRecord {
  enum class State : uint8_t { kWaiting, kReady, kFailed };
  /// kNowhere and ready: held elsewhere, nothing is read.
  enum class From : uint8_t { kDisk, kSsd, kRam, kNowhere };

  uint64_t id = 0;
  uint64_t place = 0;
  uint64_t length = 0;
  uint64_t at = 0;                      ///< in its read
  uint64_t checksum = 0;                ///< kSsd
  std::span<const std::byte> resident;  ///< kRam
  uint32_t read = 0;                    ///< kDisk, kSsd: into Window::reads
  uint32_t pending = 0;                 ///< frames not yet there
  uint32_t disk = 0;
  WindowWaiter* waiter = nullptr;  ///< told when the record is there
  State state = State::kWaiting;
  From from = From::kNowhere;
  bool failed = false;
  bool for_ram = false;    ///< room is set aside for it in the RAM tier
  bool for_store = false;  ///< the SSD tier is to get it
};

struct Window {
  /// What a record of a window costs beside its bytes: record, extent, piece and keys while it is planned.
  static constexpr uint64_t kRecordBytes = 240;

  uint64_t first = 0;  ///< ordinals
  uint64_t last = 0;
  std::vector<WindowRecord> records;
  std::vector<WindowRead> reads;
  std::vector<std::vector<uint32_t>> of_disk;  ///< reads of each disk, in the order in which it does them
  uint64_t left = 0;                           ///< records not handed out
  uint64_t frames = 0;                         ///< that its reads take

  /// Cuts a planned read into frames and counts who needs them. `records` maps pieces' numbers to records of this window.
  void add_reads(ReadPlan&& plan, std::span<const uint32_t> records, size_t disk, bool from_store,
                 uint64_t frame_bytes);
};

}  // namespace penstock::io
