// What recipes say about training, by name, and whether it makes sense.
#include <cmath>
#include <string>

#include "engine/base/error.h"
#include "models/nets/package.h"
#include "stages/learn/learner.h"

namespace penstock::learn {
namespace {

void require(bool condition, const std::string& what) {
  if (!condition) throw Error(Code::kUsage, what);
}

bool below_one(double value) { return value >= 0 && value < 1; }

}  // namespace

OptimiserKind optimiser_named(std::string_view name) {
  if (name == "sgd") return OptimiserKind::kSgd;
  if (name == "adamw") return OptimiserKind::kAdamW;
  throw Error(Code::kUsage, "train.optimizer '" + std::string(name) + "' is not known").hint("there are sgd, adamw");
}

std::string_view name_of(OptimiserKind kind) { return kind == OptimiserKind::kSgd ? "sgd" : "adamw"; }

Precision precision_named(std::string_view name) {
  if (name == "f32") return Precision::kF32;
  if (name == "bf16") return Precision::kBf16;
  throw Error(Code::kUsage, "train.precision '" + std::string(name) + "' is not known").hint("there are f32, bf16");
}

std::string_view name_of(Precision precision) { return precision == Precision::kF32 ? "f32" : "bf16"; }

void check(const OptimiserConfig& config) {
  require(below_one(config.momentum),
          "train.momentum (AdamW: beta1) must lie in [0, 1), it is " + std::to_string(config.momentum));
  require(below_one(config.beta2), "train.beta2 must lie in [0, 1), it is " + std::to_string(config.beta2));
  require(config.epsilon > 0 && std::isfinite(config.epsilon), "train.epsilon must be above 0");
  require(config.weight_decay >= 0 && std::isfinite(config.weight_decay), "train.weight_decay must not be negative");
  require(!config.nesterov || (config.kind == OptimiserKind::kSgd && config.momentum > 0),
          "train.nesterov needs sgd with momentum");
}

void check(const LearnerConfig& config) {
  const bool package = config.net.arch == nets::kPackageArch;
  nets::check(package ? nets::NetSpec{.classes = config.net.classes} : config.net);
  require((config.net.arch != "torchscript" && !package) || !config.script.empty(),
          "net.arch '" + config.net.arch + "' needs the file of the module");
  require(config.task == Task::kClasses || config.net.classes == 1,
          "a network that learns " + std::string(name_of(config.task)) + " has one output, net.classes is " +
              std::to_string(config.net.classes));
  require(config.sparse_rows >= 0, "train.sparse_rows must not be negative");
  if (config.sparse_rows > 0 && config.ema_decay > 0)
    throw Error(Code::kUsage, "train.ema = " + std::to_string(config.ema_decay) +
                                  " with train.sparse_rows = " + std::to_string(config.sparse_rows) +
                                  ": an average follows every row in every step, and rows in RAM that a batch does not "
                                  "have are left alone")
        .hint(
            "leave train.ema out (a schedule that ends low, such as one-cycle, does much the same), or "
            "train.sparse_rows where the embeddings fit the device");
  check(config.optimiser);
  const Schedule schedule(config.schedule);
  require(config.threads >= 1, "a lane needs at least one torch thread");
  require(below_one(config.label_smoothing), "train.label_smoothing must lie in [0, 1)");
  require(below_one(config.ema_decay), "train.ema must lie in [0, 1)");
  require(!config.mean.empty() && config.mean.size() == config.std.size(),
          "input.mean and input.std need one number for each channel");
  for (const double std : config.std) require(std > 0, "input.std must be above 0, it is " + std::to_string(std));
}

}  // namespace penstock::learn
