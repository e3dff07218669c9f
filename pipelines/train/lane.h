// One device with its replica of the network: batches go up, the learner works on them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/device/device.h"
#include "engine/device/upload_ring.h"
#include "stages/device/lane_feed.h"
#include "stages/learn/learner.h"

namespace penstock::train {

/// Owned by one thread, the lane's, which makes all its calls and with it torch's. On "cpu" the learner reads the batch where it
/// lies. On another device the pixels go up through a ring of its budget, and the learner's work is queued behind their copy. On a simulated one
/// the step takes the time that the device was told, and its arithmetic runs on the CPU twin: the same weights to the bit.
class Lane {
 public:
  /// Throws Error kDevice where there is no such device (says why, and names what there is), also in a program
  /// without CUDA for a GPU.
  Lane(const std::string& device, learn::LearnerConfig config, Clock& clock);
  ~Lane();

  /// Training batches may from now on be made of pictures that this device holds: it joins `held`, as number `lane`. Not on "cpu". Until
  /// stop_feeding(), which waits for the device; then `held` may let them go.
  void feed_from(device::HeldPictures& held, size_t lane, std::optional<uint64_t> capacity_bytes);
  void stop_feeding() noexcept;
  /// How steps make their pictures from the next prepare() or begin_step() on, and until null: then batches are taken as they are.
  void follow(const device::FeedView* view) { view_ = feed_ ? view : nullptr; }

  /// Begins to bring those records to the device, for the next call of the three below, which is for them.
  void prepare(const Batch& batch, int64_t first, int64_t count);
  /// Of the records [first, first + count) of a batch. A step takes none too, where the learner has joined others. Between its halves the
  /// batch may be given back, and prepare() may bring the next one.
  void begin_step(const Batch& batch, int64_t first, int64_t count);
  learn::StepResult end_step();
  /// Whether the step that has begun is computed.
  bool done() const { return computed_.query(); }
  metrics::ClassificationSums evaluate(const Batch& batch, int64_t first, int64_t count);
  learn::Rows infer(const Batch& batch, int64_t first, int64_t count, const std::string& layer = "");

  learn::Learner& learner() { return learner_; }
  Device& device() { return *device_; }
  /// Whether it computes where batches lie, and nothing goes up.
  bool is_cpu() const { return stream_ == nullptr; }
  bool is_simulated() const { return stream_ != nullptr && learner_.config().device == nullptr; }
  std::string_view name() const { return device_->name(); }
  /// Share of `seconds` that the device copied or computed; 0 for the CPU.
  double utilisation(double seconds) const;

 private:
  struct Ahead {
    const void* batch = nullptr;
    UploadRing::Place* place = nullptr;
    std::optional<device::LaneFeed::Part> fed = std::nullopt;
  };
  learn::Images uploaded(const Batch& batch, int64_t first, int64_t count);
  void used();

  std::unique_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;  ///< null: the CPU
  std::optional<UploadRing> uploads_;
  std::unique_ptr<device::LaneFeed> feed_;
  const device::FeedView* view_ = nullptr;
  Ahead ahead_;
  Event computed_;
  learn::Learner learner_;
};

}  // namespace penstock::train
