// A small world to train in: a folder of tiny pictures, a network of some hundred weights, a recipe of a few steps.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "io/data/dataset.h"
#include "pipelines/recipe/load.h"
#include "pipelines/train/train_job.h"
#include "tests/io/temp_folder.h"

namespace penstock::test {

/// Writes a TorchScript network for 3 classes (a convolution, a mean, a linear layer; f32) to `path`. `double_bias`: and a bias in f64.
void write_tiny_net(const std::string& path, bool double_bias = false);

/// Collects what a job says.
class Heard final : public ProgressSink {
 public:
  void begin(std::string_view, uint64_t, std::string_view, uint64_t) override {}
  void update(uint64_t, std::string_view) override {
    if (on_update) on_update();
  }
  void say(std::string_view line) override { text += std::string(line) + "\n"; }
  void end() override {}

  std::string text;
  std::function<void()> on_update = {};
};

class TrainWorld;
/// Of each step, as the run's metrics say.
std::vector<double> losses_of(const TrainWorld& world, const std::string& run);

/// DATA/{a,b,c}/*.jpg, `per_class` of each, and all that is needed to train on them. Batches of 4; 5 epochs unless set.
class TrainWorld {
 public:
  explicit TrainWorld(int per_class = 9);

  std::string path(const std::string& name) const { return folder_ / name; }
  std::string data_path() const { return folder_ / "data"; }
  std::string run_path(const std::string& name = "run") const { return folder_ / name; }
  /// Cuts a picture short: it is rejected when decoded.
  void damage(const std::string& file) const;

  pipelines::Recipe recipe(const std::vector<std::string>& set = {}) const;
  std::shared_ptr<const io::Dataset> data() const;
  /// Trains in this process, validating on the data itself.
  train::TrainResult train(train::TrainOptions options) const;
  train::TrainResult train(const std::vector<std::string>& set = {}, train::Resume resume = train::Resume::kNever,
                           const std::string& run = "run") const;

 private:
  io::TempFolder folder_;
};

/// Of a training, as --set takes them.
using Settings = std::vector<std::string>;
inline constexpr const char* kSim = "lanes.devices=[\"sim:0\"]";
/// Pictures that devices make are those of whole decodes: `more`, and that.
inline Settings with(const Settings& more) {
  Settings all = {"stage.crop.exact=true"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace penstock::test
