// A network with its optimiser and schedule: takes batches, gives losses, features and bytes. Plain types only; torch is
// behind the wall.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/batch.h"
#include "engine/data/target.h"
#include "engine/device/device.h"
#include "models/metrics.h"
#include "models/metrics/regression.h"
#include "models/nets/catalog.h"
#include "models/nets/safetensors.h"
#include "stages/learn/inputs.h"
#include "stages/learn/optimiser_config.h"
#include "stages/learn/replicas.h"
#include "stages/learn/rows_brought.h"
#include "stages/learn/schedule.h"

namespace penstock::learn {

/// f32, or bf16 where autocast holds it safe (weights, sums and losses stay f32).
enum class Precision : uint8_t { kF32, kBf16 };

/// "f32", "bf16". Throws Error kUsage that lists them for another name.
Precision precision_named(std::string_view name);
std::string_view name_of(Precision precision);

/// Whether forward and backward of a step are recorded as a CUDA graph.
enum class Capture : uint8_t {
  kNever,
  kOnGpu,   ///< where it can be; step_graph_text() says where it was not, and why
  kAlways,  ///< on a CPU too, where a replay is the work done again: for tests
};

struct LearnerConfig {
  nets::NetSpec net;
  /// The user's TorchScript file where net.arch is "torchscript"; it is stored with the weights. An AOTInductor package where it is
  /// nets::kPackageArch, for inference alone.
  std::vector<std::byte> script;
  std::string script_origin = "net.file";            ///< what messages call it
  std::vector<double> mean = {0.485, 0.456, 0.406};  ///< [input], of pixels in 0..1; one for each channel
  std::vector<double> std = {0.229, 0.224, 0.225};

  Task task =
      Task::kClasses;  ///< cross-entropy, binary cross-entropy with logits, or `loss`; the last two with one output
  metrics::RegressionLoss loss = metrics::RegressionLoss::kSquared;
  /// Embeddings of at least so many categories stay in the host's memory, and a step looks at the rows of its batch alone: they may
  /// be larger than the device. What is learnt is that of dense training, but for rounding. No EMA. 0: none.
  int64_t sparse_rows = 0;
  /// Of kRegression: what targets went through. Not used in training, stored with the weights.
  TargetTransform transform;

  OptimiserConfig optimiser;
  ScheduleConfig schedule;
  double label_smoothing = 0;
  double ema_decay =
      0;  ///< above 0: evaluation and inference use an average of the weights, w += (1 - decay) (x - w) a step

  Precision precision = Precision::kBf16;
  bool channels_last = true;
  Capture capture = Capture::kOnGpu;
  int threads = 1;    ///< torch threads of the lane; float sums, and so the bits of the weights, depend on it
  uint64_t seed = 0;  ///< of the first weights and, with step and lane, of each step's draws
  uint64_t lane = 0;

  /// Where the learner computes, and the queue of its work; null: the CPU. Both must outlive it.
  Device* device = nullptr;
  Stream* stream = nullptr;

  std::string pixels_field = "pixels";  ///< of a Batch: u8 (N, H, W, C)
  std::string label_field = "label";    ///< of a Batch: i64 (N)
  std::string cat_field = "cat";        ///< of a Batch, where the network takes rows: i32 (N, C)
  std::string cont_field = "cont";      ///< likewise: f32 (N, D)
  std::string target_field = "target";  ///< of a Batch, where `task` is not kClasses: f32 (N)
};

/// Checks all numbers and names without making a network. Throws Error kUsage that says which makes no sense.
void check(const LearnerConfig& config);

struct StepResult {
  uint64_t step = 0;  ///< the number of this step, from 0
  double loss = 0;    ///< mean over the batch, label smoothing and mixing included
  int64_t records = 0;
  int64_t top1 =
      0;  ///< records whose label had the highest logit, before the step (kBinary: the right side of 0; kRegression: none)
  double lr = 0;
};

/// What a lane tells the others.
enum class Shared : uint8_t {
  kAll,      ///< parameters and buffers
  kBuffers,  ///< what batch norms counted
};

/// f32 rows, one a record: `shape` is (N, ...), C-contiguous.
struct Rows {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

/// One replica of a network in training or in use. On a GPU its pixels are read where they lie there (upload them first; labels are taken from the
/// host), and its bits are not promised: max-pool adds there as threads come. On the CPU exactly reproducible: the same config, thread count, machine and batches give
/// the same bits, also across save() and load() at any step.
///
/// Threads: one at a time, and best always the same one (the lane's): every thread that calls torch gets a pool of `threads` OpenMP
/// workers of its own. Each call sees to it that its thread has `threads` torch threads and flushes denormals to zero there.
///
/// Errors: Error kUsage for a batch or config that does not fit, kData for bytes that are no checkpoint of this network,
/// kInternal for a loss that is not finite and for what torch itself throws, kMemory where memory ran out. After an Error from
/// step() the state is no step's end any more (forward moves the batch norms first): go on from a checkpoint.
class Learner {
 public:
  /// Draws the first weights. Throws Error kUsage for a config that makes no sense.
  ///
  /// `rows_of`, a learner of the same config but for its lane, lends its tables that are trained row by row: one memory for the lanes of a process, and never two. The two step
  /// together; loading and saving such tables is the lender's. The other weights are drawn, but are not those of the lender until share_weights(), load() or load_weights().
  explicit Learner(LearnerConfig config, Learner* rows_of = nullptr);
  ~Learner();
  Learner(Learner&&) noexcept;
  Learner& operator=(Learner&&) noexcept;

  /// From now on step() is a call of all lanes: each brings its part of the batch (none, at times), and all make the same update, of the
  /// gradient over the whole batch. They must start from the same weights. The groups must outlive the learner; abort them before a learner
  /// is destroyed whose lanes do not come any more. Error kUsage where batch norms cannot be synchronised.
  void join(Replicas replicas);

  /// The first lane's weights become those of all; a call of all lanes.
  void share_weights(Shared what);

  /// Where tables are trained row by row: a thread begins to bring the rows of the batch behind those that were brought ahead before (the first is that of the next
  /// step), and copies them to the device. What the step learns is the same to the bit. The batch may go at once. Between steps, or between the halves of one.
  void bring_ahead(const Inputs& inputs);
  /// What was brought ahead is not asked for any more.
  void forget_ahead();
  /// Bytes of the host's memory that a batch of `records`, brought ahead, holds at most; 0 where no table is trained row by row.
  uint64_t bytes_ahead(int64_t records) const;
  /// What bringing rows took so far.
  RowsBrought rows_brought() const;

  /// One forward, backward and update. What a network of rows is given lies in the host's memory, also for a GPU. The pixels are not needed after it returns. With other lanes, loss, records and top1 are of the
  /// whole batch; where that has no record, nothing is done.
  StepResult step(const Inputs& inputs, const Targets& targets, const Mixing& mixing = {});
  /// The same in two halves: on a GPU the first returns when the work is queued (pixels must stay until it is done; labels and rows need not), and the
  /// second waits for it, and for the other lanes' gradients. Nothing but end_step() may be called between them.
  void begin_step(const Inputs& inputs, const Targets& targets, const Mixing& mixing = {});
  StepResult end_step();
  StepResult step(const Batch& batch);

  /// Of kClasses (Error kUsage for other tasks: infer() and metrics::TaskSums). Adds nothing to the weights or the batch norms.
  metrics::ClassificationSums evaluate(const Inputs& inputs, Labels labels);
  metrics::ClassificationSums evaluate(const Batch& batch);

  /// Logits (N, classes), transformed targets (N, 1) of a regression, or the output of a layer ("avgpool", "layer4", ...; see nets/resnet.h,
  /// nets/table_nets.h).
  Rows infer(const Inputs& inputs, const std::string& layer = "");
  Rows infer(const Batch& batch, const std::string& layer = "");

  /// Everything that step() depends on, as one safetensors (of tables trained row by row also the weights that evaluation would use): weights under their PyTorch names, "optimizer/...", "ema/...", and
  /// `metadata` (keys that begin with "penstock." are the learner's own). Goes on with load() bit for bit.
  std::vector<std::byte> save(const nets::Metadata& metadata = {}) const;
  /// The weights that evaluation uses and the config of the network, no optimiser: what a model file holds and what
  /// `weights_xxh3` is taken of. A function of the weights alone.
  std::vector<std::byte> weights_bytes() const;

  /// Goes on where save() was. The network, the optimiser's kind and the use of EMA must be the same; total_steps, rates and
  /// threads may be new. On an Error nothing has changed. `origin` names the bytes in messages.
  void load(std::span<const std::byte> bytes, const std::string& origin = "checkpoint");
  /// Takes only the weights, of save(), weights_bytes() or any safetensors with PyTorch's names; EMA's where they hold some.
  void load_weights(std::span<const std::byte> bytes, const std::string& origin = "weights");

  /// For people: how many steps were replayed from a CUDA graph, and why others were not; "" before the first step and where nothing is recorded.
  std::string step_graph_text() const;

  uint64_t steps_done() const;
  const LearnerConfig& config() const;
  int64_t parameter_count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The fields "label_b" i64 (N) and "mix" f32 (N) of a batch; nothing where it lacks them. Throws Error kUsage for other types.
Mixing mixing_of(const Batch& batch);

/// The pixels of the records [first, first + count) of a batch; none where count is 0, whatever the batch holds. Throws Error kUsage where
/// the field is not what the config names.
Images images_of(const Batch& batch, const LearnerConfig& config, int64_t first, int64_t count);

/// The same, or rows where the network takes rows.
Inputs inputs_of(const Batch& batch, const LearnerConfig& config, int64_t first, int64_t count);

/// Fields of a batch that a learner of this config takes. Where some are missing, one of them is named to who asks.
std::vector<std::string> fields_of(const LearnerConfig& config);

/// Records of a batch as step() takes them.
struct TrainingShare {
  Inputs inputs;
  Targets targets;
  Mixing mixing;
};
/// As inputs_of(), with what is known of them.
TrainingShare share_of(const Batch& batch, const LearnerConfig& config, int64_t first, int64_t count);

/// The network and input of stored bytes (save() or weights_bytes()), to make a Learner for evaluation or inference; everything
/// else has its default. Throws Error kData where they are not Penstock's.
LearnerConfig config_of(std::span<const std::byte> bytes, const std::string& origin);

/// Of the torch that this was built with: "2.8.0".
std::string_view torch_version();

/// The metadata that was given to save(), and the learner's own.
nets::Metadata metadata_of(std::span<const std::byte> bytes, const std::string& origin);

}  // namespace penstock::learn
