#include "stages/image/png_decoder.h"

#include <algorithm>
#include <csetjmp>
#include <cstring>

#include <png.h>

#include "engine/base/error.h"
#include "stages/image/exif.h"
#include "stages/image/png_memory.h"

namespace penstock::image {
namespace {

constexpr std::uint64_t kMostInflation = 1032;  // deflate cannot do more

}  // namespace

// As in jpeg_decoder.cc: nothing but libpng's C frames between setjmp and longjmp, and trivial locals.
struct PngDecoder::State {
  PngMemory memory;
  png_structp png = nullptr;
  png_infop info = nullptr;
  Bytes bytes;
  std::size_t at = 0;
  bool ran_out = false;
  std::jmp_buf jump;
  PngPixels kind;
  char message[256] = "";
  Header header;
  std::vector<std::uint8_t> pixels;  // one row, or all of an interlaced picture
  std::vector<png_bytep> row_pointers;

  explicit State(PngPixels pixels_kind) : kind(pixels_kind) {}
  ~State() { close(); }
  std::size_t channels() const { return kind == PngPixels::kNumber ? 1 : 3; }
  void close() { png_destroy_read_struct(&png, &info, nullptr); }

  [[noreturn]] static void on_error(png_structp png, png_const_charp text) {
    auto* state = static_cast<State*>(png_get_error_ptr(png));
    std::strncpy(state->message, text, sizeof state->message - 1);
    std::longjmp(state->jump, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}

  static png_voidp on_take(png_structp png, png_alloc_size_t bytes) {
    return static_cast<PngMemory*>(png_get_mem_ptr(png))->take(bytes);
  }
  static void on_give(png_structp png, png_voidp memory) {
    static_cast<PngMemory*>(png_get_mem_ptr(png))->give(memory);
  }

  static void on_read(png_structp png, png_bytep to, std::size_t n) {
    auto* state = static_cast<State*>(png_get_io_ptr(png));
    if (n > state->bytes.size() - state->at) {
      state->ran_out = true;
      png_error(png, "the data ends too early");
    }
    std::memcpy(to, state->bytes.data() + state->at, n);
    state->at += n;
  }

  Fault fault(FaultKind kind) {
    close();
    if (ran_out || std::strstr(message, "Not enough image data")) kind = FaultKind::kTruncated;
    return {kind, message};
  }

  bool read_header() {
    if (setjmp(jump)) return false;
    png_set_read_fn(png, this, on_read);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // max_pixels is the limit
    // Texts, profiles and palettes for printing are not unpacked: some are bombs, and none changes a pixel here.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, reinterpret_cast<png_const_bytep>("eXIf"), 1);
    png_read_info(png, info);
    header.width = static_cast<int>(png_get_image_width(png, info));
    header.height = static_cast<int>(png_get_image_height(png, info));
    header.components = png_get_channels(png, info);
    header.progressive = png_get_interlace_type(png, info) != PNG_INTERLACE_NONE;
    header.orientation = 1;
    png_uint_32 exif_bytes = 0;
    png_bytep exif = nullptr;
    if (png_get_eXIf_1(png, info, &exif_bytes, &exif) != 0)
      header.orientation = tiff_orientation({reinterpret_cast<const std::byte*>(exif), exif_bytes});
    return true;
  }

  bool start() {
    if (setjmp(jump)) return false;
    if (kind == PngPixels::kNumber) {
      png_set_packing(png);
    } else {
      png_set_palette_to_rgb(png);
      png_set_expand_gray_1_2_4_to_8(png);
      png_set_gray_to_rgb(png);
      png_set_strip_16(png);
    }
    png_set_strip_alpha(png);
    if (header.progressive) png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return true;
  }

  bool holds_numbers() const {
    const int colours = png_get_color_type(png, info);
    return png_get_bit_depth(png, info) <= 8 &&
           (colours == PNG_COLOR_TYPE_PALETTE || (colours & PNG_COLOR_MASK_COLOR) == 0);
  }

  bool read_row(png_bytep row) {
    if (setjmp(jump)) return false;
    png_read_row(png, row, nullptr);
    return true;
  }

  bool read_all_rows() {
    if (setjmp(jump)) return false;
    png_read_image(png, row_pointers.data());
    return true;
  }

  bool finish() {
    if (setjmp(jump)) return false;
    png_read_end(png, nullptr);
    return true;
  }
};

PngDecoder::PngDecoder(PngPixels pixels) : state_(std::make_unique<State>(pixels)) {}
PngDecoder::~PngDecoder() = default;

const Header& PngDecoder::header() const { return state_->header; }

Fault PngDecoder::open(Bytes bytes, const DecodeLimits& limits) {
  State& s = *state_;
  s.close();
  s.header = {};
  s.bytes = bytes;
  s.at = 0;
  s.ran_out = false;
  if (bytes.empty()) return {FaultKind::kEmpty, "no bytes"};
  s.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &s, State::on_error, State::on_warning, &s.memory,
                                   State::on_take, State::on_give);
  s.info = s.png == nullptr ? nullptr : png_create_info_struct(s.png);
  if (s.info == nullptr) throw Error(Code::kMemory, "cannot make a PNG decoder: out of memory");
  if (!s.read_header()) return s.fault(FaultKind::kHeader);
  const std::string size = std::to_string(s.header.width) + "x" + std::to_string(s.header.height);
  if (std::int64_t{s.header.width} * s.header.height > limits.max_pixels)
    return {FaultKind::kTooManyPixels, size + ", more than the limit of " + std::to_string(limits.max_pixels)};
  if (s.header.width > kMaxSide || s.header.height > kMaxSide)
    return {FaultKind::kUnsupported, size + ": a side of more than " + std::to_string(kMaxSide) + " pixels"};
  if (s.kind == PngPixels::kNumber && !s.holds_numbers())
    return {FaultKind::kUnsupported,
            "a mask is a PNG of a palette or of grey values of up to 8 bits, and this one is neither"};
  const std::uint64_t raw_bytes = static_cast<std::uint64_t>(png_get_rowbytes(s.png, s.info)) * s.header.height;
  if (raw_bytes / kMostInflation > bytes.size())
    return {FaultKind::kTruncated, std::to_string(bytes.size()) + " bytes cannot hold " + size + " pixels"};
  const std::uint64_t held =
      static_cast<std::uint64_t>(s.header.width) * s.channels() * (s.header.progressive ? s.header.height : 1);
  if (held > limits.max_scratch)
    return {FaultKind::kTooLarge,
            "decoding it takes more than " + std::to_string(limits.max_scratch) + " bytes of memory (max_scratch)"};
  return {};
}

Fault PngDecoder::decode(const Rect& crop, bool verified, RowSink& rows) {
  State& s = *state_;
  PENSTOCK_CHECK(s.png != nullptr && crop.x >= 0 && crop.y >= 0 && crop.width > 0 && crop.height > 0);
  PENSTOCK_CHECK(crop.width <= s.header.width - crop.x && crop.height <= s.header.height - crop.y);
  if (!s.start()) return s.fault(FaultKind::kCorrupt);

  const std::size_t row_bytes = static_cast<std::size_t>(s.header.width) * s.channels();
  PENSTOCK_CHECK(png_get_rowbytes(s.png, s.info) == row_bytes);
  const std::size_t held_rows = s.header.progressive ? s.header.height : 1;
  s.pixels.resize(std::max(s.pixels.size(), row_bytes * held_rows + kRowPadding));
  if (s.header.progressive) {
    s.row_pointers.resize(held_rows);
    for (std::size_t y = 0; y < held_rows; ++y) s.row_pointers[y] = s.pixels.data() + y * row_bytes;
    if (!s.read_all_rows()) return s.fault(FaultKind::kCorrupt);
  }
  const int end = crop.y + crop.height;
  for (int y = 0; y < (verified ? end : s.header.height); ++y) {
    const std::uint8_t* row = s.pixels.data() + (s.header.progressive ? y * row_bytes : 0);
    if (!s.header.progressive && !s.read_row(s.pixels.data())) return s.fault(FaultKind::kCorrupt);
    if (y >= crop.y && y < end) rows.row(y - crop.y, row + static_cast<std::size_t>(crop.x) * s.channels());
  }
  if (!verified && !s.finish()) return s.fault(FaultKind::kCorrupt);
  if (s.pixels.size() > kKeptScratch) s.pixels = {};
  s.close();
  return {};
}

}  // namespace penstock::image
