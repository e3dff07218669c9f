// Simulated lanes that batches are fed to: uploads, steps and sums of gradients, which overlap as on GPUs.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/clock.h"
#include "engine/data/batch.h"
#include "engine/device/device.h"
#include "engine/device/upload_ring.h"

namespace penstock {

struct AcceleratorOptions {
  double step_ms = 0;                   ///< what a step computes
  uint32_t lanes = 1;                   ///< each takes its share of every batch and steps at once with the others
  double link_bytes_per_second = 12e9;  ///< of each lane's way up and, apart from it, of its way to the other lanes
  uint64_t gradient_bytes = 0;          ///< summed over the lanes in each step; 0: none
  uint64_t bucket_bytes = 25000000;     ///< of them in one sum
};

/// What the options alone say of a step: the forward pass takes a third of it and the backward pass the rest, in which buckets become
/// ready evenly; a sum over n lanes moves 2 (n - 1) / n of its bytes over each link (Patarasuk and Yuan 2009).
struct StepModel {
  double upload_seconds = 0;   ///< of a lane's share of a batch
  double sum_seconds = 0;      ///< of all gradients
  double exposed_seconds = 0;  ///< of sums that no computing hides
  double step_seconds =
      0;  ///< of a whole step where data never lacks: the larger of the upload, and computing with what is exposed
  double busy = 1;                 ///< share of it that a lane computes
  bool link_is_the_limit = false;  ///< uploads or sums take longer than the computing that could hide them
};
StepModel model_step(const AcceleratorOptions& options, uint64_t batch_bytes);

/// Takes each batch to its lanes; copies of later batches and sums of gradients overlap with steps. Only stated times count, not those of
/// the copies that are really done. One thread.
class Accelerator {
 public:
  Accelerator(const AcceleratorOptions& options, Clock& clock);
  ~Accelerator();

  /// Returns when the batch is on its way; waits while the lanes have as many ahead as they can hold.
  void feed(const Batch& batch);
  void finish();
  /// Seconds spent computing: of each lane.
  std::vector<double> busy_seconds() const;
  uint64_t largest_batch_bytes() const { return largest_batch_bytes_; }

 private:
  struct Lane;
  void step(Lane& lane);

  AcceleratorOptions options_;
  std::vector<size_t> buckets_;  ///< bytes
  std::vector<std::unique_ptr<Lane>> lanes_;
  uint64_t largest_batch_bytes_ = 0;
};

}  // namespace penstock
