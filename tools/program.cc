#include "tools/program.h"

#include <algorithm>
#include <exception>
#include <new>
#include <ostream>

#include <CLI/CLI.hpp>

#include "engine/base/nearest.h"
#include "io/file/atomic_file.h"
#include "tools/command.h"
#include "tools/places.h"

namespace penstock::tools {
namespace {

constexpr const char* kAbout =
    "Carries a data set from disk to the network: packs, checks, streams, trains, evaluates, and says what limited it.";

int refuse(const World& world, const std::string& what, const std::string& help) {
  world.err << "penstock: " + what + "\n  " + help + "\n";  // in one piece: several processes may speak at once
  return 2;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// What CLI11 says of the arguments, with the nearest right option where it is about one.
std::string parse_fault(const CLI::App& app, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return error.what();
  for (const std::string& extra : app.remaining()) {
    const std::string name = extra.substr(0, extra.find('='));
    if (name.starts_with("-")) return "unknown option '" + name + "'" + nearest_hint(name, option_names(app));
    return "argument '" + extra + "' is one too many";
  }
  return error.what();
}

/// "penstock train", with the process where there are several.
std::string name_of(std::string_view command, const World& world) {
  const std::string name = "penstock " + std::string(command);
  return world.processes == nullptr ? name : name + " (process " + std::to_string(world.processes->rank()) + ")";
}

int explain(const Error& error, std::string_view command, const World& world) {
  world.err << name_of(command, world) + ": " + error.what() + "\n";  // likewise
  return error.code() == Code::kCancelled ? world.stopped_by() : exit_code_of(error.code());
}

// A trace is worth most when the command failed, so it is written in any case; failing to write it fails the command.
int write_trace(const CommonOptions& options, const Trace* trace, std::string_view command, const World& world) {
  if (trace == nullptr || (world.processes != nullptr && world.processes->rank() != 0)) return 0;
  try {
    io::write_file(io::FileSystem::real(), options.trace, trace->json());
  } catch (const Error& error) { return explain(error, command, world); }
  if (!options.quiet) world.err << "trace: " << options.trace << " (open it in ui.perfetto.dev)\n";
  return 0;
}

int run_command(Command& command, const CommonOptions& options, const World& world) {
  const bool speaks = world.processes == nullptr || world.processes->rank() == 0;
  std::ostream nowhere(nullptr);
  Output output(speaks ? world.out : nowhere, speaks ? world.err : nowhere, options.json, options.quiet || !speaks);
  std::unique_ptr<Trace> trace;
  if (!options.trace.empty()) trace = std::make_unique<Trace>();
  int code = 0;
  try {
    require_writable(options.trace, "--trace");  // now, not when the command has run for hours
  } catch (const Error& error) { return explain(error, command.name(), world); }
  try {
    if (world.processes != nullptr && !command.shares_work())
      throw Error(Code::kUsage, "'" + std::string(command.name()) + "' is no work for several processes")
          .hint("run it without mpirun; train, evaluate, infer and pack share their work");
    if (world.processes != nullptr)
      require_same(*world.processes, "command", std::string(command.name()) + " of penstock " PENSTOCK_VERSION,
                   "start the same program with the same command on all machines");
    Progress progress(output, world.terminal && speaks);
    Context context{options, output, progress, world.stop, world.processes, trace.get()};
    code = command.run(context);
    if (world.processes != nullptr) world.processes->expect_ends();  // whatever the code says of the data
  } catch (const Error& error) { code = explain(error, command.name(), world); } catch (const std::bad_alloc&) {
    world.err << name_of(command.name(), world) + ": memory ran out; lower budget.ram, the batch or --threads\n";
    code = 1;
  } catch (const std::exception& error) {
    world.err << name_of(command.name(), world) + ": " + error.what() + " (this is a fault of Penstock)\n";
    code = 1;
  }
  const int trace_code = write_trace(options, trace.get(), command.name(), world);
  if (code == 0) code = trace_code;
  if (code == 0 && world.stop.stop_requested()) code = world.stopped_by();
  return code;
}

}  // namespace

int exit_code_of(Code code) {
  switch (code) {
    case Code::kUsage: return 2;
    case Code::kData: return 3;
    case Code::kCancelled: return 130;
    default: return 1;
  }
}

int run_program(std::vector<std::string> args, const World& world) {
  const auto commands = all_commands();
  CommonOptions options;
  CLI::App app(kAbout, "penstock");
  app.set_version_flag("--version", "penstock " PENSTOCK_VERSION);
  app.require_subcommand(1);
  app.footer(
      "penstock COMMAND --help shows an example. Start with: penstock train imagenette-resnet18 --data FOLDER --out "
      "RUN");
  std::vector<std::string> names;
  for (const auto& command : commands) {
    names.emplace_back(command->name());
    CLI::App* sub = app.add_subcommand(names.back(), std::string(command->summary()));
    sub->footer("Example:\n  " + std::string(command->example()));
    command->add_options(*sub);
    add_common_options(*sub, options, command->common());
  }
  if (args.empty()) {
    world.err << app.help();
    return 2;
  }
  if (!args[0].starts_with("-") && std::find(names.begin(), names.end(), args[0]) == names.end()) {
    return refuse(world, "unknown command '" + args[0] + "'" + nearest_hint(args[0], names),
                  "penstock --help lists all");
  }

  try {
    std::reverse(args.begin(), args.end());  // CLI11 takes them from the back
    app.parse(std::move(args));
  } catch (const CLI::CallForVersion&) {
    world.out << "penstock " PENSTOCK_VERSION "\n";
    return 0;
  } catch (const CLI::CallForHelp&) {
    const auto asked = app.get_subcommands();
    world.out << (asked.empty() ? app.help() : asked[0]->help());
    return 0;
  } catch (const CLI::ParseError& error) {
    const auto asked = app.get_subcommands();
    const CLI::App& where = asked.empty() ? app : *asked[0];
    const std::string name = asked.empty() ? "penstock" : "penstock " + asked[0]->get_name();
    return refuse(world, parse_fault(where, error), name + " --help shows what there is");
  }

  const std::string chosen = app.get_subcommands()[0]->get_name();
  const auto command =
      std::find_if(commands.begin(), commands.end(), [&](const auto& c) { return c->name() == chosen; });
  return run_command(**command, options, world);
}

}  // namespace penstock::tools
