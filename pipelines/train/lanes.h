// All lanes of this process: devices with a replica and a thread each, which share every batch.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/device/host_blocks.h"
#include "engine/device/in_process_collective.h"
#include "engine/run/run.h"
#include "pipelines/job/together.h"
#include "pipelines/train/lane.h"
#include "pipelines/train/lane_thread.h"

namespace penstock::train {

struct LanesOptions {
  std::vector<std::string> devices = {"cpu"};
  learn::LearnerConfig learner;      ///< of each; `lane` is set here
  int64_t global_batch = 1;          ///< records of a step over all lanes of all processes
  uint64_t bucket_bytes = 25 << 20;  ///< gradients that are summed in one call
  bool sync_batch_norm = false;
  double timeout_seconds = 1800;  ///< that GPUs wait for one another
  /// What stays decoded on the devices; null: nothing. Of each device so many bytes, or half of what is free.
  std::shared_ptr<device::HeldPictures> held = nullptr;
  std::optional<uint64_t> held_bytes = std::nullopt;
  /// Who decodes what of a training; null: the lanes decode nothing.
  std::shared_ptr<device::DecodeShare> decoding = nullptr;
  /// Batches whose rows of embeddings (train.sparse_rows) are brought before their step, each of so many records at most over all processes. Their memory is
  /// taken from `budgets` (null: unlimited), but no more than a quarter of the tier, and no more than Runs leave (see start()): else they are fewer.
  size_t rows_ahead = 0;
  int64_t most_records = 0;
  std::shared_ptr<Budgets> budgets = nullptr;
  bool trains = true;  ///< false: for evaluation and inference alone; gradients have no place
};

/// A batch is cut into as many neighbouring parts as there are lanes; each lane works on its own, in its own thread, the first one in the
/// caller's. With one lane in one process there is no other thread, no copy of a gradient, and the weights are those of a Learner alone.
///
/// Called by one thread, always the same. begin_step(), end_step(), start_alike() and before_evaluation() are calls of all processes. The first lane that
/// fails stops the others; after an Error from a step only destruction is safe.
class Lanes {
 public:
  /// Makes the devices and replicas, one after the other. Errors as Lane; kUsage where one device is named twice.
  Lanes(const LanesOptions& options, Together together, Clock& clock);
  ~Lanes();

  /// All replicas get the weights of the first lane of the first process.
  void start_alike();
  /// All replicas go on from these bytes.
  void load(std::span<const std::byte> state, const std::string& origin);
  void load_weights(std::span<const std::byte> state, const std::string& origin);

  /// Whether all lanes compute on devices of their own: then the next batch is brought up between the halves of a step. All processes that
  /// train together say the same.
  bool compute_elsewhere() const;
  /// Batches of a run with these options lie where the lanes copy from at full speed: pinned memory, for GPUs, kept for the runs that follow.
  void feed_from(RunOptions& options) const;
  /// A Run whose batches these lanes take. What it must have comes before rows brought ahead: where it does not fit beside their memory, they are fewer from now on
  /// (rows_ahead() says how many), and none where it must be. Throws as Run::start().
  Run start(const Graph& graph, const Source& source, const RunOptions& options);
  /// Batches that there is memory to bring rows ahead for.
  size_t rows_ahead() const { return rows_ahead_; }
  /// As Lane's, of all.
  void bring_rows_ahead(size_t batches);
  /// Of the lanes of this process.
  learn::RowsBrought rows_brought() const;
  /// As Lane::follow, of all.
  void follow(const device::FeedView* view);
  void prepare(const Batch& batch);
  /// As Lane's, the least of all.
  size_t worth_preparing() const;
  void forget_prepared();
  /// The result is over all lanes of all processes.
  void begin_step(const Batch& batch);
  learn::StepResult end_step();
  /// Whether a step that has begun is computed already: end_step() will not wait.
  bool done() const;
  /// Batch norms of all replicas become the first one's, which is the one that is stored.
  void before_evaluation();
  /// Of this process's batch, in record order.
  metrics::ClassificationSums evaluate(const Batch& batch);
  learn::Rows infer(const Batch& batch, const std::string& layer = "");

  /// The first lane's; what is stored. Not while a call is under way.
  learn::Learner& learner() { return lanes_.front()->learner(); }
  Together& together() { return together_; }
  size_t size() const { return lanes_.size(); }
  /// What people should know of the lanes; may be empty.
  const std::string& note() const { return note_; }
  /// Names of the devices, comma between them.
  std::string device() const;
  /// Mean share of `seconds` that the devices copied or computed; 0 for CPUs.
  double utilisation(double seconds) const;

 private:
  struct Part {
    int64_t first = 0, count = 0;
  };
  void abort(const std::string& why);
  void afford_rows_ahead(const LanesOptions& options);
  bool hold_rows_ahead();
  bool bring_fewer_rows_ahead();
  Tier tier_of_rows() const;
  uint64_t need_ahead() const;
  Part part(const Batch& batch, size_t lane) const;
  template <class Work>
  void in_all(Work&& work);
  template <class Work>
  void with_records(const Batch& batch, Work&& work);

  /// Lets the pictures go before the devices do, also where the lanes were not all made.
  struct Held {
    std::shared_ptr<device::HeldPictures> pictures;
    ~Held() {
      if (pictures) pictures->leave();
    }
  };

  Together together_;
  std::string note_;
  std::unique_ptr<InProcessGroup> gradients_, counts_;           ///< null where there is one replica in all
  std::vector<std::function<void(const std::string&)>> aborts_;  ///< of collectives of GPUs, which the lanes own
  std::vector<std::unique_ptr<Lane>> lanes_;
  Held held_;
  std::shared_ptr<Budgets> budgets_;  ///< that rows_credit_ is of; null: unlimited
  uint64_t bytes_ahead_ = 0;          ///< of a batch whose rows are brought ahead, all lanes
  size_t rows_ahead_ = 0;
  Credit rows_credit_;
  std::shared_ptr<HostBlocks> blocks_;                ///< of the first lane; null: plain memory
  std::vector<std::unique_ptr<LaneThread>> workers_;  ///< of the lanes but the first; dies first
};

}  // namespace penstock::train
