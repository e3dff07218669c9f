// All lanes of this process: devices with a replica and a thread each, which share every batch.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/device/in_process_collective.h"
#include "pipelines/job/together.h"
#include "pipelines/train/lane.h"

namespace penstock::train {

struct LanesOptions {
  std::vector<std::string> devices = {"cpu"};
  learn::LearnerConfig learner;      ///< of each; `lane` is set here
  int64_t global_batch = 1;          ///< records of a step over all lanes of all processes
  uint64_t bucket_bytes = 25 << 20;  ///< gradients that are summed in one call
  bool sync_batch_norm = false;
  bool trains = true;  ///< false: for evaluation and inference alone; gradients have no place
};

/// A batch is cut into as many neighbouring parts as there are lanes; each lane works on its own, in its own thread, the first one in the
/// caller's. With one lane in one process there is no other thread, no copy of a gradient, and the weights are those of a Learner alone.
///
/// Called by one thread, always the same. step(), start_alike() and before_evaluation() are calls of all processes. The first lane that
/// fails stops the others; after an Error from step() only destruction is safe.
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

  /// The result is over all lanes of all processes.
  learn::StepResult step(const Batch& batch);
  /// Batch norms of all replicas become the first one's, which is the one that is stored.
  void before_evaluation();
  /// Of this process's batch, in record order.
  metrics::ClassificationSums evaluate(const Batch& batch);
  learn::Rows infer(const Batch& batch, const std::string& layer = "");

  /// The first lane's; what is stored. Not while a call is under way.
  learn::Learner& learner() { return lanes_.front()->learner(); }
  Together& together() { return together_; }
  size_t size() const { return lanes_.size(); }
  /// Names of the devices, comma between them.
  std::string device() const;
  /// Mean share of `seconds` that the devices copied or computed; 0 for CPUs.
  double utilisation(double seconds) const;

 private:
  class Worker;
  struct Part {
    int64_t first = 0, count = 0;
  };
  Part part(const Batch& batch, size_t lane) const;
  template <class Work>
  void in_all(Work&& work);
  template <class Work>
  void with_records(const Batch& batch, Work&& work);

  Together together_;
  std::unique_ptr<InProcessGroup> gradients_, counts_;  ///< null where there is one replica in all
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::unique_ptr<Worker>> workers_;  ///< of the lanes but the first; dies first
};

}  // namespace penstock::train
