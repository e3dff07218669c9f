#include "tools/cmd_neighbours.h"

#include <CLI/CLI.hpp>
#include <map>

#include "models/classic/neighbours.h"
#include "pipelines/classic/neighbours_job.h"
#include "tools/feature_work.h"

namespace penstock::tools {
namespace {

class NeighboursCommand final : public Command {
 public:
  std::string_view name() const override { return "neighbours"; }
  std::string_view summary() const override { return "The nearest rows of features of each row"; }
  std::string_view example() const override {
    return "penstock neighbours features.h5 --k 5 --out similar.csv\n"
           "  penstock neighbours features.h5 --queries new.h5 --metric cosine --out similar.h5\n"
           "What `infer --features` wrote goes in. What the rows and the keys of --json mean: docs/classic.md";
  }

  void add_options(CLI::App& app) override {
    const std::map<std::string, classic::Metric> metrics{
        {"l2", classic::Metric::kL2}, {"cosine", classic::Metric::kCosine}, {"dot", classic::Metric::kDot}};
    app.add_option("features", options_.features,
                   "The rows to search, as `penstock infer --features` wrote them: .h5 or .csv")
        ->required()
        ->type_name("FEATURES");
    app.add_option("--queries", options_.queries,
                   "Rows that look for neighbours (default: the same, and no row is its own neighbour)")
        ->type_name("FEATURES");
    app.add_option("--k", options_.k, "Neighbours of each (default: 5)")
        ->type_name("N")
        ->check(CLI::Range(size_t{1}, classic::kMostNeighbours));
    app.add_option("--out", options_.out,
                   "id, file, neighbours and distances of each query: .csv or .h5; replaced where it is there")
        ->required()
        ->type_name("FILE");
    app.add_option("--metric", options_.metric, "l2 (default), cosine or dot")
        ->type_name("METRIC")
        ->transform(CLI::CheckedTransformer(metrics).description(""));
    app.add_option("--budget", budget_,
                   "Memory for rows and what was found (default: 1GiB); more rows are read in blocks")
        ->type_name("SIZE");
    app.add_option("--device", options_.device, "Where to compute (default: cpu)")->type_name("DEVICE");
  }

  int run(Context& context) override {
    set_frame(options_, budget_, context);
    require_other_than(options_.features, options_.out);
    require_other_than(options_.queries, options_.out);
    const classic::NeighboursResult result = classic::neighbours(options_);
    context.output.result(result.text(), Json::parse(result.to_json()));
    return 0;
  }

 private:
  classic::NeighboursOptions options_;
  std::string budget_ = "1GiB";
};

}  // namespace

std::unique_ptr<Command> make_neighbours_command() { return std::make_unique<NeighboursCommand>(); }

}  // namespace penstock::tools
