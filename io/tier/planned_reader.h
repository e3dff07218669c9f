// A run's way through a data set on its tiers; see Storage for the whole in words.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/memory/budget.h"
#include "io/read/read_queue.h"
#include "io/tier/frames.h"
#include "io/tier/storage.h"
#include "io/tier/window_maker.h"

namespace penstock::io {

/// Reads windows ahead on a thread of its own and hands their records out. A window's life: planned -> its reads taken a frame each and submitted -> frames come in ->
/// records handed out -> frames given back -> gone when all its records were.
class PlannedReader final : public Reader {
 public:
  /// Takes its memory; Error kMemory, with the least that would do, where that is not free. `storage` and the journey's plan must outlive it.
  /// `table`: what the store itself holds in memory.
  PlannedReader(const Storage& storage, const Journey& journey, Budgets& budgets, FastTiers tiers,
                std::optional<Reserve> table, WindowShape shape, std::unique_ptr<SourceFiles> files);
  ~PlannedReader() override;

  void begin() override;
  void read(const Asked& asked, Intake& out) override;
  void stop() noexcept override;
  std::vector<TierUse> tiers() const override;
  bool wants(uint64_t id) const override;
  void keep(uint64_t id, std::span<const std::byte> made) override;

 private:
  struct Disk {
    std::unique_ptr<ReadQueue> queue;
    unsigned depth = 1;
    std::string named;  ///< said with how the queue reads, once it has a read; then ""
  };
  struct Cursor {
    size_t read = 0, frame = 0;
  };
  struct Counts {
    uint64_t hits = 0, bytes = 0;
  };

  // planned_reader.cc: the issuing thread
  void run();
  bool wait_for_place();
  void issue(const std::shared_ptr<Window>& window);
  bool issue_next(const std::shared_ptr<Window>& window, size_t disk, Cursor& cursor);
  void landed(Window& window, uint32_t read, size_t frame, int64_t result);
  static void there(WindowRecord& record);
  Disk& disk(size_t place);
  void fail(std::exception_ptr error);
  // planned_serve.cc: the run's threads
  void wait_for(Window& window, size_t first, size_t count);
  void serve(Window& window, WindowRecord& record, size_t row, Intake& out);
  std::shared_ptr<Window> window_of(uint64_t ordinal);
  void judge_store(const WindowRecord& record, bool whole);
  template <class Each>
  void each_part(const Window& window, const WindowRecord& record, Each&& each);
  bool copy_out(Window& window, const WindowRecord& record, std::byte* dest);
  void read_directly(uint64_t id, size_t row, std::byte* dest, Intake& out);
  void hand_back(Window& window, size_t first, size_t count);
  void wait_for_ram(WindowRecord& record);
  void settle(WindowRecord& record, const std::byte* bytes);

  const Storage& storage_;
  const Dataset& data_;
  const FastTiers fast_;
  RecordStore* const store_;  ///< of fast_
  RamCache* const ram_;       ///< likewise
  const WindowShape shape_;
  const bool cut_;  ///< the store keeps what stages made, not records
  std::optional<Reserve> table_;
  Reserve reserve_;
  JourneyWalk walk_;
  std::unique_ptr<SourceFiles> files_, store_files_;
  WindowMaker maker_;
  Frames frames_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  ///< a window was added, the RAM tier got a record, the reader stopped
  std::condition_variable room_;     ///< a queue has room, a window is gone: what the issuing thread waits for
  std::vector<WindowWaiter*> waiters_;
  std::deque<std::shared_ptr<Window>> windows_;
  std::vector<Disk> disks_;  ///< by place (WindowMaker)
  std::vector<WindowMaker::Predicted> predicted_;
  std::vector<Counts> from_disk_;  ///< by disk of the data set
  Counts from_ssd_, from_ram_;
  uint64_t served_ = 0;
  bool stopped_ = false;
  std::exception_ptr error_;
  std::atomic<unsigned> failures_in_a_row_{0};
  std::atomic<unsigned> store_failures_in_a_row_{0};
  std::thread thread_;
};

/// Calls each(bytes) for the record's bytes as they lie in frames, in order.
template <class Each>
void PlannedReader::each_part(const Window& window, const WindowRecord& record, Each&& each) {
  const WindowRead& read = window.reads[record.read];
  for (uint64_t done = 0; done < record.length;) {
    const uint64_t at = record.at + done, within = at % shape_.frame_bytes;
    const uint64_t count = std::min(shape_.frame_bytes - within, record.length - done);
    each(std::span<const std::byte>(frames_.data(read.frames[at / shape_.frame_bytes].frame) + within, count));
    done += count;
  }
}

}  // namespace penstock::io
