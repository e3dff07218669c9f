#include "stages/image/geometry/crop_boxes.h"

#include "stages/image/geometry/move_boxes.h"
#include "stages/image/picture_decoder.h"

namespace penstock::image::geometry {
namespace {

const char* const kName = "image.crop-boxes";
constexpr std::uint64_t kScratchBytes = 1u << 20;  // a header's tables, in the decoders' memory

Warp warp_of(const View& view) {
  const double x = static_cast<double>(view.region.width) / view.full.width;
  const double y = static_cast<double>(view.region.height) / view.full.height;
  return {.x = {x, 0, view.region.x + x * view.window.x}, .y = {0, y, view.region.y + y * view.window.y}};
}

}  // namespace

void CropBoxes::Params::describe(ParamTable<Params>& t) {
  ViewParams::describe(t);
  describe_min_visible(t);
}

CropBoxes::CropBoxes(Params params) : params_(params) { params_.require_sense(kName); }

Bound CropBoxes::bind(const Schema& in) const {
  require_encoded(in, "bytes", kName);
  Bound bound{.reads = {"bytes"}, .draws = params_.draws(), .scratch_bytes = kScratchBytes};
  bind_boxes(in, kName, bound);
  return bound;
}

Outcome CropBoxes::run(RecordView& record, Draws& draws, Scratch& scratch) const {
  auto& decoder = scratch.get<PictureDecoder>(params_.honours_orientation());
  if (Fault fault = decoder.open(record.in(0).span(), kAnySize)) return Outcome::reject(fault.text());
  const Header& header = decoder.header();
  const View view = params_.choose({header.height, header.width}, draws);
  return move_boxes(record, 1, warp_of(view), {view.window.height, view.window.width}, params_.min_visible);
}

}  // namespace penstock::image::geometry
