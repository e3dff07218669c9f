// A command of this program as a process of its own, so that its memory and its threads are its alone.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

namespace penstock::tools {

struct ChildResult {
  int code = 0;     ///< its exit code; 128 + N where signal N ended it
  std::string out;  ///< what it wrote to stdout
  double seconds = 0;
  double cpu_seconds = 0;
  uint64_t peak_rss_bytes = 0;  ///< as the kernel counted it: getrusage(2), ru_maxrss
};

/// Where this program lies.
std::string own_program();

/// Starts `program` with `args` and waits for its end; its stderr is this process's. A stop is passed on as SIGTERM, once. Throws Error kIo where it cannot be
/// started. Any thread.
ChildResult run_child(const std::string& program, const std::vector<std::string>& args, std::stop_token stop);

}  // namespace penstock::tools
