// The stages that take the places of a fed chain's.

#include <cmath>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "stages/device/fed_chain.h"
#include "stages/image/augment/mix.h"
#include "stages/image/picture_decoder.h"

namespace penstock::device {
namespace {

using image::Header;

/// A stage that leaves held records alone.
class UnlessHeld final : public RecordStage {
 public:
  UnlessHeld(std::shared_ptr<const RecordStage> stage, std::shared_ptr<HeldPictures> held)
      : stage_(std::move(stage)), held_(std::move(held)) {}
  Bound bind(const Schema& in) const override { return stage_->bind(in); }
  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override {
    return held_->holds(record.id()) ? Outcome::ok() : stage_->run(record, draws, scratch);
  }

 private:
  std::shared_ptr<const RecordStage> stage_;
  std::shared_ptr<HeldPictures> held_;
};

class RowsInto final : public image::RowSink {
 public:
  RowsInto(uint8_t* rgb, int width) : rgb_(rgb), stride_(size_t{3} * static_cast<size_t>(width)) {}
  void row(int y, const uint8_t* rgb) override { std::memcpy(rgb_ + static_cast<size_t>(y) * stride_, rgb, stride_); }

 private:
  uint8_t* rgb_;
  size_t stride_;
};

/// image.decode that hands whole pictures over to the devices as long as they have room.
class DecodeToHold final : public RecordStage {
 public:
  DecodeToHold(std::shared_ptr<const RecordStage> decode, const image::Decode::Params& params,
               std::shared_ptr<HeldPictures> held)
      : decode_(std::move(decode)),
        honours_orientation_(params.honours_orientation()),
        limits_{params.max_pixels, params.max_scratch.bytes},
        held_(std::move(held)) {}
  Bound bind(const Schema& in) const override { return decode_->bind(in); }

  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override {
    if (held_->holds(record.id())) return Outcome::ok();
    auto& [decoder, others] = scratch.get<Workplace>(honours_orientation_);
    const FieldView bytes = record.in(0);
    if (bytes.present && !decoder.open(bytes.span(), limits_)) {  // its faults are named below
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

 private:
  struct Workplace {
    explicit Workplace(bool honours_orientation) : decoder(honours_orientation) {}
    image::PictureDecoder decoder;
    Scratch others;
  };
  std::shared_ptr<const RecordStage> decode_;
  bool honours_orientation_;
  image::DecodeLimits limits_;
  std::shared_ptr<HeldPictures> held_;
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

void feed_graph(Graph& graph, const FedChain& chain, const std::shared_ptr<HeldPictures>& held) {
  for (BoundStage& stage : graph.stages) {
    if (stage.kind == StageKind::kBatch) {
      PENSTOCK_CHECK(chain.augment.mixup && stage.name == "image.mixup");
      stage.stage = std::make_shared<MixupOfLabels>(*chain.augment.mixup);
      continue;
    }
    auto made = std::dynamic_pointer_cast<const RecordStage>(stage.stage);
    PENSTOCK_CHECK(made != nullptr);
    if (stage.id == chain.decode_id)
      stage.stage = std::make_shared<DecodeToHold>(std::move(made), chain.decode, held);
    else
      stage.stage = std::make_shared<UnlessHeld>(std::move(made), held);
  }
}

}  // namespace penstock::device
