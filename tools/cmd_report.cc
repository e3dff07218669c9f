#include "tools/cmd_report.h"

#include <CLI/CLI.hpp>

#include "engine/base/error.h"
#include "pipelines/train/report_job.h"
#include "pipelines/trees/trees_report.h"

namespace penstock::tools {
namespace {

class ReportCommand final : public Command {
 public:
  std::string_view name() const override { return "report"; }
  std::string_view summary() const override {
    return "What limited a run, and what would lift it; of two runs, what changed";
  }
  std::string_view example() const override {
    return "penstock report runs/first\n  penstock report runs/first runs/second";
  }

  void add_options(CLI::App& app) override {
    app.add_option("run", run_, "A run directory")->required()->type_name("RUN");
    app.add_option("other", other_, "A second one, to compare with")->type_name("RUN2");
  }

  int run(Context& context) override {
    io::FileSystem& fs = io::FileSystem::real();
    const bool trees = trees::is_trees_run(fs, run_);
    const auto is_run = [&](const std::string& path) { return fs.exists(io::join_path(path, "recipe.toml")); };
    if (!other_.empty() && is_run(run_) && is_run(other_) && trees != trees::is_trees_run(fs, other_))
      throw Error(Code::kUsage, "of '" + run_ + "' and '" + other_ + "' one trained a network and one grew trees")
          .hint("report each alone; `penstock compare` trains several kinds and sets them side by side");
    if (trees) return run_of_trees(fs, context);
    const train::RunReport first = train::read_run(fs, run_);
    if (other_.empty()) {
      context.output.result(train::report_text(first), Json::parse(train::report_json(first)));
      return first.proven() ? 0 : 3;
    }
    const train::RunReport second = train::read_run(fs, other_);
    context.output.result(train::comparison_text(first, second), {{"first", Json::parse(train::report_json(first))},
                                                                  {"second", Json::parse(train::report_json(second))}});
    return 0;
  }

 private:
  int run_of_trees(io::FileSystem& fs, Context& context) const {
    const trees::TreesReport first = trees::read_trees_run(fs, run_);
    if (other_.empty()) {
      context.output.result(trees::report_text(first), Json::parse(trees::report_json(first)));
      return 0;
    }
    const trees::TreesReport second = trees::read_trees_run(fs, other_);
    context.output.result(trees::comparison_text(first, second), {{"first", Json::parse(trees::report_json(first))},
                                                                  {"second", Json::parse(trees::report_json(second))}});
    return 0;
  }

  std::string run_, other_;
};

}  // namespace

std::unique_ptr<Command> make_report_command() { return std::make_unique<ReportCommand>(); }

}  // namespace penstock::tools
