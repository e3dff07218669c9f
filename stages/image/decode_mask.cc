#include "stages/image/decode_mask.h"

#include "stages/image/nearest_rows.h"
#include "stages/image/picture_decoder.h"

namespace penstock::image {
namespace {

const char* const kName = "image.decode-mask";
// What stays between masks, and libpng's and zlib's own of the mask and of the picture's header.
constexpr std::uint64_t kScratchBytes = kKeptScratch + (1u << 20);

struct Workplace {
  explicit Workplace(bool honours_orientation) : picture(honours_orientation), mask(PngPixels::kNumber) {}
  PictureDecoder picture;
  PngDecoder mask;
  NearestRows rows;
};

std::string size_text(const Header& header) {
  return std::to_string(header.width) + "x" + std::to_string(header.height);
}

}  // namespace

void DecodeMask::Params::describe(ParamTable<Params>& t) {
  ViewParams::describe(t);
  t.add("max_pixels", &Params::max_pixels, "a mask with more pixels is refused", at_least(1));
}

DecodeMask::DecodeMask(Params params) : params_(params) { params_.require_sense(kName); }

Bound DecodeMask::bind(const Schema& in) const {
  require_encoded(in, "mask_bytes", kName);
  require_encoded(in, "bytes", kName);
  return {.reads = {"mask_bytes", "bytes"},
          .writes = {Field::fixed("mask", DType::kU8, {params_.size[0], params_.size[1], 1})},
          .draws = params_.draws(),
          .scratch_bytes = kScratchBytes};
}

Outcome DecodeMask::run(RecordView& record, Draws& draws, Scratch& scratch) const {
  auto& [picture, mask, rows] = scratch.get<Workplace>(params_.honours_orientation());
  const FieldView bytes = record.in(0);
  if (!bytes.present) return Outcome::reject("mask: empty: the record has none");
  if (Fault fault = mask.open(bytes.span(), {.max_pixels = params_.max_pixels}))
    return Outcome::reject("mask: " + fault.text());
  if (Fault fault = picture.open(record.in(1).span(), kAnySize)) return Outcome::reject(fault.text());
  const Header &header = mask.header(), &seen = picture.header();
  if (header.width != seen.width || header.height != seen.height)
    return Outcome::reject("mask: it is " + size_text(header) + ", and its picture " + size_text(seen));
  rows.start(params_.choose({header.height, header.width}, draws), reinterpret_cast<std::uint8_t*>(record.out(0).data));
  if (Fault fault = mask.decode(rows.source(), false, rows)) return Outcome::reject("mask: " + fault.text());
  return Outcome::ok();
}

}  // namespace penstock::image
