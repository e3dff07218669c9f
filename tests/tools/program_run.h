// Runs the program inside the test.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/program.h"

namespace penstock::test {

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

inline Ran run(std::vector<std::string> args, std::stop_token stop = {}) {
  std::ostringstream out, err;
  const int code = tools::run_program(std::move(args), {.out = out, .err = err, .stop = stop});
  return {code, out.str(), err.str()};
}

}  // namespace penstock::test
