#include "stages/learn/learner.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/from_blob.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "models/nets/net.h"
#include "models/nets/state.h"
#include "stages/learn/optimiser.h"
#include "stages/learn/pixels.h"
#include "stages/learn/stored_config.h"
#include "stages/learn/torch_scope.h"

namespace penstock::learn {
namespace {

using nets::NamedTensor;

std::unique_ptr<nets::Net> build(const LearnerConfig& config) {
  at::manual_seed(config.seed);
  auto net =
      config.net.arch == "torchscript" ? nets::load_script_net(config.script, "net.file") : nets::make_net(config.net);
  if (!config.channels_last) return net;
  for (const NamedTensor& named : net->parameters()) {
    if (named.second.dim() == 4)
      at::Tensor(named.second).set_data(named.second.contiguous(at::MemoryFormat::ChannelsLast));
  }
  return net;
}

std::vector<NamedTensor> joined(std::vector<NamedTensor> first, std::vector<NamedTensor> second) {
  first.insert(first.end(), std::make_move_iterator(second.begin()), std::make_move_iterator(second.end()));
  return first;
}

std::vector<NamedTensor> weights_of(const nets::Net& net) { return joined(net.parameters(), net.buffers()); }

std::vector<NamedTensor> prefixed(const std::string& prefix, std::vector<NamedTensor> tensors) {
  for (NamedTensor& named : tensors) named.first = prefix + named.first;
  return tensors;
}

void copy_weights(const nets::Net& from, nets::Net& to) {
  const at::NoGradGuard no_grad;
  const auto source = weights_of(from);
  const auto target = weights_of(to);
  for (size_t i = 0; i < source.size(); ++i) at::Tensor(target[i].second).copy_(source[i].second);
}

/// The seed of a step's draws (dropout and the like), so that no generator state needs saving.
uint64_t step_seed(const LearnerConfig& config, uint64_t step) {
  uint64_t x = config.seed;
  for (const uint64_t part : {step, config.lane}) {  // splitmix64
    x += 0x9E3779B97F4A7C15u + part;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    x ^= x >> 31;
  }
  return x;
}

}  // namespace

struct Learner::State {
  explicit State(LearnerConfig given)
      : config(std::move(given)), schedule(config.schedule), normalise(config.mean, config.std) {
    check(config);
    enter();
    net = build(config);
    parameters = net->parameters();
    if (config.ema_decay > 0) {
      average = build(config);
      average->train(false);
    }
  }

  /// At the start of every public call.
  void enter() {
    thread_local bool set_up = false;
    if (set_up && at::get_num_threads() == config.threads) return;
    set_up_torch_thread(config.threads);
    set_up = true;
  }

  /// Made late, because inference needs none.
  Optimiser& optimiser() {
    if (!optimiser_) optimiser_.emplace(config.optimiser, parameters);
    return *optimiser_;
  }

  void train(bool on) {
    if (training != on) net->train(on);
    training = on;
  }

  nets::Net& evaluated() { return average ? *average : *net; }

  at::Tensor input(const Images& images) const {
    return normalise(images, config.precision == Precision::kBf16, config.channels_last);
  }

  void check_labels(const Images& images, Labels labels) const {
    if (images.count < 1 || static_cast<int64_t>(labels.size()) != images.count) {
      throw Error(Code::kUsage, "a batch of " + std::to_string(images.count) + " images came with " +
                                    std::to_string(labels.size()) + " labels");
    }
    for (const int64_t label : labels) {
      if (label >= 0 && label < config.net.classes) continue;
      throw Error(Code::kUsage, "label " + std::to_string(label) + " is outside the " +
                                    std::to_string(config.net.classes) + " classes of the network")
          .hint("is net.classes the number of classes of the data?");
    }
  }

  void check_mixing(const Images& images, const Mixing& mixing) const {
    check_labels(images, mixing.second);
    const bool fits = mixing.shares.size() == mixing.second.size() &&
                      std::all_of(mixing.shares.begin(), mixing.shares.end(), [](float x) { return x >= 0 && x <= 1; });
    if (!fits) throw Error(Code::kUsage, "mixed pictures need a share from 0 to 1 each");
  }

  at::Tensor cross_entropy(const at::Tensor& logits, Labels labels, at::Reduction::Reduction reduction) const {
    const at::Tensor targets = at::from_blob(const_cast<int64_t*>(labels.data()), {static_cast<int64_t>(labels.size())},
                                             at::TensorOptions().dtype(at::kLong));
    return at::cross_entropy_loss(logits, targets, {}, reduction, /*ignore_index=*/-100, config.label_smoothing);
  }

  at::Tensor loss(const at::Tensor& logits, Labels labels, const Mixing& mixing) const {
    if (mixing.second.empty()) return cross_entropy(logits, labels, at::Reduction::Mean);
    const at::Tensor shares = at::from_blob(const_cast<float*>(mixing.shares.data()), {logits.size(0)},
                                            at::TensorOptions().dtype(at::kFloat));
    const at::Tensor first = cross_entropy(logits, labels, at::Reduction::None);
    const at::Tensor second = cross_entropy(logits, mixing.second, at::Reduction::None);
    return (shares * first + (1 - shares) * second).mean();
  }

  void check_classes(int64_t logits) const {  // a user's own module may give any number
    if (logits == config.net.classes) return;
    throw Error(Code::kUsage, "the network gives " + std::to_string(logits) + " logits, net.classes is " +
                                  std::to_string(config.net.classes));
  }

  static Rows rows_of(const at::Tensor& tensor) {
    const at::Tensor packed = tensor.detach().to(at::kFloat).contiguous();
    const float* values = packed.const_data_ptr<float>();
    return {packed.sizes().vec(), {values, values + packed.numel()}};
  }

  Rows run(const Images& images, const std::string& layer) {
    const at::NoGradGuard no_grad;
    train(false);
    const Autocast autocast(config.precision == Precision::kBf16);
    const at::Tensor x = input(images);
    return rows_of(layer.empty() ? evaluated().forward(x) : evaluated().features(x, layer));
  }

  void update_average() {
    if (!average) return;
    if (done == 0) {  // begins as the weights after the first step, not as the random ones
      copy_weights(*net, *average);
      return;
    }
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> from, to;
    const auto source = weights_of(*net);
    const auto target = weights_of(*average);
    for (size_t i = 0; i < source.size(); ++i) {
      if (source[i].second.is_floating_point()) {
        from.push_back(source[i].second.detach());
        to.push_back(target[i].second.detach());
      } else {
        at::Tensor(target[i].second).copy_(source[i].second);
      }
    }
    at::_foreach_lerp_(to, from, 1.0 - config.ema_decay);
  }

  LearnerConfig config;
  Schedule schedule;
  PixelNormaliser normalise;
  std::unique_ptr<nets::Net> net;
  std::unique_ptr<nets::Net> average;  // null without EMA
  std::vector<NamedTensor> parameters;
  std::optional<Optimiser> optimiser_;
  uint64_t done = 0;
  bool training = true;
};

Learner::Learner(LearnerConfig config)
    : state_(guarded("cannot make the network", [&] { return std::make_unique<State>(std::move(config)); })) {}
Learner::~Learner() = default;
Learner::Learner(Learner&&) noexcept = default;
Learner& Learner::operator=(Learner&&) noexcept = default;

StepResult Learner::step(const Images& images, Labels labels, const Mixing& mixing) {
  State& s = *state_;
  s.enter();
  s.check_labels(images, labels);
  if (!mixing.second.empty()) s.check_mixing(images, mixing);
  return guarded("training step " + std::to_string(s.done), [&] {
    s.train(true);
    at::manual_seed(step_seed(s.config, s.done));
    at::Tensor logits;
    {
      const Autocast autocast(s.config.precision == Precision::kBf16);
      logits = s.net->forward(s.input(images)).to(at::kFloat);
    }
    s.check_classes(logits.size(1));
    const at::Tensor loss = s.loss(logits, labels, mixing);

    StepResult out{.step = s.done, .loss = loss.item<double>(), .records = images.count};
    if (!std::isfinite(out.loss)) {
      throw Error(Code::kInternal, "the loss of training step " + std::to_string(s.done) + " is not a finite number")
          .hint("lower train.lr, warm up longer, or look at the batch: penstock batch RECIPE --data DATA --step " +
                std::to_string(s.done));
    }
    loss.backward();
    const Rates rates = s.schedule.at(s.done, s.config.optimiser.momentum);
    s.optimiser().step(s.done, rates);
    s.update_average();
    ++s.done;

    out.lr = rates.lr;
    metrics::ClassificationSums sums;
    sums.add({logits.const_data_ptr<float>(), static_cast<size_t>(logits.numel())}, labels);
    out.top1 = sums.top1;
    return out;
  });
}

metrics::ClassificationSums Learner::evaluate(const Images& images, Labels labels) {
  State& s = *state_;
  s.enter();
  s.check_labels(images, labels);
  const Rows logits = guarded("evaluation", [&] { return s.run(images, ""); });
  s.check_classes(logits.shape.back());
  metrics::ClassificationSums sums;
  sums.add(logits.values, labels);
  return sums;
}

Rows Learner::infer(const Images& images, const std::string& layer) {
  State& s = *state_;
  s.enter();
  return guarded("inference", [&] { return s.run(images, layer); });
}

std::vector<std::byte> Learner::save(const nets::Metadata& metadata) const {
  State& s = *state_;
  s.enter();
  auto tensors = joined(weights_of(*s.net), s.optimiser().state());
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
  s.enter();
  auto tensors = weights_of(s.evaluated());
  if (!s.config.script.empty()) tensors.emplace_back(kScriptTensor, nets::tensor_of(s.config.script));
  return nets::encode_state(tensors, stored_config(s.config));
}

void Learner::load(std::span<const std::byte> bytes, const std::string& origin) {
  State& s = *state_;
  s.enter();
  const nets::StoredState stored = nets::decode_safetensors(bytes, origin);
  const uint64_t step = stored_step(stored, origin);
  const auto kind = stored.metadata.find(kOptimiserKey);
  if (kind == stored.metadata.end() || kind->second != name_of(s.config.optimiser.kind)) {
    throw Error(Code::kData, "'" + origin + "' was trained with the optimizer '" +
                                 (kind == stored.metadata.end() ? "?" : kind->second) + "', the recipe says '" +
                                 std::string(name_of(s.config.optimiser.kind)) + "'")
        .hint("go on with the recipe of the run");
  }
  auto targets = joined(weights_of(*s.net), s.optimiser().state());
  if (s.average) targets = joined(std::move(targets), prefixed("ema/", weights_of(*s.average)));
  nets::copy_state(stored, "", targets, origin);
  s.done = step;
}

void Learner::load_weights(std::span<const std::byte> bytes, const std::string& origin) {
  State& s = *state_;
  s.enter();
  const nets::StoredState stored = nets::decode_safetensors(bytes, origin);
  const bool averaged = std::any_of(stored.tensors.begin(), stored.tensors.end(),
                                    [](const auto& t) { return t.name.starts_with("ema/"); });
  nets::copy_state(stored, averaged ? "ema/" : "", weights_of(*s.net), origin);
  if (s.average) copy_weights(*s.net, *s.average);
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
