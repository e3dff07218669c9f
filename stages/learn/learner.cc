#include "stages/learn/learner.h"

#include <torch/version.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "models/nets/state.h"
#include "stages/learn/learner_state.h"
#include "stages/learn/stored_config.h"
#include "stages/learn/torch_scope.h"

namespace penstock::learn {
namespace {

using nets::NamedTensor;

std::vector<NamedTensor> prefixed(const std::string& prefix, std::vector<NamedTensor> tensors) {
  for (NamedTensor& named : tensors) named.first = prefix + named.first;
  return tensors;
}

}  // namespace

Learner::Learner(LearnerConfig config, Learner* rows_of)
    : state_(guarded("cannot make the network", [&] {
        return std::make_unique<State>(std::move(config), rows_of != nullptr ? rows_of->state_.get() : nullptr);
      })) {}
Learner::~Learner() = default;
Learner::Learner(Learner&&) noexcept = default;
Learner& Learner::operator=(Learner&&) noexcept = default;

metrics::ClassificationSums Learner::evaluate(const Inputs& inputs, Labels labels) {
  State& s = *state_;
  const auto scope = s.enter();
  if (s.config.task != Task::kClasses)
    throw Error(Code::kUsage,
                "top-k is counted of classes, and this network learns " + std::string(name_of(s.config.task)));
  s.check_inputs(inputs);
  s.check_labels(inputs.count(), labels);
  const Rows logits = guarded("evaluation", [&] { return s.run(inputs, ""); });
  s.check_classes(logits.shape.back());
  metrics::ClassificationSums sums;
  sums.add(logits.values, labels);
  return sums;
}

Rows Learner::infer(const Inputs& inputs, const std::string& layer) {
  State& s = *state_;
  const auto scope = s.enter();
  s.check_inputs(inputs);
  return guarded("inference", [&] { return s.run(inputs, layer); });
}

std::vector<std::byte> Learner::save(const nets::Metadata& metadata) const {
  State& s = *state_;
  const auto scope = s.enter();
  auto tensors = s.training_state();
  if (s.sparse) tensors = joined(std::move(tensors), s.sparse->store().settled(s.done));
  if (s.average) tensors = joined(std::move(tensors), prefixed("ema/", weights_of(*s.average)));
  if (!s.config.script.empty()) tensors.emplace_back(kScriptTensor, nets::tensor_of(s.config.script));
  nets::Metadata all = metadata;
  all.merge(stored_config(s.config));
  all[kStepKey] = std::to_string(s.done);
  all[kOptimiserKey] = name_of(s.config.optimiser.kind);
  return nets::encode_state(tensors, all);
}

std::vector<std::byte> Learner::weights_bytes() const {
  State& s = *state_;
  const auto scope = s.enter();
  auto tensors = s.settled_weights();
  if (!s.config.script.empty()) tensors.emplace_back(kScriptTensor, nets::tensor_of(s.config.script));
  return nets::encode_state(tensors, stored_config(s.config));
}

void Learner::load(std::span<const std::byte> bytes, const std::string& origin) {
  State& s = *state_;
  const auto scope = s.enter();
  const nets::StoredState stored = nets::decode_safetensors(bytes, origin);
  const uint64_t step = stored_step(stored, origin);
  const auto kind = stored.metadata.find(kOptimiserKey);
  if (kind == stored.metadata.end() || kind->second != name_of(s.config.optimiser.kind)) {
    throw Error(Code::kData, "'" + origin + "' was trained with the optimizer '" +
                                 (kind == stored.metadata.end() ? "?" : kind->second) + "', the recipe says '" +
                                 std::string(name_of(s.config.optimiser.kind)) + "'")
        .hint("go on with the recipe of the run");
  }
  if (s.sparse) s.sparse->forget_ahead();
  auto targets = s.training_state();
  if (s.average) targets = joined(std::move(targets), prefixed("ema/", weights_of(*s.average)));
  nets::copy_state(stored, "", targets, origin);
  s.done = step;
}

void Learner::load_weights(std::span<const std::byte> bytes, const std::string& origin) {
  State& s = *state_;
  const auto scope = s.enter();
  const nets::StoredState stored = nets::decode_safetensors(bytes, origin);
  const bool averaged = std::any_of(stored.tensors.begin(), stored.tensors.end(),
                                    [](const auto& t) { return t.name.starts_with("ema/"); });
  std::vector<NamedTensor> targets = weights_of(*s.net);
  if (s.sparse) {
    s.sparse->forget_ahead();
    if (!s.sparse->owns()) std::erase_if(targets, [&](const NamedTensor& named) { return s.sparse->has(named.first); });
  }
  nets::copy_state(stored, averaged ? "ema/" : "", targets, origin);
  if (s.sparse && s.sparse->owns()) s.sparse->store().restart(s.done);
  if (s.average) copy_weights(*s.net, *s.average);
}

std::string Learner::step_graph_text() const {
  const State& s = *state_;
  if (s.compute->device() == at::kCPU && s.config.capture != Capture::kAlways) return "";
  if (s.buckets)
    return "the step is not captured as a CUDA graph: lanes sum their gradients while the backward pass runs, and a "
           "replay tells nobody how far it is";
  return s.graph_ ? s.graph_->text() : "";
}

uint64_t Learner::steps_done() const { return state_->done; }
const LearnerConfig& Learner::config() const { return state_->config; }

std::string_view torch_version() { return TORCH_VERSION; }

int64_t Learner::parameter_count() const {
  int64_t count = 0;
  for (const NamedTensor& named : state_->parameters) count += named.second.numel();
  return count;
}

}  // namespace penstock::learn
