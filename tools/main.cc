#include <unistd.h>
#include <iostream>

#include "tools/program.h"
#include "tools/signals.h"

int main(int argc, char** argv) {
  penstock::tools::Signals signals;
  return penstock::tools::run_program({argv + 1, argv + argc}, {.out = std::cout,
                                                                .err = std::cerr,
                                                                .terminal = isatty(STDERR_FILENO) == 1,
                                                                .stop = signals.token(),
                                                                .stopped_by = &penstock::tools::Signals::exit_code});
}
