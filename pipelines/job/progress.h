// How a job tells whoever watches how far it is.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock {

/// Takes the state of a long piece of work. Calls come from one thread at a time, as often as it likes (once a batch): the
/// watcher decides what to show.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  /// A piece of work begins: "packing", 1000, "images". `total` 0: not known. `already`: done before this run.
  virtual void begin(std::string_view what, uint64_t total, std::string_view unit, uint64_t already = 0) = 0;
  /// `done` of the total (what was done already included); `detail` is shown behind the figures: "loss 1.23, top-1 41 %".
  virtual void update(uint64_t done, std::string_view detail = {}) = 0;
  /// A line that stays: an evaluation's result, a checkpoint.
  virtual void say(std::string_view line) = 0;
  virtual void end() = 0;
};

/// Shows nothing.
class NoProgress final : public ProgressSink {
 public:
  void begin(std::string_view, uint64_t, std::string_view, uint64_t) override {}
  void update(uint64_t, std::string_view) override {}
  void say(std::string_view) override {}
  void end() override {}
};

}  // namespace penstock
