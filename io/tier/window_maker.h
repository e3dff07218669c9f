// Cuts a journey into windows and plans the reads of each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "io/tier/journey_walk.h"
#include "io/tier/keep_rule.h"
#include "io/tier/ram_cache.h"
#include "io/tier/record_store.h"
#include "io/tier/source_files.h"
#include "io/tier/window.h"

namespace penstock::io {

/// Sizes of a reader's memory, chosen once a run.
struct WindowShape {
  uint64_t frame_bytes = 0;
  uint64_t frames = 0;
  uint64_t window_bytes = 0;    ///< records of a window, at most
  uint64_t window_records = 0;  ///< likewise
  uint64_t most_frames = 0;     ///< of a window
  uint64_t windows = 3;         ///< held at once
  bool dense = false;           ///< neighbours in the order lie together on the disk: long reads
  bool whole_groups = false;    ///< a window is a block group

  /// RAM that the reader takes.
  uint64_t bytes() const { return frame_bytes * frames + windows * window_records * Window::kRecordBytes; }
};

/// What a shape is chosen from.
struct WindowNeeds {
  uint64_t records = 0, bytes = 0, max_bytes = 0;  ///< of the data set
  uint64_t group_records = 0;                      ///< kBlock; 0: another order
  bool dense = false;
  bool hdd = false;
  unsigned depth = 1;  ///< reads that keep the disk busy
};

/// The memory that this order wants, at most `available`; `wished`: window bytes that the user set, or 0. Its bytes() may exceed `available` where even the least does.
WindowShape choose_shape(const WindowNeeds& needs, uint64_t available, uint64_t wished);
/// The least that runs: one record, whatever its place, and one more on its way.
WindowShape least_shape(const WindowNeeds& needs);

/// The faster tiers of a reader, and what each keeps.
struct FastTiers {
  std::shared_ptr<RamCache> ram;  ///< null: none
  KeepRule ram_keeps;
  RecordStore* store = nullptr;  ///< null: none
  KeepRule store_keeps;
  std::function<bool(uint64_t)> elsewhere = {};  ///< StorageOptions::elsewhere
  bool store_holds_all = false;  ///< there is room for what the RAM tier keeps as well, for the next start
};

/// One thread. What it refers to must outlive it.
class WindowMaker {
 public:
  WindowMaker(const Dataset& data, const JourneyWalk& walk, const WindowShape& shape, SourceFiles& files,
              SourceFiles* store_files, const FastTiers& tiers)
      : data_(data), walk_(walk), shape_(shape), files_(files), store_files_(store_files), tiers_(tiers) {
    if (!shape.whole_groups) fitted_ = kFirstWindow / 2;
  }

  /// Records of the first window; each later one may have twice as many as the one before, so that the first batch does not wait for a large window's plan.
  static constexpr uint64_t kFirstWindow = 2048;
  static constexpr size_t kStoreDisk = 0;  ///< Window::of_disk: the SSD tier's place ...
  static constexpr size_t kFirstDisk = 1;  ///< ... and that of the data set's first disk

  /// Sets room aside in the RAM tier for the window's records that it keeps, as far as there is some, and marks those that the SSD tier keeps. In order: a run
  /// sees what the one before planned.
  void plan_tiers(Window& window) const;

  /// The window that begins at ordinal `first` < walk.size().
  std::shared_ptr<Window> make(uint64_t first);

  /// Of the windows made so far, by place of the disk: what the models say of their reads.
  struct Predicted {
    double seconds = 0;
    uint64_t bytes = 0;
  };
  const std::vector<Predicted>& predicted() const { return predicted_; }

 private:
  std::shared_ptr<Window> plan(uint64_t first, uint64_t last);

  const Dataset& data_;
  const JourneyWalk& walk_;
  const WindowShape shape_;
  SourceFiles& files_;
  SourceFiles* store_files_;
  const FastTiers& tiers_;
  std::vector<Predicted> predicted_, pending_;
  uint64_t fitted_ = uint64_t{1} << 40;  ///< records of a window that the frames allow
};

}  // namespace penstock::io
