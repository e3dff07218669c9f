// Ctrl-C and SIGTERM become a request to stop.
#pragma once

#include <stop_token>
#include <thread>

namespace penstock::tools {

/// SIGUSR1 counts as SIGTERM. While it lives, the first Ctrl-C or SIGTERM requests a stop of token() (callbacks run on a thread of its own, not in the
/// signal handler), and the second one ends the process at once with 130 or 143. One object a process, made in main().
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  std::stop_token token() const { return stop_.get_token(); }
  /// 130 after Ctrl-C, 143 after SIGTERM, 0 when none came.
  static int exit_code();

 private:
  void watch();

  std::stop_source stop_;
  int pipe_[2] = {-1, -1};
  std::thread watcher_;
};

}  // namespace penstock::tools
