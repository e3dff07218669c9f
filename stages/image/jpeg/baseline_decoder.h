// The fast decoder of ordinary JPEGs: sequential, 8 bits, grey or YCbCr.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "stages/image/jpeg/blocks.h"
#include "stages/image/jpeg/jpeg_kernels.h"
#include "stages/image/jpeg/scan.h"
#include "stages/image/jpeg/segment.h"
#include "stages/image/pixels.h"

namespace penstock::image {

/// Decodes the crop of a picture and nothing else: what lies before it and beside it is stepped over, several
/// coefficients at once; what lies behind it too, or not at all where the picture was verified before. Of a verified picture
/// with restart markers, segments without a part of the crop are not looked at either.
///
/// The pixels are libjpeg-turbo's with its accurate DCT and fancy upsampling, byte for byte. It says "not mine" to whatever is out of
/// the ordinary, damage included, and leaves the judgement to libjpeg: so it needs no words for faults.
/// Keeps its tables and buffers between pictures: one for each thread.
class BaselineDecoder {
 public:
  /// Whether it decodes pictures with such a scan. Their tables are made ready.
  bool open(const BaselineScan& scan);
  /// Of the picture opened last: see Header::most_shrink.
  int most_shrink() const;
  /// After open(): hands the rows of `crop` to `rows`; see Decoder::decode_shrunk. False: not mine after all, and the rows handed over
  /// are to be forgotten.
  bool decode(const Rect& crop, int shrink, bool verified, RowSink& rows);

 private:
  struct Plane {
    int across = 1, down = 1;   // blocks of an MCU
    int points = 8;             // samples of a block across and down
    int width = 0, height = 0;  // samples of the picture
    alignas(64) std::array<std::int16_t, 64> quant;
    const DcTable* dc = nullptr;
    const AcTable* ac = nullptr;
    int previous = 0;                   // DC
    std::vector<std::uint8_t> samples;  // a ring of two rows of MCUs
    std::size_t stride = 0;
    int rows = 0;         // of the ring
    int first_group = 0;  // its (down, across) groups among all of them
    std::uint8_t* row(int y) { return samples.data() + kMargin + static_cast<std::size_t>(y % rows) * stride; }
  };
  static constexpr std::size_t kMargin = 64;

  bool make_tables(const BaselineScan& scan);
  void lay_planes(int shrink);
  void choose_mcus(const Rect& crop);
  void gather_blocks();
  bool is_halved_down() const { return shape_ == ChromaShape::kHalfDown || shape_ == ChromaShape::kQuarter; }
  int next_wanted(int mcu) const;
  bool decode_mcus(int place, int count);
  bool pass_mcus(int count);
  void transform(int first_mcu, int mcu_row);
  void end_row(int mcu_row, RowSink& rows);
  void emit(int end, RowSink& rows);

  BaselineScan scan_;
  std::vector<ScanComponent> components_;  // what scan_.components are
  std::array<Plane, 3> planes_;
  std::array<DcTable, 2> dc_;
  std::array<AcTable, 2> ac_;
  ChromaShape stored_shape_ = ChromaShape::kFull, shape_ = ChromaShape::kFull;  // as stored; as decoded
  int mcu_width_ = 8, mcu_height_ = 8, height_ = 0;                             // as decoded, in pixels
  SegmentReader segment_;
  static constexpr int kMostBlocks = 6;  // of an MCU
  struct Block {
    int plane = 0;
    std::array<int, kGroup> group{}, offset{};  // by the MCU's place among those gathered: its group, its coefficients
  };
  std::array<Block, kMostBlocks> blocks_;  // of an MCU, in the order of the bits
  int block_count_ = 0;
  struct alignas(64) Groups {
    std::array<std::int16_t, kMostBlocks * kGroupCoefficients> coefficients;
  };
  std::unique_ptr<Groups> groups_;       // of kGroup MCUs
  std::array<int, kMostBlocks> last_{};  // largest zigzag index in each group
  Rect crop_;
  int first_x_ = 0, end_x_ = 0, first_y_ = 0, end_y_ = 0;  // MCUs that the crop needs
  int emitted_ = 0;                                        // picture's row
  std::vector<std::uint8_t> line_;
};

}  // namespace penstock::image
