// What happened when, for chrome://tracing and ui.perfetto.dev.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/clock.h"

namespace penstock {

/// Collects spans, counters and thread names and writes them in Chrome's Trace Event Format (JSON; 'X' events with ts
/// and dur in microseconds). Thread-safe: each thread writes to a buffer of its own. About 0.5 us an event, so: spans
/// around slices, batches and reads, not around records. Bounded: events past `max_events` are counted, not kept.
///
/// Whoever may be traced holds a `Trace*` that is null when tracing is off; then a TraceSpan costs one comparison.
class Trace {
 public:
  /// The clock must outlive the trace; its time now is 0 in the trace. `process` tells ranks apart.
  explicit Trace(Clock& clock = Clock::system(), uint32_t process = 0, std::string process_name = "penstock",
                 size_t max_events = 1'000'000);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  /// Names the calling thread.
  void name_thread(std::string_view name);
  /// A complete span on the calling thread, times of the clock. `detail` (where not empty) is one number shown with it.
  void span(std::string_view name, std::string_view category, int64_t begin_ns, int64_t end_ns,
            std::string_view detail = {}, int64_t value = 0);
  /// The value of a counter from now on: queue depths, bytes in use.
  void counter(std::string_view name, double value);

  Clock& clock() const { return clock_; }
  uint64_t dropped() const;
  /// The whole trace so far; the caller writes it.
  std::string json() const;

 private:
  struct Core;
  Clock& clock_;
  std::unique_ptr<Core> core_;
};

/// A span from construction to destruction: `TraceSpan span(trace, "image.decode", "slice", "step", 17);`
/// The texts must live as long as the span.
class TraceSpan {
 public:
  TraceSpan(Trace* trace, std::string_view name, std::string_view category, std::string_view detail = {},
            int64_t value = 0)
      : trace_(trace), name_(name), category_(category), detail_(detail), value_(value) {
    if (trace_) begin_ns_ = trace_->clock().now_ns();
  }
  ~TraceSpan() {
    if (trace_) trace_->span(name_, category_, begin_ns_, trace_->clock().now_ns(), detail_, value_);
  }
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;

 private:
  Trace* trace_;
  std::string_view name_, category_, detail_;
  int64_t value_ = 0;
  int64_t begin_ns_ = 0;
};

}  // namespace penstock
