#include "stages/learn/step_graph.h"

#include <ATen/core/grad_mode.h>

#include <exception>
#include <utility>

namespace penstock::learn {
namespace {

std::vector<int64_t> shape_of(const StepInputs& inputs) {
  std::vector<int64_t> shape;
  for (const at::Tensor* tensor : {&inputs.pixels, &inputs.second, &inputs.cat, &inputs.cont}) {
    shape.push_back(tensor->defined() ? tensor->dim() : -1);
    if (tensor->defined()) shape.insert(shape.end(), tensor->sizes().begin(), tensor->sizes().end());
  }
  return shape;
}

at::Tensor copy_of(const at::Tensor& tensor) { return tensor.defined() ? tensor.clone() : at::Tensor(); }

void copy(const at::Tensor& from, at::Tensor& to) {
  if (from.defined()) to.copy_(from);
}

}  // namespace

CapturePolicy::Choice CapturePolicy::next(const std::vector<int64_t>& shape) {
  in_a_row_ = shape == last_ ? in_a_row_ + 1 : 0;
  last_ = shape;
  if (shape == recorded_) return Choice::kReplay;
  if (in_a_row_ < kWarmUp || recordings_ >= kMostRecordings) return Choice::kCompute;
  ++recordings_;
  recorded_ = shape;
  return Choice::kRecord;
}

StepGraph::StepGraph(std::unique_ptr<Recorder> recorder, std::string why_not, std::vector<nets::NamedTensor> parameters)
    : recorder_(std::move(recorder)), why_not_(std::move(why_not)), parameters_(std::move(parameters)) {}

StepOutputs StepGraph::step(const StepInputs& inputs, const Work& work) {
  if (recorder_) {
    switch (policy_.next(shape_of(inputs))) {
      case CapturePolicy::Choice::kReplay: return replay(inputs);
      case CapturePolicy::Choice::kRecord:
        if (record(inputs, work)) return replay(inputs);
        break;
      case CapturePolicy::Choice::kCompute: break;
    }
  }
  ++computed_;
  return work(inputs);
}

bool StepGraph::record(const StepInputs& inputs, const Work& work) {
  // What the recording before kept is let go first: there may not be room for two.
  outputs_ = {};
  gradients_.clear();
  drop_gradients();
  try {
    inputs_ = {copy_of(inputs.pixels), copy_of(inputs.labels), copy_of(inputs.second),
               copy_of(inputs.shares), copy_of(inputs.cat),    copy_of(inputs.cont)};
    recorder_->record([this, work] {
      outputs_ = work(inputs_);
      gradients_.clear();
      for (const auto& [name, parameter] : parameters_) gradients_.push_back(parameter.grad());
    });
    return true;
  } catch (const std::exception& error) {
    why_not_ = std::string("recording it failed: ") + error.what();
    recorder_.reset();
    inputs_ = {};
    outputs_ = {};
    gradients_.clear();
    drop_gradients();
    return false;
  }
}

StepOutputs StepGraph::replay(const StepInputs& inputs) {
  copy(inputs.pixels, inputs_.pixels);
  copy(inputs.labels, inputs_.labels);
  copy(inputs.second, inputs_.second);
  copy(inputs.shares, inputs_.shares);
  copy(inputs.cat, inputs_.cat);
  copy(inputs.cont, inputs_.cont);
  recorder_->replay();
  ++replayed_;
  for (size_t i = 0; i < parameters_.size(); ++i) at::Tensor(parameters_[i].second).mutable_grad() = gradients_[i];
  return outputs_;
}

void StepGraph::drop_gradients() {
  for (const auto& [name, parameter] : parameters_) at::Tensor(parameter).mutable_grad().reset();
}

std::string StepGraph::text() const {
  if (replayed_ == 0 && !why_not_.empty()) return "the step is not captured as a CUDA graph: " + why_not_;
  std::string out = std::to_string(replayed_) + " of " + std::to_string(replayed_ + computed_) +
                    " steps were replayed from a CUDA graph";
  if (!why_not_.empty()) return out + ", until " + why_not_;
  if (policy_.gave_up())
    return out + "; batches change their shape too often (" + std::to_string(CapturePolicy::kMostRecordings) +
           " were recorded)";
  if (computed_ > 0) out += "; the others came before a recording, or had another shape";
  return out;
}

}  // namespace penstock::learn
