// A simulated GPU: asynchronous, with its own memory limit, and as slow as it is told to be.
#pragma once

#include "engine/base/clock.h"
#include "engine/device/device.h"

namespace penstock {

struct SimOptions {
  uint32_t index = 0;                   ///< "sim:<index>"
  uint64_t memory_bytes = 8ull << 30;   ///< 0: no limit
  double copy_bytes_per_second = 12e9;  ///< of each stream; 0: copies take no time. 12e9 is PCIe 3 x16
  int64_t launch_ns = 0;                ///< what each launch takes at least (the step of a training)
  /// Work that really takes longer than stated takes what it takes. Off: only what is stated counts.
  bool count_real_work = true;
};

class TimedStream : public Stream {
 public:
  /// A launch that takes `ns` at least, in place of what the options say.
  virtual void launch_for(int64_t ns, std::function<void()> work) = 0;
};

/// A stream as those of such a device, for models whose launches take different times. `device` names it in errors.
std::unique_ptr<TimedStream> make_timed_stream(const SimOptions& options, std::string device, Clock& clock);

/// Each stream has a thread of its own that really does the copies and launches, and a timeline: work starts when it
/// was queued, when the work before it ended, and when the events it waits for were done, whichever is last, and takes
/// the time that the options say. The timeline is computed, not measured, and the thread sleeps on the clock until the
/// work's end: under a fake clock, and without counting real work, figures are exact.
///
/// The clock must outlive the device.
std::unique_ptr<Device> make_sim_device(const SimOptions& options = {}, Clock& clock = Clock::system());

}  // namespace penstock
