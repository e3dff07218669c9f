// One device with its replica of the network: batches go up, the learner works on them.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/device/device.h"
#include "engine/device/upload_ring.h"
#include "stages/device/lane_feed.h"
#include "stages/learn/learner.h"

namespace penstock::train {

/// Of one thread, the lane's, which makes the calls that compute and with them torch's; between them the first lane's thread makes those that
/// bring up, ask and forget. On "cpu" the learner reads the batch where it
/// lies. On another device the pixels go up through a ring of its budget, and the learner's work is queued behind their copy. On a simulated one
/// the step takes the time that the device was told, and its arithmetic runs on the CPU twin: the same weights to the bit.
class Lane {
 public:
  /// Throws Error kDevice where there is no such device (says why, and names what there is), also in a program
  /// without CUDA for a GPU.
  /// `rows_of`: the lane of this process whose tables trained row by row it shares; null: it has its own.
  Lane(const std::string& device, learn::LearnerConfig config, Clock& clock, Lane* rows_of = nullptr);
  ~Lane();

  /// Training batches may from now on be made of pictures that this device holds: it joins `held`, as number `lane`; and of encoded records that it
  /// decodes, as `decoding` shares them out. Either may be null. Not on "cpu". Until stop_feeding(), which waits for the device; then `held` may
  /// let them go. Error kDevice where its decoder does not start.
  void feed_from(device::HeldPictures* held, size_t lane, std::optional<uint64_t> capacity_bytes,
                 const std::shared_ptr<device::DecodeShare>& decoding);
  void stop_feeding() noexcept;
  /// How steps make their pictures from the next prepare() or begin_step() on, and until null: then batches are taken as they are.
  void follow(const device::FeedView* view) {
    forget_prepared();
    view_ = feed_ ? view : nullptr;
  }

  /// For so many batches prepare() begins to bring the rows of embeddings that are trained row by row, each for a training step, in order; 0: for none.
  void bring_rows_ahead(size_t batches) { rows_ahead_ = batches; }
  /// Begins to bring those records to the device, for a call of the three below that is for them. Waits only where all places are taken.
  void prepare(const Batch& batch, int64_t first, int64_t count);
  /// How many batches it pays to prepare beside the one in work: one more each time that the device had run dry, but no more than one where the
  /// lane decodes.
  size_t worth_preparing() const {
    if (!uploads_) return 0;
    if (takes_rows() && rows_ahead_ > 0) return rows_ahead_;
    return view_ != nullptr && feed_->decodes() ? 1 : uploads_->places() - 1;
  }
  /// What was prepared is not asked for any more.
  void forget_prepared();
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
    std::shared_ptr<const void> batch;  ///< held until it is used, so that no other is taken for it
    UploadRing::Place* place = nullptr;
    std::optional<device::LaneFeed::Part> fed = std::nullopt;
  };
  /// The pixels where the learner reads them; used() follows when its work is queued. Rows of tables are small: the learner brings them up.
  learn::Inputs uploaded(const Batch& batch, int64_t first, int64_t count);
  void used();
  /// Whatever of the learner's work is queued on the device while it lives counts as busy.
  std::shared_ptr<void> busy() { return stream_ ? stream_->count_as_busy() : nullptr; }
  bool takes_rows() const { return nets::is_table_net(learner_.config().net.arch); }
  template <class Work>
  auto on_device(Work&& work);

  std::unique_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;  ///< null: the CPU
  std::optional<UploadRing> uploads_;
  std::unique_ptr<device::LaneFeed> feed_;
  const device::FeedView* view_ = nullptr;
  size_t rows_ahead_ = 0;
  std::deque<Ahead> ahead_;  ///< in the order of prepare()
  Ahead now_;                ///< what the learner works on
  Event computed_;
  learn::Learner learner_;
};

}  // namespace penstock::train
