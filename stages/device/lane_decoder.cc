#include "stages/device/lane_decoder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "stages/device/jpeg_for_device.h"
#include "stages/device/rows_into.h"

namespace penstock::device {
namespace {

// Of decoded pictures at once: a hundred photographs, which keep a GPU busy. A larger picture has the room to itself.
constexpr uint64_t kPieceBytes = uint64_t{64} << 20;

uint64_t bytes_of(image::Size size) {
  return uint64_t{3} * static_cast<uint64_t>(size.width) * static_cast<uint64_t>(size.height);
}

uint64_t rounded_up(uint64_t bytes) {
  constexpr uint64_t kUnit = DeviceImageCache::kAlignment;
  return (bytes + kUnit - 1) / kUnit * kUnit;
}

}  // namespace

LaneDecoder::LaneDecoder(Device& device, std::shared_ptr<DecodeShare> share, HeldPictures* held, size_t lane)
    : device_(device),
      share_(std::move(share)),
      held_(held),
      lane_(lane),
      decoder_(make_device_decoder(device)),
      stream_(device.make_stream()),
      thread_([this](const std::stop_token& stop) { serve(stop); }) {}

LaneDecoder::~LaneDecoder() {
  thread_.request_stop();
  thread_.join();
  try {
    stream_->synchronize();
  } catch (const Error&) {}  // it does nothing any more, and finish() has said why
}

void LaneDecoder::serve(const std::stop_token& stop) {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return work_.has_value(); })) return;
    lock.unlock();
    std::exception_ptr failure;
    try {
      make(*work_);
    } catch (...) { failure = std::current_exception(); }
    lock.lock();
    work_.reset();
    failure_ = failure;
    changed_.notify_all();
  }
}

void LaneDecoder::wait_until_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !work_; });
}

void LaneDecoder::start(Work work) {
  PENSTOCK_CHECK(work.planner != nullptr && !work.rows.empty());
  wait_until_idle();
  const std::lock_guard lock(mutex_);
  failure_ = nullptr;
  work_ = std::move(work);
  changed_.notify_all();
}

const uint8_t* LaneDecoder::finish(Stream& stream) {
  wait_until_idle();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  stream.wait(made_);
  return reinterpret_cast<const uint8_t*>(out_.data());
}

/// Memory may only be given back while nothing that was queued uses it.
uint8_t* LaneDecoder::room(DeviceBuffer& buffer, uint64_t bytes, const char* what) {
  if (buffer.size() < bytes) {
    used_.synchronize();
    stream_->synchronize();
    buffer = DeviceBuffer();
    buffer = device_.allocate(bytes, what);
  }
  return reinterpret_cast<uint8_t*>(buffer.data());
}

void LaneDecoder::make(const Work& work) {
  const int64_t began = share_->clock().now_ns();
  const image::Size size = work.planner->recipe().size;
  if (!augmenter_ || size_ != size) {
    stream_->synchronize();
    augmenter_.emplace(device_, size);
    size_ = size;
  }
  const Tensor encoded = work.batch[kEncodedField];
  uint8_t* out = room(out_, work.rows.size() * bytes_of(size), "pictures that the lane decodes");
  stream_->wait(used_);
  given_back_ = 0;
  std::vector<Picture> piece;
  uint64_t bytes = 0;
  const auto end_piece = [&] {
    room(decoded_, bytes, "pictures that the lane decodes");
    make_piece(work, piece, out);
    out += piece.size() * bytes_of(size);
    piece.clear();
    bytes = 0;
  };
  for (const size_t row : work.rows) {
    const auto from = static_cast<size_t>(encoded.offsets[row]), to = static_cast<size_t>(encoded.offsets[row + 1]);
    Picture picture{.id = work.batch.ids()[row], .jpeg = {encoded.data + from, to - from}};
    const std::optional<image::Size> known = size_on_device(picture.jpeg, /*honours_orientation=*/false);
    PENSTOCK_CHECK(known.has_value());  // the stage has looked
    picture.size = *known;
    if (!piece.empty() && bytes + bytes_of(picture.size) > kPieceBytes) end_piece();
    picture.at = bytes;
    bytes = rounded_up(bytes + bytes_of(picture.size));
    piece.push_back(picture);
  }
  end_piece();
  stream_->record(made_);
  stream_->synchronize();  // this thread's time is the rate that is measured
  share_->lane_did(work.rows.size() - given_back_, given_back_, share_->clock().now_ns() - began);
}

void LaneDecoder::make_piece(const Work& work, std::span<const Picture> pictures, uint8_t* out) {
  auto* room = reinterpret_cast<uint8_t*>(decoded_.data());
  std::vector<image::Bytes> jpegs;
  for (const Picture& picture : pictures) jpegs.push_back(picture.jpeg);
  const auto decoded = decoder_->decode(*stream_, jpegs, [&](size_t i, int width, int height) -> uint8_t* {
    return pictures[i].size == image::Size{height, width} ? room + pictures[i].at : nullptr;
  });
  std::vector<CachedImage> images;
  std::vector<uint64_t> ids;
  std::vector<image::Size> sizes;
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (decoded[i].fault) decode_here(pictures[i], room + pictures[i].at);
    images.push_back({room + pictures[i].at, pictures[i].size.width, pictures[i].size.height});
    ids.push_back(pictures[i].id);
    sizes.push_back(pictures[i].size);
  }
  if (held_ != nullptr) held_->keep_decoded(*stream_, ids, images);
  const AugmentPlan plan = work.planner->plan(
      {.seed = work.seed, .epoch = work.batch.epoch(), .first_position = work.batch.first_position()}, ids, sizes);
  augmenter_->run(*stream_, images, plan, out);
}

/// What the device's decoder gave back, into its place.
void LaneDecoder::decode_here(const Picture& picture, uint8_t* to) {
  ++given_back_;
  image::Fault fault = here_.open(picture.jpeg);
  const image::Header& header = here_.header();
  if (!fault && image::Size{header.height, header.width} != picture.size)
    fault = {image::FaultKind::kHeader, "its header names two sizes"};
  Buffer rgb;
  if (!fault) {
    rgb = device_.make_host_buffer(bytes_of(picture.size));
    RowsInto rows(reinterpret_cast<uint8_t*>(rgb.data()), header.width);
    fault = here_.decode({0, 0, header.width, header.height}, /*verified=*/false, rows);
  }
  if (fault)
    throw Error(Code::kData,
                "record " + std::to_string(picture.id) + " was verified, and is damaged now: " + fault.text())
        .hint("its file was changed since; `penstock verify DATA` names all such records");
  stream_->copy(to, rgb.data(), bytes_of(picture.size));
  stream_->synchronize();  // its host memory goes
}

}  // namespace penstock::device
