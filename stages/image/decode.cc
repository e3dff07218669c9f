#include "stages/image/decode.h"

#include <algorithm>

#include "engine/order/draws.h"
#include "stages/image/picture_decoder.h"
#include "stages/image/resizer.h"

namespace penstock::image {
namespace {

// A row of MCUs of the widest JPEG (65,500 pixels) and what libjpeg holds for it; progressive pictures up to 1,600 pixels
// square, which are held as a whole, at 3 bytes a pixel.
constexpr std::uint64_t kScratchBytes = 8u << 20;

struct Workplace {
  explicit Workplace(OrientationRule rule) : decoder(rule == OrientationRule::kHonour) {}
  PictureDecoder decoder;
  Resizer resizer;
};

void require_rising(const std::array<double, 2>& range, const char* name) {
  if (range[0] <= range[1]) return;
  throw Error(Code::kUsage, std::string("image.decode: ") + name + " runs from " + std::to_string(range[0]) +
                                " down to " + std::to_string(range[1]))
      .hint("give the lower bound first");
}

}  // namespace

void Decode::Params::describe(ParamTable<Params>& t) {
  t.add("view", &Params::view, "which part of the picture is seen",
        one_of<ViewKind>({{"random-resized-crop", ViewKind::kRandomResizedCrop},
                          {"center-crop", ViewKind::kCenterCrop},
                          {"resize", ViewKind::kResize}}));
  t.add("size", &Params::size, "pixels that come out: one side of a square, or [height, width]", in_range(1, 16384));
  t.add("scale", &Params::scale, "random-resized-crop: share of the picture's area, from and to", above_up_to(0, 1));
  t.add("ratio", &Params::ratio, "random-resized-crop: width / height, from and to", in_range(0.01, 100));
  t.add("crop_fraction", &Params::crop_fraction,
        "center-crop: the shorter side is resized to size / crop_fraction first", in_range(0.05, 1));
  t.add("interpolation", &Params::interpolation, "how pixels are averaged, always antialiased; Pillow's filters",
        one_of<Filter>({{"bilinear", Filter::kBilinear}, {"bicubic", Filter::kBicubic}, {"area", Filter::kArea}}));
  t.add("exact", &Params::exact,
        "never decode a JPEG at half size, as is done where the crop is four times as large as what comes out");
  t.add("orientation", &Params::orientation, "whether EXIF may turn the picture; torchvision's ImageFolder ignores it",
        one_of<OrientationRule>({{"ignore", OrientationRule::kIgnore}, {"honour", OrientationRule::kHonour}}));
  t.add("max_pixels", &Params::max_pixels, "a picture with more pixels is refused", at_least(1));
}

Decode::Decode(Params params) : params_(std::move(params)) {
  require_rising(params_.scale, "scale");
  require_rising(params_.ratio, "ratio");
}

Bound Decode::bind(const Schema& in) const {
  const Field& bytes = in.require("bytes", "image.decode");
  if (bytes.dtype != DType::kU8 || bytes.extent != Extent::kUnbounded)
    throw Error(Code::kUsage, "image.decode reads encoded pictures, and the field is " + bytes.text())
        .hint("it wants: bytes u8 (N, any)");
  return {.reads = {"bytes"},
          .writes = {Field::fixed("pixels", DType::kU8, {params_.size[0], params_.size[1], 3})},
          .draws = params_.view == ViewKind::kRandomResizedCrop,
          .scratch_bytes = kScratchBytes};
}

View Decode::choose(Size picture, Draws& draws) const {
  const Size out{params_.size[0], params_.size[1]};
  switch (params_.view) {
    case ViewKind::kRandomResizedCrop: {
      const CropRange range{params_.scale[0], params_.scale[1], params_.ratio[0], params_.ratio[1]};
      return random_resized_crop(picture, out, range, draws);
    }
    case ViewKind::kCenterCrop: return center_crop(picture, out, params_.crop_fraction);
    case ViewKind::kResize: break;
  }
  return resize_whole(picture, out);
}

Outcome Decode::run(RecordView& record, Draws& draws, Scratch& scratch) const {
  auto& [decoder, resizer] = scratch.get<Workplace>(params_.orientation);
  const FieldView bytes = record.in(0);
  if (!bytes.present) return Outcome::reject("empty: the record has no bytes");
  if (Fault fault = decoder.open(bytes.span(), params_.max_pixels)) return Outcome::reject(fault.text());
  const Header& header = decoder.header();
  auto* pixels = reinterpret_cast<std::uint8_t*>(record.out(0).data);
  View view = choose({header.height, header.width}, draws);
  view.filter = params_.interpolation;
  if (!params_.exact) view.shrink = std::min(lossless_shrink(view), header.most_shrink);
  resizer.start(view, pixels, static_cast<std::size_t>(params_.size[1]) * 3);
  if (Fault fault = decoder.decode_shrunk(resizer.source(), view.shrink, record.verified(), resizer))
    return Outcome::reject(fault.text());
  return Outcome::ok();
}

}  // namespace penstock::image
