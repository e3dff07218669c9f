// The options that every command has.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/run/cores.h"

namespace CLI {
class App;
}

namespace penstock::tools {

/// What stands on the command line of any command.
struct CommonOptions {
  std::vector<std::string> set;  ///< "--set key=value", in order; commands that take a recipe
  unsigned threads = 0;          ///< --threads; 0: not given
  bool json = false;             ///< one JSON object on stdout, everything for people on stderr
  bool quiet = false;            ///< no progress, no notes; results, warnings and errors remain
  std::string trace;             ///< --trace FILE; "" for none

  /// Cores that the command may use: --threads, or Cores::available().
  unsigned thread_count() const { return threads != 0 ? threads : Cores::available(); }
};

/// Which of them a command offers beside --json, --quiet and --threads.
struct CommonUse {
  bool recipe = false;  ///< --set
  bool trace = false;   ///< --trace
};

void add_common_options(CLI::App& app, CommonOptions& options, const CommonUse& use);

/// --labels FILE.
void add_labels(CLI::App& app, std::string& labels);

/// Whether "key=value" of --set is of networks alone: [net], [train] or [input].
bool is_of_networks(std::string_view set);

/// A check for CLI11 options: a number of at least `least`, said in words people read.
std::function<std::string(const std::string&)> at_least_number(double least);

}  // namespace penstock::tools
