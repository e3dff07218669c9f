// Work of a device that is recorded once and replayed.
#pragma once

#include <functional>

namespace penstock::learn {

/// One recording. Used by one thread, inside of Compute::enter(). What the work reads and writes must stay where it was when it was recorded.
class Recorder {
 public:
  virtual ~Recorder() = default;
  /// Records what `work` asks of the device; whether it is computed too is left open, so nothing may read its results before replay(). Takes
  /// the place of an earlier recording. Throws what the device or torch says where that cannot be; then there is no recording.
  virtual void record(std::function<void()> work) = 0;
  /// Queues all that was recorded.
  virtual void replay() = 0;
};

}  // namespace penstock::learn
