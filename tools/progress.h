// Progress with rate and ETA: one line that changes on a terminal, plain lines elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "pipelines/job/progress.h"
#include "tools/json_output.h"

namespace penstock::tools {

/// On a terminal the line is rewritten five times a second; elsewhere a plain line comes every ten seconds, and one at the
/// end. With --quiet nothing but warnings. The rate is of the last part of the work (half of what it was ten seconds ago counts), so that a
/// warm-up is forgotten. What is counted in "bytes" is written as sizes; work that counted nothing is told by its time, or not at all where it was over at once. One thread at a time. Output and clock must outlive it.
class Progress final : public ProgressSink {
 public:
  Progress(Output& output, bool terminal, Clock& clock = Clock::system())
      : output_(output), terminal_(terminal), clock_(clock) {}
  ~Progress() override { clear(); }

  void begin(std::string_view what, uint64_t total, std::string_view unit, uint64_t already = 0) override;
  void update(uint64_t done, std::string_view detail = {}) override;
  void say(std::string_view line) override;
  void end() override;

 private:
  std::string counted(uint64_t n) const;
  std::string speed(double rate) const;
  std::string line() const;
  void show();
  void clear();

  Output& output_;
  const bool terminal_;
  Clock& clock_;
  std::string what_, unit_, detail_;
  uint64_t total_ = 0, done_ = 0, already_ = 0;
  int64_t began_ns_ = 0, shown_ns_ = 0, measured_ns_ = 0;
  uint64_t measured_done_ = 0;
  double rate_ = 0;
  bool active_ = false, line_open_ = false, in_bytes_ = false;
};

}  // namespace penstock::tools
