// The decoder of a lane: encoded records of a batch become augmented pictures on its device, beside the step.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/data/batch.h"
#include "engine/device/device.h"
#include "stages/device/augment_plan.h"
#include "stages/device/augmenter.h"
#include "stages/device/decode_share.h"
#include "stages/device/device_decoder.h"
#include "stages/device/held_pictures.h"
#include "stages/image/picture_decoder.h"

namespace penstock::device {

/// The ragged field of a training's batches with the encoded bytes of the records that the lanes decode, u8 (N, any); of the others 0 rows.
inline constexpr const char* kEncodedField = "encoded";

/// Of one lane: a thread and a stream of its own, since a decoder waits (nvJPEG reads Huffman codes on the CPU). Pictures are decoded whole into memory
/// of bounded size, some tens at a time, and each is cropped and augmented from there; where pictures are held, they are kept as well.
///
///   start(work) -> [thread: decode, keep, augment, in pieces] -> finish(stream): what follows there sees the pictures -> used(stream)
///
/// A JPEG that the device's decoder gives back is decoded by the CPU in this thread. One that the CPU cannot decode either was another one when it was
/// verified: Error kData that names the record.
///
/// start(), finish() and used() in turn, one thread at a time; start() again without finish() waits for the work before and forgets it.
class LaneDecoder {
 public:
  struct Work {
    Batch batch;               ///< kept until its bytes were read
    std::vector<size_t> rows;  ///< at least one; with encoded bytes
    const AugmentPlanner* planner = nullptr;
    uint64_t seed = 0;
  };
  /// `held`: null where nothing is held, else the device's is number `lane` in it. Error kDevice where the decoder does not start.
  LaneDecoder(Device& device, std::shared_ptr<DecodeShare> share, HeldPictures* held, size_t lane);
  /// Ends what it has begun.
  ~LaneDecoder();

  void start(Work work);
  /// u8 (rows, height, width, 3) in the device's memory. Throws what went wrong.
  const uint8_t* finish(Stream& stream);
  /// What was queued in `stream` since finish() has read the pictures: the next ones may take their place.
  void used(Stream& stream) { stream.record(used_); }

  std::string_view name() const { return decoder_->name(); }

 private:
  struct Picture {
    uint64_t id = 0;
    image::Bytes jpeg;
    image::Size size;
    uint64_t at = 0;  ///< byte of the room
  };
  void serve(const std::stop_token& stop);
  void wait_until_idle();
  void make(const Work& work);
  void make_piece(const Work& work, std::span<const Picture> pictures, uint8_t* out);
  void decode_here(const Picture& picture, uint8_t* to);
  uint8_t* room(DeviceBuffer& buffer, uint64_t bytes, const char* what);

  Device& device_;
  std::shared_ptr<DecodeShare> share_;
  HeldPictures* held_;
  size_t lane_;
  std::unique_ptr<DeviceDecoder> decoder_;
  image::PictureDecoder here_;
  DeviceBuffer decoded_, out_;
  std::unique_ptr<Stream> stream_;
  std::optional<Augmenter> augmenter_;
  image::Size size_;
  uint64_t given_back_ = 0;
  Event used_, made_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Work> work_;  ///< until it is done
  std::exception_ptr failure_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace penstock::device
