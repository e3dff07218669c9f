#include "tools/cmd_cluster.h"

#include <CLI/CLI.hpp>
#include <map>

#include "pipelines/classic/cluster_job.h"
#include "tools/feature_work.h"
#include "tools/places.h"

namespace penstock::tools {
namespace {

using classic::ClusterMethod;

class ClusterCommand final : public Command {
 public:
  std::string_view name() const override { return "cluster"; }
  std::string_view summary() const override { return "Groups rows of features: k-means, mini-batches, mean shift"; }
  std::string_view example() const override {
    return "penstock cluster features.h5 --k 10 --out clusters.csv --centers centres.safetensors\n"
           "  penstock cluster features.h5 --method mean-shift --pca 16 --out clusters.h5\n"
           "What `infer --features` wrote goes in. What the rows and the keys of --json mean: docs/classic.md";
  }

  void add_options(CLI::App& app) override {
    const std::map<std::string, ClusterMethod> methods{{"k-means", ClusterMethod::kKMeans},
                                                       {"mini-batch", ClusterMethod::kMiniBatch},
                                                       {"mean-shift", ClusterMethod::kMeanShift}};
    const std::map<std::string, classic::ShiftKernel> kernels{{"flat", classic::ShiftKernel::kFlat},
                                                              {"gaussian", classic::ShiftKernel::kGaussian}};
    app.add_option("features", options_.features, "What `penstock infer --features` wrote: .h5 or .csv")
        ->required()
        ->type_name("FEATURES");
    app.add_option("--k", options_.k,
                   "Clusters to make (default: 8, or as many as --from holds); mean shift finds their number itself")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000));
    app.add_option("--out", options_.out,
                   "id, file, cluster and distance of each row: .csv or .h5; replaced where it is there")
        ->type_name("FILE");
    app.add_option("--centers", options_.centers, "Store the centres (safetensors), also when stopped by Ctrl-C")
        ->type_name("FILE");
    app.add_option("--from", options_.from, "Start from centres that --centers stored, in place of k-means++")
        ->type_name("FILE");
    app.add_option("--method", options_.method, "k-means (default), mini-batch or mean-shift")
        ->type_name("METHOD")
        ->transform(CLI::CheckedTransformer(methods).description(""));
    app.add_option("--pca", options_.pca, "Project to so many principal components first")
        ->type_name("D")
        ->check(CLI::Range(1, 1'000'000));
    app.add_flag("--whiten", options_.whiten, "With --pca: variance 1 along each of them");
    app.add_option("--seed", options_.seed, "Of the draws (default: 0)")->type_name("S");
    app.add_option("--starts", options_.n_init, "Fits from so many seedings, the best is kept (default: 1)")
        ->type_name("N")
        ->check(CLI::Range(1, 10'000));
    app.add_option("--iterations", options_.max_iterations,
                   "At most so many (default: 300; mini-batches: 100 passes over the rows)")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000));
    app.add_option(
           "--tolerance", options_.tolerance,
           "Squared movement of the centres, as a share of the mean variance, that ends k-means (default: 1e-4)")
        ->type_name("SHARE")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--batch", options_.batch, "Rows of a mini-batch (default: 1024)")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000'000));
    app.add_option("--bandwidth", options_.bandwidth, "Of mean shift, in units of the features (default: estimated)")
        ->type_name("X")
        ->check(CLI::PositiveNumber);
    app.add_option("--kernel", options_.kernel, "Of mean shift: flat (default) or gaussian")
        ->type_name("KERNEL")
        ->transform(CLI::CheckedTransformer(kernels).description(""));
    app.add_flag("--bins", options_.binned, "Mean shift starts from the occupied cells of a grid, not from each row");
    app.add_option("--budget", budget_,
                   "Memory for rows, centres and sums (default: 1GiB); more rows are read in blocks")
        ->type_name("SIZE");
    app.add_option("--device", options_.device, "Where to compute (default: cpu)")->type_name("DEVICE");
  }

  int run(Context& context) override {
    set_frame(options_, budget_, context);
    if (options_.out.empty() && options_.centers.empty() && !context.options.json)
      throw Error(Code::kUsage, "nothing would be kept of the clusters")
          .hint("--out FILE.csv, --centers FILE or --json");
    require_writable(options_.centers, "--centers");
    require_other_than(options_.features, options_.out);
    require_other_than(options_.features, options_.centers);
    const classic::ClusterResult result = classic::cluster(options_);
    context.output.result(result.text(), Json::parse(result.to_json()));
    return 0;
  }

 private:
  classic::ClusterOptions options_;
  std::string budget_ = "1GiB";
};

}  // namespace

std::unique_ptr<Command> make_cluster_command() { return std::make_unique<ClusterCommand>(); }

}  // namespace penstock::tools
