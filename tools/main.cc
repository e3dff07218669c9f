#include <unistd.h>
#include <iostream>
#include <memory>

#include "engine/base/error.h"
#include "engine/mpi/process_group.h"
#include "tools/program.h"
#include "tools/signals.h"

int main(int argc, char** argv) {
  std::unique_ptr<penstock::ProcessGroup> processes;
  try {
    processes = penstock::join_processes();
  } catch (const penstock::Error& error) {
    std::cerr << "penstock: " << error.what() << "\n";
    return penstock::tools::exit_code_of(error.code());
  }
  penstock::tools::Signals signals;
  const int code =
      penstock::tools::run_program({argv + 1, argv + argc}, {.out = std::cout,
                                                             .err = std::cerr,
                                                             .terminal = isatty(STDERR_FILENO) == 1,
                                                             .stop = signals.token(),
                                                             .processes = processes.get(),
                                                             .stopped_by = &penstock::tools::Signals::exit_code});
  // Others may wait for ever for one that failed alone. Who was stopped was stopped together with them.
  const bool failed = code != 0 && code != 130 && code != 143;
  if (processes && (processes->is_broken() || (failed && !processes->expects_ends()))) {
    std::cout.flush();
    processes->abort(code != 0 ? code : 1);
  }
  return code;
}
