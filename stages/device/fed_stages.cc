// The stages that take the places of a fed chain's.

#include <cmath>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "stages/device/fed_chain.h"
#include "stages/device/jpeg_for_device.h"
#include "stages/device/lane_decoder.h"
#include "stages/device/rows_into.h"
#include "stages/image/augment/mix.h"
#include "stages/image/picture_decoder.h"

namespace penstock::device {
namespace {

using image::Header;

// Of a picture that a lane decodes: what its decoder has room for at once.
constexpr int64_t kMostDecodedBytes = int64_t{64} << 20;

/// A stage that leaves records alone whose pictures lanes make.
class UnlessOnDevice final : public RecordStage {
 public:
  /// `encoded`: which of its inputs says that lanes decode the record; npos: none does.
  UnlessOnDevice(std::shared_ptr<const RecordStage> stage, std::shared_ptr<HeldPictures> held, size_t encoded)
      : stage_(std::move(stage)), held_(std::move(held)), encoded_(encoded) {}
  Bound bind(const Schema& in) const override { return stage_->bind(in); }
  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override {
    if (encoded_ != BoundStage::npos && record.in(encoded_).rows > 0) return Outcome::ok();
    if (held_ && held_->holds(record.id())) return Outcome::ok();
    return stage_->run(record, draws, scratch);
  }

 private:
  std::shared_ptr<const RecordStage> stage_;
  std::shared_ptr<HeldPictures> held_;
  size_t encoded_;
};

/// image.decode that leaves to the lanes what they hold, gives them what they decode, hands whole pictures over as long as they have room, and
/// makes the others.
class FedDecode final : public RecordStage {
 public:
  FedDecode(std::shared_ptr<const RecordStage> decode, const image::Decode::Params& params,
            std::shared_ptr<HeldPictures> held, std::shared_ptr<DecodeShare> share)
      : decode_(std::move(decode)),
        honours_orientation_(params.honours_orientation()),
        limits_{params.max_pixels, params.max_scratch.bytes},
        held_(std::move(held)),
        share_(std::move(share)) {}
  Bound bind(const Schema& in) const override { return decode_->bind(in); }

  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override {
    const bool is_held = held_ && held_->holds(record.id());
    if (!share_) return is_held ? Outcome::ok() : make(record, draws, scratch);
    const FieldView bytes = record.in(0);
    // Of one that stands apart no encoded bytes are kept.
    const bool is_ours = is_held || !bytes.present || record.stands_apart();
    const auto why = is_ours ? DecodeShare::Why::kItsShare : whose(record, bytes.span());
    if (!why) {
      std::memcpy(record.out(1, static_cast<int64_t>(bytes.bytes())).data, bytes.data, bytes.bytes());
      return Outcome::ok();
    }
    record.out(1, 0);
    if (is_held) return Outcome::ok();
    const int64_t began = share_->clock().now_ns();
    Outcome made = make(record, draws, scratch);
    if (made.is_ok()) share_->cpu_did(*why, share_->clock().now_ns() - began);
    return made;
  }

 private:
  struct Workplace {
    explicit Workplace(bool honours_orientation) : decoder(honours_orientation) {}
    image::PictureDecoder decoder;
    Scratch others;
  };

  /// Why the CPUs decode it; nothing where a lane does.
  std::optional<DecodeShare::Why> whose(const RecordView& record, image::Bytes bytes) const {
    const std::optional<image::Size> size = size_on_device(bytes, honours_orientation_);
    const int64_t pixels = size ? int64_t{size->width} * size->height : 0;
    if (!size || pixels > limits_.max_pixels || 3 * pixels > kMostDecodedBytes) return DecodeShare::Why::kOtherKind;
    if (bytes.size() > share_->most_encoded_bytes()) return DecodeShare::Why::kTooLong;
    if (!record.verified()) return DecodeShare::Why::kNotVerified;
    if (share_->side_of(record.id(), record.epoch()) == Side::kCpu) return DecodeShare::Why::kItsShare;
    return std::nullopt;
  }

  Outcome make(RecordView& record, Draws& draws, Scratch& scratch) const {
    auto& [decoder, others] = scratch.get<Workplace>(honours_orientation_);
    const FieldView bytes = record.in(0);
    if (held_ && bytes.present && !decoder.open(bytes.span(), limits_)) {  // its faults are named below
      const Header header = decoder.header();
      if (auto offer = held_->offer(record.id(), header.width, header.height)) {
        RowsInto rows(offer->rgb(), header.width);
        if (image::Fault fault = decoder.decode({0, 0, header.width, header.height}, record.verified(), rows))
          return Outcome::reject(fault.text());
        if (!record.verified()) record.set_verified();
        offer->keep();
        return Outcome::ok();
      }
    }
    return decode_->run(record, draws, others);
  }

  std::shared_ptr<const RecordStage> decode_;
  bool honours_orientation_;
  image::DecodeLimits limits_;
  std::shared_ptr<HeldPictures> held_;
  std::shared_ptr<DecodeShare> share_;
};

/// image.mixup of the labels: the same draws, and no pixel.
class MixupOfLabels final : public image::augment::MixStage {
 public:
  explicit MixupOfLabels(const image::augment::Mixup::Params& params)
      : MixStage("image.mixup", params.alpha, params.p) {}

 private:
  double mix(const image::augment::Pictures&, const uint8_t*, double share, Draws&) const override {
    return std::nearbyint(share * 256) / 256.0;  // as Mixup::mix rounds it
  }
};

}  // namespace

void feed_graph(Graph& graph, const FedChain& chain, const std::shared_ptr<HeldPictures>& held,
                const std::shared_ptr<DecodeShare>& share) {
  const size_t encoded = graph.slots.size();
  if (share) {
    const Field field = Field::ragged(kEncodedField, DType::kU8, {}, static_cast<int64_t>(share->most_encoded_bytes()));
    graph.slots.push_back({.field = field, .place = Place::kBatch, .batch_field = graph.output.size()});
    graph.output.add(field);
  }
  for (BoundStage& stage : graph.stages) {
    if (stage.kind == StageKind::kBatch) {
      PENSTOCK_CHECK(chain.augment.mixup && stage.name == "image.mixup");
      stage.stage = std::make_shared<MixupOfLabels>(*chain.augment.mixup);
      continue;
    }
    auto made = std::dynamic_pointer_cast<const RecordStage>(stage.stage);
    PENSTOCK_CHECK(made != nullptr);
    if (stage.id == chain.decode_id) {
      PENSTOCK_CHECK(stage.in.size() == 1 && stage.out.size() == 1);
      stage.stage = std::make_shared<FedDecode>(std::move(made), chain.decode, held, share);
      if (!share) continue;
      stage.out.push_back(encoded);
      stage.copy_from.push_back(BoundStage::npos);
    } else {
      stage.stage = std::make_shared<UnlessOnDevice>(std::move(made), held, share ? stage.in.size() : BoundStage::npos);
      if (share) stage.in.push_back(encoded);
    }
  }
}

}  // namespace penstock::device
