// What a command of the program is.
#pragma once

#include <memory>
#include <stop_token>
#include <string_view>
#include <vector>

#include "engine/mpi/process_group.h"
#include "engine/telemetry/trace.h"
#include "tools/json_output.h"
#include "tools/options.h"
#include "tools/progress.h"

namespace penstock::tools {

/// What the frame gives a command while it runs.
struct Context {
  const CommonOptions& options;
  Output& output;
  Progress& progress;
  std::stop_token stop;               ///< requested by Ctrl-C or SIGTERM
  ProcessGroup* processes = nullptr;  ///< that work together under mpirun; null: this one alone
  Trace* trace = nullptr;             ///< with --trace; the frame writes the file, whether the command ends well or not
};

/// One subcommand: a file cmd_NAME.cc with a class of its own and a line in commands.cc.
class Command {
 public:
  virtual ~Command() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view summary() const = 0;  ///< one line, no full stop
  virtual std::string_view example() const = 0;  ///< a line or more that could be typed
  virtual CommonUse common() const { return {}; }
  /// Whether several processes under mpirun share the work of one call; the others are refused there.
  virtual bool shares_work() const { return false; }
  /// Adds arguments and options, which are parsed into members.
  virtual void add_options(CLI::App& app) = 0;
  /// Does it; gives the exit code, 0 or 3. Throws Error. When it was stopped it may return 0 or throw kCancelled: the frame
  /// turns both into 130 or 143.
  virtual int run(Context& context) = 0;
};

/// All of them, in the order in which help shows them.
std::vector<std::unique_ptr<Command>> all_commands();

}  // namespace penstock::tools
