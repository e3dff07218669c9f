// The program as a function: arguments in, text and exit code out.
#pragma once

#include <functional>
#include <iosfwd>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/mpi/process_group.h"

namespace penstock::tools {

/// The world around one call of the program.
struct World {
  std::ostream& out;
  std::ostream& err;
  bool terminal = false;      ///< err is a terminal
  std::stop_token stop = {};  ///< requested by a signal
  /// Of a program that mpirun started; null: alone. The first process writes results and says how it goes, all say what fails.
  ProcessGroup* processes = nullptr;
  std::function<int()> stopped_by = [] { return 130; };  ///< exit code once `stop` was requested
};

/// Runs `penstock ARGS...` (without the program's name) and gives its exit code (INTERFACE: 0, 1, 2, 3, 130, 143). Throws
/// nothing.
int run_program(std::vector<std::string> args, const World& world);

/// 2 for kUsage, 3 for kData, 130 for kCancelled, 1 for the rest.
int exit_code_of(Code code);

}  // namespace penstock::tools
