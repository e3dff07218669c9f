#include "stages/image/jpeg_encoder.h"

#include <cstdlib>
#include <string>

#include "engine/base/error.h"
#include "stages/image/exif.h"
#include "stages/image/libjpeg_errors.h"

namespace penstock::image {
namespace {

void set_sampling(jpeg_compress_struct& info, ChromaSampling sampling) {
  const bool wide = sampling == ChromaSampling::k422 || sampling == ChromaSampling::k420;
  const bool tall = sampling == ChromaSampling::k440 || sampling == ChromaSampling::k420;
  info.comp_info[0].h_samp_factor = sampling == ChromaSampling::k411 ? 4 : wide ? 2 : 1;
  info.comp_info[0].v_samp_factor = tall ? 2 : 1;
}

// Only trivially destructible locals here: longjmp must not skip a destructor.
bool compress(jpeg_compress_struct& info, JumpingErrors& errors, const PixelsToEncode& pixels,
              const JpegEncodeOptions& options, Bytes exif, unsigned char** out, unsigned long* out_bytes) {
  if (setjmp(errors.jump)) return false;
  jpeg_mem_dest(&info, out, out_bytes);
  info.image_width = static_cast<JDIMENSION>(pixels.width);
  info.image_height = static_cast<JDIMENSION>(pixels.height);
  info.input_components = pixels.channels;
  info.in_color_space = pixels.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, options.quality, TRUE);
  info.optimize_coding = TRUE;
  info.dct_method = JDCT_ISLOW;
  info.restart_in_rows = options.restart_rows;
  if (pixels.channels == 3) set_sampling(info, options.sampling);
  if (options.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  if (!exif.empty())
    jpeg_write_marker(&info, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(exif.data()),
                      static_cast<unsigned>(exif.size()));
  const std::size_t row_bytes = static_cast<std::size_t>(pixels.width) * pixels.channels;
  const std::size_t stride = pixels.stride == 0 ? row_bytes : pixels.stride;
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPROW>(pixels.data + info.next_scanline * stride);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

}  // namespace

std::vector<std::byte> encode_jpeg(const PixelsToEncode& pixels, const JpegEncodeOptions& options) {
  const std::string size = std::to_string(pixels.width) + "x" + std::to_string(pixels.height);
  if (pixels.width < 1 || pixels.height < 1 || pixels.width > JPEG_MAX_DIMENSION || pixels.height > JPEG_MAX_DIMENSION)
    throw Error(Code::kUsage, "cannot encode a picture of " + size + " as JPEG").hint("sides are 1 to 65500 pixels");
  if (pixels.channels != 1 && pixels.channels != 3)
    throw Error(Code::kUsage, "cannot encode " + std::to_string(pixels.channels) + " channels as JPEG")
        .hint("give 1 (grey) or 3 (RGB)");
  if (options.quality < 1 || options.quality > 100)
    throw Error(Code::kUsage, "JPEG quality " + std::to_string(options.quality) + " does not exist")
        .hint("give 1 to 100");
  if (options.orientation < 1 || options.orientation > 8)
    throw Error(Code::kUsage, "EXIF orientation " + std::to_string(options.orientation) + " does not exist")
        .hint("give 1 to 8");

  std::vector<std::byte> exif;
  if (options.orientation != 1) exif = exif_of_orientation(options.orientation);
  JumpingErrors errors{};
  jpeg_compress_struct info{};
  info.err = errors.start();
  jpeg_create_compress(&info);
  unsigned char* out = nullptr;
  unsigned long out_bytes = 0;
  const bool done = compress(info, errors, pixels, options, exif, &out, &out_bytes);
  std::vector<std::byte> bytes;
  if (done) bytes.assign(reinterpret_cast<std::byte*>(out), reinterpret_cast<std::byte*>(out) + out_bytes);
  jpeg_destroy_compress(&info);
  std::free(out);
  if (!done) throw Error(Code::kInternal, "encoding a JPEG of " + size + ": " + errors.message);
  return bytes;
}

}  // namespace penstock::image
