#include "stages/image/jpeg_decoder.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>

#include <jerror.h>
#include <jpeglib.h>

#include "engine/base/error.h"
#include "stages/image/cmyk.h"
#include "stages/image/exif.h"
#include "stages/image/jpeg/baseline_decoder.h"
#include "stages/image/jpeg_markers.h"
#include "stages/image/libjpeg_memory.h"

namespace penstock::image {
namespace {

constexpr int kMaxScans = 100;      // real encoders write about ten
constexpr int kMaxRowsAtOnce = 16;  // libjpeg gives at most 4 rows a call

bool is_benign(int warning) {
  switch (warning) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_TOO_MUCH_DATA: return true;
    default: return false;
  }
}

FaultKind kind_of(int code, bool in_header) {
  switch (code) {
    case JWRN_JPEG_EOF: return FaultKind::kTruncated;
    case JERR_INPUT_EMPTY: return FaultKind::kEmpty;
    case JERR_NO_SOI: return FaultKind::kNotAnImage;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_EMPTY_IMAGE:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
    case JERR_WIDTH_OVERFLOW: return FaultKind::kUnsupported;
    default: return in_header ? FaultKind::kHeader : FaultKind::kCorrupt;
  }
}

}  // namespace

// longjmp must not skip a destructor: functions that call libjpeg hold trivial locals only, and nothing but libjpeg's
// own C frames lies between setjmp and longjmp (sinks are called from here, never from inside libjpeg).
struct JpegDecoder::State {
  LibjpegMemory memory;
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump;
  int code = 0;                   // of the error or warning that ended the picture
  char message[JMSG_LENGTH_MAX];  // and its text
  Header header;
  std::size_t bytes = 0;
  std::vector<std::uint8_t> lines;  // rows as libjpeg gives them
  std::vector<std::uint8_t> rgb;    // one converted row of a CMYK picture

  static State& of(j_common_ptr common) { return *static_cast<State*>(common->client_data); }

  [[noreturn]] static void leave(j_common_ptr common, int code) {
    State& state = of(common);
    state.code = code;
    (*common->err->format_message)(common, state.message);
    std::longjmp(state.jump, 1);
  }

  static void on_error(j_common_ptr common) { leave(common, common->err->msg_code); }
  static void on_message(j_common_ptr common, int level) {
    if (level < 0 && !is_benign(common->err->msg_code)) leave(common, common->err->msg_code);
  }
  static void on_progress(j_common_ptr common) {
    if (reinterpret_cast<j_decompress_ptr>(common)->input_scan_number <= kMaxScans) return;
    common->err->msg_code = JERR_NOTIMPL;
    leave(common, JERR_NOTIMPL);
  }

  State() {
    info.err = jpeg_std_error(&errors);
    errors.error_exit = on_error;
    errors.emit_message = on_message;
    errors.output_message = [](j_common_ptr) {};
    info.client_data = this;  // jpeg_create_decompress keeps err and client_data
    if (setjmp(jump)) throw Error(Code::kMemory, std::string("cannot make a JPEG decoder: ") + message);
    jpeg_create_decompress(&info);
    static constexpr unsigned char kNoPicture[1] = {};
    jpeg_mem_src(&info, kNoPicture, sizeof kNoPicture);
    memory.attach(info);
    progress.progress_monitor = on_progress;
    info.progress = &progress;
  }
  ~State() { jpeg_destroy_decompress(&info); }

  Fault fault(bool in_header) {
    const bool is_over_limit = memory.is_over_limit;
    jpeg_abort_decompress(&info);
    if (code == JERR_OUT_OF_MEMORY && is_over_limit)
      return {FaultKind::kTooLarge,
              "decoding it takes more than " + std::to_string(memory.limit) + " bytes of memory (max_scratch)"};
    if (code == JERR_OUT_OF_MEMORY)
      throw Error(Code::kMemory, "decoding a JPEG of " + std::to_string(header.width) + "x" +
                                     std::to_string(header.height) + ": out of memory")
          .hint("lower max_pixels, or give the run more memory");
    if (code == JERR_NOTIMPL && info.input_scan_number > kMaxScans)
      return {FaultKind::kUnsupported, "more than " + std::to_string(kMaxScans) + " scans"};
    return {kind_of(code, in_header), message};
  }

  bool read_header(Bytes data) {
    if (setjmp(jump)) return false;
    LibjpegMemory::forget_tables(info);
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(data.data()), data.size());
    jpeg_read_header(&info, TRUE);
    return true;
  }

  // A block takes at least two bits (a DC and an AC code), one bit in the first scan of a progressive picture: a
  // header that promises far more than its bytes can hold is found without filling gigabytes with grey.
  bool has_bytes_for_its_blocks() const {
    if (info.arith_code) return true;
    std::uint64_t blocks = 0;
    for (int c = 0; c < info.num_components; ++c)
      blocks += static_cast<std::uint64_t>(info.comp_info[c].width_in_blocks) * info.comp_info[c].height_in_blocks;
    return bytes >= blocks * (info.progressive_mode ? 1 : 2) / 8;
  }

  // An unfinished progressive picture is smoothed over neighbouring blocks: it is decoded without leaving out any.
  bool is_smoothed() const {
    if (!info.progressive_mode || info.coef_bits == nullptr) return false;
    for (int c = 0; c < info.num_components; ++c)
      for (int i = 0; i < DCTSIZE2; ++i)
        if (info.coef_bits[c][i] != 0) return true;
    return false;
  }

  // Chroma is interpolated over one sample to each side: the crop is widened by two, and aligned by libjpeg to MCUs.
  void crop_columns(const Rect& crop) {
    const JDIMENSION margin = 2 * static_cast<JDIMENSION>(info.max_h_samp_factor);
    const JDIMENSION x = static_cast<JDIMENSION>(crop.x), end = x + static_cast<JDIMENSION>(crop.width);
    first_column = x > margin ? x - margin : 0;
    JDIMENSION width = std::min(info.output_width, end + margin) - first_column;
    if (width < info.output_width) jpeg_crop_scanline(&info, &first_column, &width);
  }

  void skip_to(JDIMENSION row) {
    if (row > info.output_scanline) jpeg_skip_scanlines(&info, row - info.output_scanline);
  }

  // Smaller pictures are decoded without leaving out any: they come here when they are damaged or odd only.
  bool start(const Rect& crop, int shrink) {
    if (setjmp(jump)) return false;
    first_column = 0;
    info.scale_num = 1;
    info.scale_denom = static_cast<unsigned>(shrink);
    info.dct_method = JDCT_ISLOW;
    info.do_fancy_upsampling = TRUE;  // also keeps merged upsampling off, whose skipped rows come out wrong
    info.out_color_space = info.num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&info);
    if (!is_smoothed() && shrink == 1) {
      crop_columns(crop);
      skip_to(static_cast<JDIMENSION>(crop.y));
    }
    return true;
  }

  int read_rows(JSAMPARRAY rows, int count) {
    if (setjmp(jump)) return 0;
    return static_cast<int>(jpeg_read_scanlines(&info, rows, static_cast<JDIMENSION>(count)));
  }

  // jpeg_skip_scanlines to the very end would skip the entropy data as well: the last row is read instead.
  bool finish(bool verified) {
    if (setjmp(jump)) return false;
    if (!verified && !jpeg_has_multiple_scans(&info)) {  // of several scans, all were read before the first row
      skip_to(info.output_height - 1);
      while (info.output_scanline < info.output_height) jpeg_read_scanlines(&info, rows_of_lines, 1);
      jpeg_finish_decompress(&info);
    }
    jpeg_abort_decompress(&info);
    return true;
  }

  // Hands the picture to the fast decoder if it is a sequential one with a single scan.
  bool open_baseline() {
    const int count = info.num_components;
    if (info.progressive_mode || info.arith_code || info.data_precision != 8 || info.comps_in_scan != count)
      return false;
    if (count != 1 && (count != 3 || info.jpeg_color_space != JCS_YCbCr)) return false;
    if (info.Ss != 0 || info.Se != DCTSIZE2 - 1 || info.Ah != 0 || info.Al != 0) return false;
    std::array<ScanComponent, 3> components;
    for (int i = 0; i < count; ++i) {
      const jpeg_component_info* c = info.cur_comp_info[i];
      if (c->component_index != i) return false;
      if (c->quant_tbl_no >= NUM_QUANT_TBLS || c->dc_tbl_no >= NUM_HUFF_TBLS || c->ac_tbl_no >= NUM_HUFF_TBLS)
        return false;
      const JQUANT_TBL* quant = info.quant_tbl_ptrs[c->quant_tbl_no];
      const JHUFF_TBL *dc = info.dc_huff_tbl_ptrs[c->dc_tbl_no], *ac = info.ac_huff_tbl_ptrs[c->ac_tbl_no];
      if (quant == nullptr || dc == nullptr || ac == nullptr) return false;
      const auto spec = [](const JHUFF_TBL* table) {
        return HuffmanSpec{std::span(table->bits + 1, 16), table->huffval};
      };
      components[i] = {.across = count == 1 ? 1 : c->h_samp_factor,
                       .down = count == 1 ? 1 : c->v_samp_factor,
                       .quant = quant->quantval,
                       .dc = spec(dc),
                       .ac = spec(ac)};
    }
    return baseline.open({.width = header.width,
                          .height = header.height,
                          .components = std::span(components).first(static_cast<std::size_t>(count)),
                          .restart_interval = info.restart_interval,
                          .index = index,
                          .entropy = entropy});
  }

  void read_index(Bytes data) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(data.data());
    entropy = {info.src->next_input_byte, begin + data.size()};
    index = {};
    each_jpeg_segment(data, [&](unsigned marker, Bytes payload) {
      if (marker == SegmentIndex::kMarker)
        index = SegmentIndex({reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()});
      return !index;
    });
  }

  // What was decoded without its index must be what decoding by the index would give.
  Fault check_index(bool verified) const {
    if (verified || !index || index.fits(entropy, info.restart_interval)) return {};
    return {FaultKind::kCorrupt, "its index of restart markers is not the picture's: pack the picture anew"};
  }

  std::span<const std::uint8_t> entropy;  // from behind the first scan's header to the end
  SegmentIndex index;
  BaselineDecoder baseline;
  bool is_baseline = false;
  JDIMENSION first_column = 0;
  JSAMPROW rows_of_lines[kMaxRowsAtOnce];
};

JpegDecoder::JpegDecoder(JpegPath path) : state_(std::make_unique<State>()), path_(path) {}
JpegDecoder::~JpegDecoder() = default;

const Header& JpegDecoder::header() const { return state_->header; }

Fault JpegDecoder::open(Bytes bytes, const DecodeLimits& limits) {
  State& s = *state_;
  s.header = {};
  s.bytes = bytes.size();
  s.memory.limit = limits.max_scratch;
  if (bytes.empty()) return {FaultKind::kEmpty, "no bytes"};
  jpeg_abort_decompress(&s.info);  // forgets a picture that was opened and not decoded
  if (!s.read_header(bytes)) return s.fault(true);
  s.header = {.width = static_cast<int>(s.info.image_width),
              .height = static_cast<int>(s.info.image_height),
              .components = s.info.num_components,
              .progressive = s.info.progressive_mode != 0,
              .orientation = jpeg_orientation(bytes)};
  s.read_index(bytes);
  const std::string size = std::to_string(s.header.width) + "x" + std::to_string(s.header.height);
  if (std::int64_t{s.header.width} * s.header.height > limits.max_pixels)
    return {FaultKind::kTooManyPixels, size + ", more than the limit of " + std::to_string(limits.max_pixels)};
  if (s.header.components != 1 && s.header.components != 3 && s.header.components != 4)
    return {FaultKind::kUnsupported, std::to_string(s.header.components) + " components"};
  if (!s.has_bytes_for_its_blocks())
    return {FaultKind::kTruncated, std::to_string(s.bytes) + " bytes cannot hold " + size + " pixels"};
  s.is_baseline = path_ == JpegPath::kFast && s.open_baseline();
  s.header.most_shrink = s.is_baseline ? s.baseline.most_shrink() : path_ == JpegPath::kLibjpeg ? 2 : 1;
  return {};
}

Fault JpegDecoder::decode_shrunk(const Rect& crop, int shrink, bool verified, RowSink& rows) {
  State& s = *state_;
  PENSTOCK_CHECK(crop.x >= 0 && crop.y >= 0 && crop.width > 0 && crop.height > 0);
  PENSTOCK_CHECK(shrink >= 1 && shrink <= s.header.most_shrink);
  PENSTOCK_CHECK(crop.width <= (s.header.width + shrink - 1) / shrink - crop.x &&
                 crop.height <= (s.header.height + shrink - 1) / shrink - crop.y);
  if (s.is_baseline && s.baseline.decode(crop, shrink, verified, rows)) {
    jpeg_abort_decompress(&s.info);
    return s.check_index(verified);
  }
  if (!s.start(crop, shrink)) return s.fault(false);

  const int channels = s.info.output_components;
  const std::size_t line_bytes = static_cast<std::size_t>(s.info.output_width) * channels + kRowPadding;
  const int rows_at_once = std::clamp(s.info.rec_outbuf_height, 1, kMaxRowsAtOnce);
  s.lines.resize(std::max(s.lines.size(), line_bytes * rows_at_once));
  for (int i = 0; i < rows_at_once; ++i) s.rows_of_lines[i] = s.lines.data() + i * line_bytes;
  if (channels == 4) s.rgb.resize(std::max(s.rgb.size(), static_cast<std::size_t>(crop.width) * 3 + kRowPadding));

  const std::size_t offset = (static_cast<std::size_t>(crop.x) - s.first_column) * channels;
  const int end = crop.y + crop.height;
  for (int y = static_cast<int>(s.info.output_scanline); y < end;) {
    const int count = s.read_rows(s.rows_of_lines, rows_at_once);
    if (count == 0) return s.fault(false);
    for (int i = 0; i < count && y < end; ++i, ++y) {
      if (y < crop.y) continue;
      const std::uint8_t* line = s.rows_of_lines[i] + offset;
      if (channels == 4) inverted_cmyk_to_rgb(line, crop.width, s.rgb.data());
      rows.row(y - crop.y, channels == 4 ? s.rgb.data() : line);
    }
  }
  if (!s.finish(verified)) return s.fault(false);
  return s.check_index(verified);
}

}  // namespace penstock::image
