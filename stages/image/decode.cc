#include "stages/image/decode.h"

#include <algorithm>

#include "engine/order/draws.h"
#include "stages/image/picture_decoder.h"
#include "stages/image/resizer.h"
#include "stages/image/row_fan.h"

namespace penstock::image {
namespace {

// A row of MCUs of the widest JPEG (65,500 pixels) and what libjpeg holds for it; progressive pictures up to 1,600 pixels
// square, which are held as a whole, at 3 bytes a pixel.
constexpr std::uint64_t kScratchBytes = 8u << 20;

struct Workplace {
  Workplace(bool honours_orientation, std::size_t views) : decoder(honours_orientation), resizers(views) {}
  PictureDecoder decoder;
  std::vector<Resizer> resizers;  // one a view
  std::vector<View> views;
  RowFan fan;
};

}  // namespace

void Decode::Params::describe(ParamTable<Params>& t) {
  ViewParams::describe(t);
  t.add("interpolation", &Params::interpolation, "how pixels are averaged, always antialiased; Pillow's filters",
        one_of<Filter>({{"bilinear", Filter::kBilinear}, {"bicubic", Filter::kBicubic}, {"area", Filter::kArea}}));
  t.add("exact", &Params::exact,
        "never decode a JPEG at half size, as is done where the crop is four times as large as what comes out");
  t.add("views", &Params::views,
        "random-resized-crop: so many crops of each picture, which is decoded once: pixels u8 (N, views, h, w, 3)",
        in_range(1, 64));
  t.add("small_views", &Params::small_views, "so many more crops, into the field \"small\" u8 (N, views, h, w, 3)",
        in_range(0, 64));
  t.add("small_size", &Params::small_size, "pixels of those, as size", in_range(1, 16384));
  t.add("small_scale", &Params::small_scale, "share of the picture's area of those, as scale", above_up_to(0, 1));
  t.add("decoder", &Params::decoder,
        "who decodes a training's JPEGs: \"nvjpeg\": the lanes' GPUs, \"hybrid\": they and the CPUs, each at its "
        "measured "
        "rate. Neither is byte-reproducible: the decoders differ in the last bit. Evaluation and all other commands "
        "decode "
        "on the CPUs",
        one_of<DecodedBy>({{"cpu", DecodedBy::kCpu}, {"nvjpeg", DecodedBy::kNvjpeg}, {"hybrid", DecodedBy::kHybrid}}));
  t.add("max_encoded", &Params::max_encoded,
        "\"nvjpeg\", \"hybrid\": a JPEG of more bytes is decoded on the CPUs; each record of a batch has so much room",
        at_least(1));
  t.add("max_pixels", &Params::max_pixels, "a picture with more pixels is refused", at_least(1));
  t.add("max_scratch", &Params::max_scratch,
        "a picture that needs more memory to be decoded is refused: progressive JPEGs and interlaced PNGs are held "
        "whole");
}

Decode::Decode(Params params) : params_(std::move(params)) {
  params_.require_sense("image.decode");
  require_rising(params_.small_scale, "image.decode: small_scale");
  if (params_.view != ViewKind::kRandomResizedCrop && params_.views + params_.small_views > 1)
    throw Error(Code::kUsage, "image.decode: views and small_views ask for several crops, and this view has one only")
        .hint("they go with view = \"random-resized-crop\"");
}

Bound Decode::bind(const Schema& in) const {
  require_encoded(in, "bytes", "image.decode");
  std::vector<Field> writes = {Field::fixed("pixels", DType::kU8, {params_.size[0], params_.size[1], 3})};
  if (params_.views > 1) writes[0].shape.insert(writes[0].shape.begin(), params_.views);
  if (params_.small_views > 0)
    writes.push_back(
        Field::fixed("small", DType::kU8, {params_.small_views, params_.small_size[0], params_.small_size[1], 3}));
  return {.reads = {"bytes"}, .writes = std::move(writes), .draws = params_.draws(), .scratch_bytes = kScratchBytes};
}

void Decode::choose(Size picture, Draws& draws, std::vector<View>& views) const {
  views.clear();
  for (int i = 0; i < params_.views; ++i) views.push_back(params_.choose(picture, draws));
  CropRange range = params_.range();
  range.scale_low = params_.small_scale[0];
  range.scale_high = params_.small_scale[1];
  for (int i = 0; i < params_.small_views; ++i)
    views.push_back(random_resized_crop(picture, {params_.small_size[0], params_.small_size[1]}, range, draws));
  int shrink = params_.exact ? 1 : 2;
  for (const View& view : views) shrink = std::min(shrink, lossless_shrink(view));
  for (View& view : views) {
    view.filter = params_.interpolation;
    view.shrink = shrink;
  }
}

Outcome Decode::run(RecordView& record, Draws& draws, Scratch& scratch) const {
  const auto count = static_cast<std::size_t>(params_.views + params_.small_views);
  auto& [decoder, resizers, views, fan] = scratch.get<Workplace>(params_.honours_orientation(), count);
  const FieldView bytes = record.in(0);
  if (!bytes.present) return Outcome::reject("empty: the record has no bytes");
  if (Fault fault = decoder.open(bytes.span(), {params_.max_pixels, params_.max_scratch.bytes}))
    return Outcome::reject(fault.text());
  const Header& header = decoder.header();
  choose({header.height, header.width}, draws, views);
  fan.clear();
  std::uint8_t* to = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    View& view = views[i];
    view.shrink = std::min(view.shrink, header.most_shrink);
    if (i == 0) to = reinterpret_cast<std::uint8_t*>(record.out(0).data);
    if (i == static_cast<std::size_t>(params_.views)) to = reinterpret_cast<std::uint8_t*>(record.out(1).data);
    const std::size_t stride = static_cast<std::size_t>(view.window.width) * 3;
    resizers[i].start(view, to, stride);
    fan.add(resizers[i].source(), resizers[i]);
    to += stride * static_cast<std::size_t>(view.window.height);
  }
  RowSink& rows = count == 1 ? static_cast<RowSink&>(resizers[0]) : fan;
  if (Fault fault = decoder.decode_shrunk(fan.source(), views[0].shrink, record.verified(), rows))
    return Outcome::reject(fault.text());
  if (!record.verified()) record.set_verified();
  return Outcome::ok();
}

}  // namespace penstock::image
