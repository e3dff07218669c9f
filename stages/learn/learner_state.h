// What a Learner is inside. Included by the files of the learner alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/nets/net.h"
#include "stages/learn/compute.h"
#include "stages/learn/gradient_buckets.h"
#include "stages/learn/learner.h"
#include "stages/learn/optimiser.h"
#include "stages/learn/replicas.h"
#include "stages/learn/sparse_tables.h"
#include "stages/learn/step_graph.h"

namespace penstock::learn {

/// Parameters, then buffers.
std::vector<nets::NamedTensor> weights_of(const nets::Net& net);
std::vector<nets::NamedTensor> joined(std::vector<nets::NamedTensor> first, std::vector<nets::NamedTensor> second);
void copy_weights(const nets::Net& from, nets::Net& to);

struct Learner::State {
  /// `rows_of`: the learner that lends its tables; null: none.
  explicit State(LearnerConfig given, State* rows_of = nullptr);

  /// At the start of every public call, which holds what it gives.
  [[nodiscard]] std::shared_ptr<void> enter();
  /// Made late, because inference needs none.
  Optimiser& optimiser();
  void train(bool on);
  nets::Net& evaluated() { return average ? *average : *net; }
  /// Follows the weights after a step.
  void update_average();

  /// That they are what the network and the task take. The codes of rows are looked at one by one: a table has no row behind its last.
  void check_inputs(const Inputs& inputs) const;
  void check_labels(int64_t records, Labels labels) const;
  void check_targets(int64_t records, const Targets& targets) const;
  void check_mixing(int64_t records, const Mixing& mixing) const;
  void check_classes(int64_t logits) const;

  /// What a step reads, where it is computed; without targets, what inference reads.
  StepInputs inputs(const Inputs& inputs, const Targets& targets, const Mixing& mixing);
  /// Of each step, before it draws.
  void seed(uint64_t seed);
  /// Parameters and buffers as training would have them that looks at every row in every step.
  std::vector<nets::NamedTensor> settled_weights();
  /// The same tensors as they are, those of tables trained row by row under the names they are stored by, and the optimiser's state.
  std::vector<nets::NamedTensor> training_state();
  /// f32 (N, classes), ready for backward.
  at::Tensor training_logits(const StepInputs& inputs);
  /// The mean over the batch.
  at::Tensor loss(const at::Tensor& logits, const StepInputs& inputs) const;
  /// Made at the first step of a learner alone.
  StepGraph& graph();
  /// Logits, or the output of a layer, of the network that evaluation uses.
  Rows run(const Inputs& inputs, const std::string& layer);

  /// A step whose work is queued, or done: what end_step() reads.
  struct Begun {
    at::Tensor loss, logits;      ///< of this lane; undefined where it had no record
    std::vector<int64_t> labels;  ///< what is counted of; nothing of a regression
    std::vector<float> values;    ///< of a yes-or-no question
    int64_t mine = 0;             ///< records of this lane
    std::vector<double> counts;   ///< of several lanes: this one's records, then which parameters got a gradient in it
    int64_t records = 0;          ///< of all lanes
    uint64_t step = 0;
    double lr = 0;

    void keep(const Targets& targets, Task task) {
      mine = static_cast<int64_t>(targets.size());
      labels.assign(targets.labels.begin(), targets.labels.end());
      if (task == Task::kBinary) values.assign(targets.values.begin(), targets.values.end());
    }
  };
  /// Forward and backward; the gradients lie in the parameters then.
  Begun backward_alone(const Inputs& inputs, const Targets& targets, const Mixing& mixing);
  /// A lane's part of those of all replicas; `inputs` may have none. The gradients are on their way to the others then.
  Begun backward_together(const Inputs& inputs, const Targets& targets, const Mixing& mixing);
  /// Waits for the sums of all lanes, which are the gradients in the parameters then.
  void take_sums(Begun& begun);
  /// What the gradients say, once it is known of how many records they are; none: nothing.
  void update(Begun& begun);
  /// The same of tables trained row by row.
  void update_rows(const Begun& begun);
  /// Such a table becomes the first lane's.
  void share_rows_of(const at::Tensor& weight);

  LearnerConfig config;
  Schedule schedule;
  std::unique_ptr<Compute> compute;
  std::unique_ptr<nets::Net> net;
  std::unique_ptr<nets::Net> average;  ///< null without EMA
  std::vector<nets::NamedTensor> parameters;
  std::optional<Optimiser> optimiser_;
  std::optional<StepGraph> graph_;
  Replicas replicas;
  std::optional<GradientBuckets> buckets;  ///< where there are other lanes; dies before replicas
  std::optional<Begun> begun;
  std::optional<at::Generator> draws;  ///< of a network of rows on the CPU: lanes of one process would share torch's
  std::optional<SparseTables> sparse;  ///< where some tables are trained row by row
  uint64_t done = 0;
  bool training = true;
};

}  // namespace penstock::learn
