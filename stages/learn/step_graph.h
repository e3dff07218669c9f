// Forward and backward of a training step, recorded once for a shape of batch and replayed: one launch in the place of hundreds.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/nets/net.h"
#include "stages/learn/recorder.h"

namespace penstock::learn {

/// Where the learner computes. Without mixed pictures `second` and `shares` are undefined.
struct StepInputs {
  at::Tensor pixels;                  ///< normalised (N, C, H, W); undefined where there are rows
  at::Tensor labels;                  ///< i64 (N), or targets f32 (N)
  at::Tensor second;                  ///< i64 (N), of the picture that was mixed in
  at::Tensor shares;                  ///< f32 (N), of the first label
  at::Tensor cat;                     ///< i32 (N, C), and
  at::Tensor cont;                    ///< f32 (N, D), of rows; undefined where there are no such columns
  std::vector<at::Tensor> rows = {};  ///< nets::NetInput::rows; not recorded
};

struct StepOutputs {
  at::Tensor loss;    ///< f32 scalar
  at::Tensor logits;  ///< f32 (N, classes)
};

/// When to record. A shape is recorded when it came so often in a row that it will come again and libraries have chosen their algorithms; others in
/// between, such as an epoch's short last batch, are computed as ever. A shape that comes to stay takes the place of the one before.
class CapturePolicy {
 public:
  enum class Choice : uint8_t { kCompute, kRecord, kReplay };
  static constexpr int kWarmUp = 3;          ///< steps of a shape in a row before it is recorded
  static constexpr int kMostRecordings = 8;  ///< each keeps the step waiting and the device's memory apart

  Choice next(const std::vector<int64_t>& shape);
  bool gave_up() const { return recordings_ >= kMostRecordings && in_a_row_ >= kWarmUp && last_ != recorded_; }

 private:
  std::vector<int64_t> recorded_, last_;
  int in_a_row_ = 0, recordings_ = 0;
};

/// Of one learner alone, in its thread. The gradients lie in the parameters after a step, as after backward(); until the next step nobody may write
/// into what it gave.
class StepGraph {
 public:
  /// Forward and backward; gives detached tensors.
  using Work = std::function<StepOutputs(const StepInputs&)>;

  /// `recorder` null: every step is computed as ever, because of `why_not`.
  StepGraph(std::unique_ptr<Recorder> recorder, std::string why_not, std::vector<nets::NamedTensor> parameters);

  /// `work` must ask the same of the device for each batch of a shape, and must not wait for it. A recording that fails is said in text(), and
  /// this step and all later ones are computed as ever.
  StepOutputs step(const StepInputs& inputs, const Work& work);

  /// For people: how many steps were replayed, and why the others were not.
  std::string text() const;

 private:
  bool record(const StepInputs& inputs, const Work& work);
  StepOutputs replay(const StepInputs& inputs);
  void drop_gradients();

  std::unique_ptr<Recorder> recorder_;
  std::string why_not_;
  std::vector<nets::NamedTensor> parameters_;
  CapturePolicy policy_;
  StepInputs inputs_;    ///< those that the recording reads
  StepOutputs outputs_;  ///< and writes
  std::vector<at::Tensor> gradients_;
  uint64_t replayed_ = 0, computed_ = 0;
};

}  // namespace penstock::learn
