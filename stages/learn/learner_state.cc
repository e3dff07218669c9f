#include "stages/learn/learner_state.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "models/nets/package.h"
#include "stages/learn/torch_scope.h"

namespace penstock::learn {
namespace {

using nets::NamedTensor;

// First weights are drawn on the CPU, so that they are the same on every device.
std::unique_ptr<nets::Net> build(const LearnerConfig& config, at::Device device) {
  at::manual_seed(config.seed);
  if (config.net.arch == nets::kPackageArch) return nets::load_package_net(config.script, config.script_origin, device);
  auto net = config.net.arch == "torchscript" ? nets::load_script_net(config.script, config.script_origin)
                                              : nets::make_net(config.net);
  if (device != at::kCPU) net->move_to(device);
  if (!config.channels_last) return net;
  for (const NamedTensor& named : net->parameters()) {
    if (named.second.dim() == 4)
      at::Tensor(named.second).set_data(named.second.contiguous(at::MemoryFormat::ChannelsLast));
  }
  return net;
}

/// On the CPU the values where they lie; else a copy on the device, by way of pinned memory, so that nobody waits for the stream.
template <class T>
at::Tensor there(std::span<const T> values, at::ScalarType type, at::Device device) {
  const at::Tensor here = at::from_blob(const_cast<T*>(values.data()), {static_cast<int64_t>(values.size())},
                                        at::TensorOptions().dtype(type));
  return device == at::kCPU ? here : here.pin_memory(device).to(device, /*non_blocking=*/true);
}

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, at::Reduction::Reduction reduction,
                         double label_smoothing) {
  return at::cross_entropy_loss(logits, labels, {}, reduction, /*ignore_index=*/-100, label_smoothing);
}

Rows rows_of(const at::Tensor& tensor) {
  const at::Tensor packed = tensor.detach().to(at::kFloat).cpu().contiguous();
  const float* values = packed.const_data_ptr<float>();
  return {packed.sizes().vec(), {values, values + packed.numel()}};
}

}  // namespace

std::vector<NamedTensor> joined(std::vector<NamedTensor> first, std::vector<NamedTensor> second) {
  first.insert(first.end(), std::make_move_iterator(second.begin()), std::make_move_iterator(second.end()));
  return first;
}

std::vector<NamedTensor> weights_of(const nets::Net& net) { return joined(net.parameters(), net.buffers()); }

void copy_weights(const nets::Net& from, nets::Net& to) {
  const at::NoGradGuard no_grad;
  const auto source = weights_of(from);
  const auto target = weights_of(to);
  for (size_t i = 0; i < source.size(); ++i) at::Tensor(target[i].second).copy_(source[i].second);
}

Learner::State::State(LearnerConfig given)
    : config(std::move(given)),
      schedule(config.schedule),
      compute(config.device != nullptr ? make_gpu_compute(*config.device, *config.stream, config.mean, config.std)
                                       : make_cpu_compute(config.mean, config.std)) {
  check(config);
  const auto scope = enter();
  net = build(config, compute->device());
  parameters = net->parameters();
  if (config.ema_decay > 0) {
    average = build(config, compute->device());
    average->train(false);
  }
}

std::shared_ptr<void> Learner::State::enter() {
  thread_local bool set_up = false;
  if (!set_up || at::get_num_threads() != config.threads) set_up_torch_thread(config.threads);
  set_up = true;
  return compute->enter();
}

Optimiser& Learner::State::optimiser() {
  if (!optimiser_) optimiser_.emplace(config.optimiser, parameters);
  return *optimiser_;
}

void Learner::State::train(bool on) {
  if (training != on) net->train(on);
  training = on;
}

void Learner::State::check_labels(const Images& images, Labels labels) const {
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

void Learner::State::check_mixing(const Images& images, const Mixing& mixing) const {
  check_labels(images, mixing.second);
  const bool fits = mixing.shares.size() == mixing.second.size() &&
                    std::all_of(mixing.shares.begin(), mixing.shares.end(), [](float x) { return x >= 0 && x <= 1; });
  if (!fits) throw Error(Code::kUsage, "mixed pictures need a share from 0 to 1 each");
}

void Learner::State::check_classes(int64_t logits) const {  // a user's own module may give any number
  if (logits == config.net.classes) return;
  throw Error(Code::kUsage, "the network gives " + std::to_string(logits) + " logits, net.classes is " +
                                std::to_string(config.net.classes));
}

at::Tensor Learner::State::input(const Images& images) const {
  return compute->normalise(images, config.precision == Precision::kBf16, config.channels_last);
}

StepInputs Learner::State::inputs(const Images& images, Labels labels, const Mixing& mixing) const {
  StepInputs out{.pixels = input(images), .labels = there(labels, at::kLong, compute->device())};
  if (mixing.second.empty()) return out;
  out.second = there(mixing.second, at::kLong, compute->device());
  out.shares = there(mixing.shares, at::kFloat, compute->device());
  return out;
}

at::Tensor Learner::State::loss(const at::Tensor& logits, const StepInputs& inputs) const {
  const double smoothing = config.label_smoothing;
  if (!inputs.second.defined()) return cross_entropy(logits, inputs.labels, at::Reduction::Mean, smoothing);
  const at::Tensor first = cross_entropy(logits, inputs.labels, at::Reduction::None, smoothing);
  const at::Tensor second = cross_entropy(logits, inputs.second, at::Reduction::None, smoothing);
  return (inputs.shares * first + (1 - inputs.shares) * second).mean();
}

at::Tensor Learner::State::training_logits(const at::Tensor& pixels) {
  const Autocast autocast(compute->device().type(), config.precision == Precision::kBf16);
  return net->forward(pixels).to(at::kFloat);
}

StepGraph& Learner::State::graph() {
  if (graph_) return *graph_;
  const bool can =
      config.capture == Capture::kAlways || (config.capture == Capture::kOnGpu && compute->device() != at::kCPU);
  std::string why_not;
  if (config.capture == Capture::kNever) why_not = "train.cuda_graph is false";
  if (config.net.arch == "torchscript") why_not = "a TorchScript network may wait for the device in code of its own";
  graph_.emplace(can && why_not.empty() ? compute->make_recorder() : nullptr, why_not, parameters);
  return *graph_;
}

Rows Learner::State::run(const Images& images, const std::string& layer) {
  const at::NoGradGuard no_grad;
  train(false);
  const Autocast autocast(compute->device().type(), config.precision == Precision::kBf16);
  const at::Tensor x = input(images);
  return rows_of(layer.empty() ? evaluated().forward(x) : evaluated().features(x, layer));
}

void Learner::State::update_average() {
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

}  // namespace penstock::learn
