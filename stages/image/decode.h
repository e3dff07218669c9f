// Stage image.decode: encoded bytes to pixels of one size, cropped and resized on the way.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/graph/params.h"
#include "engine/graph/stage.h"
#include "stages/image/decoder.h"
#include "stages/image/view_params.h"

namespace penstock::image {

/// Who decodes a training's JPEGs: it decides the last bits of pixels. This stage decodes on the CPU, whatever it says: who drives devices gives records
/// to their decoders (stages/device/fed_chain.h).
enum class DecodedBy : std::uint8_t { kCpu, kNvjpeg, kHybrid };

/// Reads "bytes" (JPEG or PNG, recognised by content), writes "pixels" u8 (h, w, 3), RGB, each pixel once and in its
/// place; several crops of it, decoded once, where `views` or `small_views` ask for them ("small" u8 (views, h, w, 3); the first
/// crop does not change by asking for more). Draws once a record where the view is random. Refuses records that are no picture, damaged anywhere (whatever
/// the crop) or too large; a record that was verified, when it was packed or by an earlier epoch of the run, is read only as far as its crop.
class Decode final : public RecordStage {
 public:
  struct Params : ViewParams {
    int views = 1;
    int small_views = 0;
    std::array<int, 2> small_size = {96, 96};
    std::array<double, 2> small_scale = {0.05, 0.32};
    Filter interpolation = Filter::kBilinear;
    bool exact = false;
    std::int64_t max_pixels = DecodeLimits{}.max_pixels;
    DecodedBy decoder = DecodedBy::kCpu;
    ByteSize max_encoded{std::uint64_t{256} << 10};
    ByteSize max_scratch{DecodeLimits{}.max_scratch};

    static void describe(ParamTable<Params>& t);
  };

  /// Throws Error(kUsage) where scale or ratio run from high to low.
  explicit Decode(Params params);
  Bound bind(const Schema& in) const override;
  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override;

 private:
  void choose(Size picture, Draws& draws, std::vector<View>& views) const;
  Params params_;
};

}  // namespace penstock::image
