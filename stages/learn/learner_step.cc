// Training steps, of one replica alone and of several that become one.
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "stages/learn/learner_state.h"
#include "stages/learn/torch_scope.h"

namespace penstock::learn {
namespace {

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

Error not_finite(uint64_t step) {
  return Error(Code::kInternal, "the loss of training step " + std::to_string(step) + " is not a finite number")
      .hint("lower train.lr, warm up longer, or look at the batch: penstock batch RECIPE --data DATA --step " +
            std::to_string(step));
}

/// Of the labels, those with the highest logit; of the targets of a yes-or-no question, those on whose side the logit is.
int64_t right_ones(const at::Tensor& on_device, Labels labels, std::span<const float> yes_or_no) {
  const at::Tensor logits = on_device.detach().cpu().contiguous();
  const std::span<const float> values(logits.const_data_ptr<float>(), static_cast<size_t>(logits.numel()));
  int64_t right = 0;
  for (size_t i = 0; i < yes_or_no.size(); ++i) right += (values[i] > 0) == (yes_or_no[i] > 0.5F);
  const size_t classes = labels.empty() ? 0 : values.size() / labels.size();
  for (size_t i = 0; i < labels.size(); ++i)
    right += metrics::rank_of(values.subspan(i * classes, classes), labels[i]) == 0;
  return right;
}

}  // namespace

Learner::State::Begun Learner::State::backward_alone(const Inputs& read, const Targets& targets, const Mixing& mixing) {
  const StepInputs given = inputs(read, targets, mixing);
  const StepOutputs passed = graph().step(given, [this](const StepInputs& in) {
    const at::Tensor logits = training_logits(in);
    check_classes(logits.size(1));
    const at::Tensor mean = loss(logits, in);
    // On a GPU nobody waits for the number here: end_step() looks.
    if (compute->device() == at::kCPU && !std::isfinite(mean.item<double>())) throw not_finite(done);
    mean.backward();
    return StepOutputs{.loss = mean.detach(), .logits = logits.detach()};
  });
  Begun out{.loss = passed.loss, .logits = passed.logits, .records = read.count()};
  out.keep(targets, config.task);
  return out;
}

// Each lane's gradient is of the sum of its losses over the records that a step has when none is missing; so their sum is the gradient
// of the mean over all, but for the factor that finish() puts right when the lanes have counted.
Learner::State::Begun Learner::State::backward_together(const Inputs& read, const Targets& targets,
                                                        const Mixing& mixing) {
  if (replicas.sync_batch_norm && read.count() == 0)
    throw Error(Code::kUsage, "a lane has no record of training step " + std::to_string(done) +
                                  ", and train.sync_batch_norm needs one in each")
        .hint("set data.last = \"drop\" and faults.train = \"replace\", or use fewer lanes");
  Begun out;
  buckets->start();
  const auto batch = static_cast<double>(replicas.global_batch), mine = static_cast<double>(read.count());
  if (read.count() > 0) {
    const StepInputs given = inputs(read, targets, mixing);
    out.logits = training_logits(given);
    check_classes(out.logits.size(1));
    out.keep(targets, config.task);
    out.loss = loss(out.logits, given);
    (out.loss * (mine / batch)).backward();
  }
  out.counts = {mine};
  const std::vector<double> filled = buckets->complete();
  out.counts.insert(out.counts.end(), filled.begin(), filled.end());
  return out;
}

void Learner::State::take_sums(Begun& begun) {
  std::vector<double>& counts = begun.counts;
  replicas.counts->all_reduce_sum(std::span<double>(counts));
  const auto batch = static_cast<double>(replicas.global_batch);
  buckets->finish(counts[0] > 0 ? static_cast<float>(batch / counts[0]) : 1, std::span(counts).subspan(1));
  begun.records = static_cast<int64_t>(counts[0]);
}

void Learner::State::update(Begun& begun) {
  if (begun.records == 0) return;
  const Rates rates = schedule.at(done, config.optimiser.momentum);
  optimiser().step(done, rates);
  update_average();
  ++done;
  begun.lr = rates.lr;
}

void Learner::begin_step(const Inputs& inputs, const Targets& targets, const Mixing& mixing) {
  State& s = *state_;
  PENSTOCK_CHECK(!s.begun);
  const auto scope = s.enter();
  const bool together = s.buckets.has_value();
  if (!together || inputs.count() > 0) {
    s.check_inputs(inputs);
    s.check_targets(inputs.count(), targets);
  }
  if (!mixing.second.empty()) s.check_mixing(inputs.count(), mixing);
  guarded("training step " + std::to_string(s.done), [&] {
    s.train(true);
    s.seed(step_seed(s.config, s.done));
    State::Begun begun =
        together ? s.backward_together(inputs, targets, mixing) : s.backward_alone(inputs, targets, mixing);
    begun.step = s.done;
    // With other lanes it comes in end_step(): until then the sums are on their way, and the caller has other work.
    if (!together) s.update(begun);
    s.begun = std::move(begun);
  });
}

StepResult Learner::end_step() {
  State& s = *state_;
  PENSTOCK_CHECK(s.begun.has_value());
  const auto scope = s.enter();
  State::Begun begun = std::move(*s.begun);
  s.begun.reset();
  return guarded("training step " + std::to_string(begun.step), [&] {
    if (s.buckets) {
      s.take_sums(begun);
      s.update(begun);
    }
    s.update_rows(begun);
    StepResult out{.step = begun.step, .records = begun.records, .lr = begun.lr};
    if (begun.loss.defined()) {
      out.loss = begun.loss.item<double>();
      out.top1 = right_ones(begun.logits, begun.labels, begun.values);
    }
    if (s.buckets) {
      double sums[] = {out.loss * static_cast<double>(begun.mine), static_cast<double>(out.top1)};
      s.replicas.counts->all_reduce_sum(std::span<double>(sums));
      out.loss = out.records > 0 ? sums[0] / static_cast<double>(out.records) : 0;
      out.top1 = static_cast<int64_t>(sums[1]);
    }
    if (!std::isfinite(out.loss)) throw not_finite(begun.step);
    return out;
  });
}

StepResult Learner::step(const Inputs& inputs, const Targets& targets, const Mixing& mixing) {
  begin_step(inputs, targets, mixing);
  return end_step();
}

void Learner::join(Replicas replicas) {
  State& s = *state_;
  const auto scope = s.enter();
  s.buckets.reset();
  s.replicas = std::move(replicas);
  guarded("joining the lanes", [&] {
    s.net->count_over(s.replicas.many() && s.replicas.sync_batch_norm ? s.replicas.counts.get() : nullptr);
    if (s.replicas.many()) s.buckets.emplace(s.parameters, *s.replicas.gradients, s.replicas.bucket_bytes, *s.compute);
  });
}

void Learner::share_weights(Shared what) {
  State& s = *state_;
  const auto scope = s.enter();
  if (!s.replicas.many()) return;
  guarded("sharing the weights", [&] {
    const at::NoGradGuard no_grad;
    for (const nets::Net* net : {s.net.get(), s.average.get()}) {
      if (net == nullptr) continue;
      for (const auto& [name, tensor] : what == Shared::kAll ? weights_of(*net) : net->buffers()) {
        if (s.sparse && s.sparse->has(name)) {
          s.share_rows_of(tensor);
          continue;
        }
        PENSTOCK_CHECK(tensor.is_non_overlapping_and_dense());
        at::Tensor here = tensor.cpu();  // itself, on the CPU
        s.replicas.counts->broadcast({static_cast<std::byte*>(here.data_ptr()), here.nbytes()}, 0);
        if (here.data_ptr() != tensor.data_ptr()) at::Tensor(tensor).copy_(here);
      }
    }
  });
}

}  // namespace penstock::learn
