#include "stages/learn/learner_state.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/huber_loss.h>
#include <ATen/ops/l1_loss.h>
#include <ATen/ops/mse_loss.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "models/nets/package.h"
#include "stages/learn/torch_scope.h"

namespace penstock::learn {
namespace {

using nets::NamedTensor;

// First weights are drawn on the CPU, so that they are the same on every device.
// Tables that are `lent` have no weights yet.
std::unique_ptr<nets::Net> build(const LearnerConfig& config, at::Device device, bool lent = false) {
  at::manual_seed(config.seed);
  if (config.net.arch == nets::kPackageArch) return nets::load_package_net(config.script, config.script_origin, device);
  nets::NetSpec spec = config.net;
  if (lent) spec.table.lent_from = config.sparse_rows;
  auto net =
      spec.arch == "torchscript" ? nets::load_script_net(config.script, config.script_origin) : nets::make_net(spec);
  if (config.sparse_rows > 0)  // before it moves: they stay in the host's memory
    for (const nets::EmbeddingTable& table : net->tables())
      if (table.weight.size(0) >= config.sparse_rows) at::Tensor(table.weight).requires_grad_(false);
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
at::Tensor there(const T* values, std::initializer_list<int64_t> shape, at::ScalarType type, at::Device device) {
  const at::Tensor here = at::from_blob(const_cast<T*>(values), shape, at::TensorOptions().dtype(type));
  return device == at::kCPU ? here : here.pin_memory(device).to(device, /*non_blocking=*/true);
}

template <class T>
at::Tensor there(std::span<const T> values, at::ScalarType type, at::Device device) {
  return there(values.data(), {static_cast<int64_t>(values.size())}, type, device);
}

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, at::Reduction::Reduction reduction,
                         double label_smoothing) {
  return at::cross_entropy_loss(logits, labels, {}, reduction, /*ignore_index=*/-100, label_smoothing);
}

nets::NetInput net_input(const StepInputs& inputs) {
  if (inputs.pixels.defined()) return {inputs.pixels};
  nets::NetInput rows(inputs.cat, inputs.cont);
  rows.rows = inputs.rows;
  return rows;
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

Learner::State::State(LearnerConfig given, State* rows_of)
    : config(std::move(given)),
      schedule(config.schedule),
      compute(config.device != nullptr ? make_gpu_compute(*config.device, *config.stream, config.mean, config.std)
                                       : make_cpu_compute(config.mean, config.std)) {
  check(config);
  const auto scope = enter();
  SparseTables* const lender = rows_of != nullptr && rows_of->sparse ? &*rows_of->sparse : nullptr;
  PENSTOCK_CHECK(lender == nullptr || (rows_of->done == 0 && rows_of->config.sparse_rows == config.sparse_rows));
  net = build(config, compute->device(), lender != nullptr);
  parameters = net->parameters();
  if (compute->device() == at::kCPU && nets::is_table_net(config.net.arch))
    draws = at::make_generator<at::CPUGeneratorImpl>(config.seed);
  if (lender != nullptr) {
    sparse.emplace(*net, *lender, *compute);
  } else if (config.sparse_rows > 0) {
    sparse.emplace(*net, config.optimiser, schedule, *compute);
    if (!sparse->any()) sparse.reset();
  }
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

void Learner::State::check_classes(int64_t logits) const {  // a user's own module may give any number
  if (logits == config.net.classes) return;
  throw Error(Code::kUsage, "the network gives " + std::to_string(logits) + " logits, net.classes is " +
                                std::to_string(config.net.classes));
}

void Learner::State::seed(uint64_t seed) {
  if (draws)
    draws->set_current_seed(seed);
  else
    compute->seed(seed);
}

std::vector<NamedTensor> Learner::State::settled_weights() {
  std::vector<NamedTensor> out = weights_of(evaluated());
  if (!sparse) return out;
  for (const NamedTensor& settled : sparse->store().settled(done))
    for (NamedTensor& named : out)
      if (named.first == settled.first) named.second = settled.second;
  return out;
}

std::vector<NamedTensor> Learner::State::training_state() {
  std::vector<NamedTensor> out = weights_of(*net);
  if (sparse) {
    std::erase_if(out, [this](const NamedTensor& named) { return sparse->has(named.first); });
    if (sparse->owns()) out = joined(std::move(out), sparse->store().state());
  }
  return joined(std::move(out), optimiser().state());
}

StepInputs Learner::State::inputs(const Inputs& inputs, const Targets& targets, const Mixing& mixing) {
  const at::Device device = compute->device();
  const TableRows& rows = inputs.rows;
  StepInputs out;
  if (inputs.images.count > 0)
    out.pixels = compute->normalise(inputs.images, config.precision == Precision::kBf16, config.channels_last);
  if (sparse && rows.count > 0)
    sparse->bring(rows, done, /*trains=*/targets.size() > 0, out);
  else if (rows.categories > 0)
    out.cat = there(rows.cat, {rows.count, rows.categories}, at::kInt, device);
  if (rows.numbers > 0) out.cont = there(rows.cont, {rows.count, rows.numbers}, at::kFloat, device);
  if (!targets.labels.empty()) out.labels = there(targets.labels, at::kLong, device);
  if (!targets.values.empty()) out.labels = there(targets.values, at::kFloat, device);
  if (mixing.second.empty()) return out;
  out.second = there(mixing.second, at::kLong, device);
  out.shares = there(mixing.shares, at::kFloat, device);
  return out;
}

at::Tensor Learner::State::loss(const at::Tensor& logits, const StepInputs& inputs) const {
  const double smoothing = config.label_smoothing;
  if (config.task == Task::kBinary) {
    const at::Tensor wanted = smoothing > 0 ? inputs.labels * (1 - smoothing) + smoothing / 2 : inputs.labels;
    return at::binary_cross_entropy_with_logits(logits.select(1, 0), wanted);
  }
  if (config.task == Task::kRegression) {
    const at::Tensor outputs = logits.select(1, 0);
    switch (config.loss) {
      case metrics::RegressionLoss::kSquared: return at::mse_loss(outputs, inputs.labels);
      case metrics::RegressionLoss::kAbsolute: return at::l1_loss(outputs, inputs.labels);
      case metrics::RegressionLoss::kHuber: return at::huber_loss(outputs, inputs.labels);
    }
  }
  if (!inputs.second.defined()) return cross_entropy(logits, inputs.labels, at::Reduction::Mean, smoothing);
  const at::Tensor first = cross_entropy(logits, inputs.labels, at::Reduction::None, smoothing);
  const at::Tensor second = cross_entropy(logits, inputs.second, at::Reduction::None, smoothing);
  return (inputs.shares * first + (1 - inputs.shares) * second).mean();
}

at::Tensor Learner::State::training_logits(const StepInputs& inputs) {
  const Autocast autocast(compute->device().type(), config.precision == Precision::kBf16);
  nets::NetInput input = net_input(inputs);
  input.draws = draws;
  return net->forward(input).to(at::kFloat);
}

StepGraph& Learner::State::graph() {
  if (graph_) return *graph_;
  const bool can =
      config.capture == Capture::kAlways || (config.capture == Capture::kOnGpu && compute->device() != at::kCPU);
  std::string why_not;
  if (config.capture == Capture::kNever) why_not = "train.cuda_graph is false";
  if (config.net.arch == "torchscript") why_not = "a TorchScript network may wait for the device in code of its own";
  if (sparse) why_not = "embeddings that are trained row by row bring other rows each step";
  graph_.emplace(can && why_not.empty() ? compute->make_recorder() : nullptr, why_not, parameters);
  return *graph_;
}

Rows Learner::State::run(const Inputs& given, const std::string& layer) {
  const at::NoGradGuard no_grad;
  train(false);
  const Autocast autocast(compute->device().type(), config.precision == Precision::kBf16);
  const nets::NetInput x = net_input(inputs(given, {}, {}));
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
