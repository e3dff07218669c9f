#include "stages/image/jpeg/baseline_decoder.h"

#include <algorithm>

#include "stages/image/jpeg/blocks.h"

namespace penstock::image {
namespace {

bool is_same(const HuffmanSpec& a, const HuffmanSpec& b) {
  return a.counts.data() == b.counts.data() && a.symbols.data() == b.symbols.data();
}

}  // namespace

// Chroma has tables of its own or shares luma's; three different pairs are not ordinary.
bool BaselineDecoder::make_tables(const BaselineScan& scan) {
  const auto& all = scan.components;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::size_t table = i == 0 ? 0 : 1;
    if (i == 2 && !(is_same(all[1].dc, all[2].dc) && is_same(all[1].ac, all[2].ac))) return false;
    if (i < 2 && !(dc_[table].make(all[i].dc) && ac_[table].make(all[i].ac))) return false;
    planes_[i].dc = &dc_[table];
    planes_[i].ac = &ac_[table];
    std::copy(all[i].quant.begin(), all[i].quant.end(), planes_[i].quant.begin());
  }
  return true;
}

bool BaselineDecoder::open(const BaselineScan& scan) {
  const auto& all = scan.components;
  if (all.size() != 1 && all.size() != 3) return false;
  const int across = all[0].across, down = all[0].down;
  if (across > 2 || down > 2) return false;
  for (std::size_t i = 1; i < all.size(); ++i)
    if (all[i].across != 1 || all[i].down != 1) return false;
  // libjpeg does not interpolate chroma of one or two columns.
  if (all.size() == 3 && across == 2 && scan.width <= 4) return false;
  const auto mcus = static_cast<std::uint64_t>(scan.mcus_across()) * static_cast<std::uint64_t>(scan.mcus_down());
  if (scan.index && (scan.restart_interval == 0 || scan.index.interval() != scan.restart_interval ||
                     scan.index.segments() != (mcus + scan.restart_interval - 1) / scan.restart_interval))
    return false;
  if (!make_tables(scan)) return false;
  components_.assign(all.begin(), all.end());
  scan_ = scan;
  scan_.components = components_;
  stored_shape_ = across == 1 ? (down == 1 ? ChromaShape::kFull : ChromaShape::kHalfDown)
                              : (down == 1 ? ChromaShape::kHalfAcross : ChromaShape::kQuarter);
  if (!groups_) groups_ = std::make_unique<Groups>();
  return true;
}

// Chroma that is halved across only stays so in a smaller picture, and libjpeg does not interpolate rows of one or two samples.
int BaselineDecoder::most_shrink() const {
  return components_.size() == 3 && stored_shape_ == ChromaShape::kHalfAcross && scan_.width <= 8 ? 1 : 2;
}

// Sizes of the planes in a picture made `shrink` times smaller. Quartered chroma takes the transform twice as large instead of being
// interpolated.
void BaselineDecoder::lay_planes(int shrink) {
  const bool is_whole = shrink > 1 && stored_shape_ == ChromaShape::kQuarter;
  shape_ = is_whole ? ChromaShape::kFull : stored_shape_;
  const int luma = 8 / shrink;
  mcu_width_ = luma * components_[0].across;
  mcu_height_ = luma * components_[0].down;
  const auto smaller = [](int size, int by) { return (size + by - 1) / by; };
  height_ = smaller(scan_.height, shrink);
  for (std::size_t i = 0; i < components_.size(); ++i) {
    Plane& plane = planes_[i];
    plane.across = components_[i].across;
    plane.down = components_[i].down;
    plane.points = i > 0 && is_whole ? 2 * luma : luma;
    plane.width = smaller(scan_.width * plane.across * plane.points, 8 * components_[0].across);
    plane.height = smaller(scan_.height * plane.down * plane.points, 8 * components_[0].down);
    plane.rows = 2 * plane.points * plane.down;
    plane.previous = 0;
  }
}

// Interpolating chroma looks at one sample more on each side.
void BaselineDecoder::choose_mcus(const Rect& crop) {
  crop_ = crop;
  emitted_ = crop.y;
  const auto range = [](int begin, int end, bool halved, int mcus, int mcu, int& first, int& behind) {
    if (halved) {
      begin = std::max(0, (begin & ~1) - 2);
      end = ((end + 1) & ~1) + 2;
    }
    first = begin / mcu;
    behind = std::min(mcus, (end + mcu - 1) / mcu);
  };
  const bool has_chroma = components_.size() == 3;
  const bool is_halved_across = has_chroma && (shape_ == ChromaShape::kHalfAcross || shape_ == ChromaShape::kQuarter);
  range(crop.x, crop.x + crop.width, is_halved_across, scan_.mcus_across(), mcu_width_, first_x_, end_x_);
  range(crop.y, crop.y + crop.height, has_chroma && is_halved_down(), scan_.mcus_down(), mcu_height_, first_y_, end_y_);

  const int mcus = (end_x_ - first_x_ + kGroup - 1) / kGroup * kGroup;
  for (std::size_t i = 0; i < components_.size(); ++i) {
    Plane& plane = planes_[i];
    plane.stride = static_cast<std::size_t>(mcus) * plane.points * plane.across + 2 * kMargin;
    plane.samples.resize(std::max(plane.samples.size(), plane.stride * plane.rows + 2 * kMargin));
  }
  line_.resize(std::max(line_.size(), static_cast<std::size_t>(mcus) * mcu_width_ * 3 + kRgbPadding + kRowPadding));
}

// Where the blocks of an MCU go, by its place among the MCUs gathered.
void BaselineDecoder::gather_blocks() {
  groups_->coefficients.fill(0);
  last_.fill(0);
  block_count_ = 0;
  int group = 0;
  for (std::size_t i = 0; i < components_.size(); ++i) {
    Plane& plane = planes_[i];
    plane.first_group = group;
    for (int down = 0; down < plane.down; ++down)
      for (int across = 0; across < plane.across; ++across) {
        Block& block = blocks_[block_count_++];
        block.plane = static_cast<int>(i);
        for (int place = 0; place < kGroup; ++place) {
          const int column = place * plane.across + across;
          block.group[place] = group + down * plane.across + column / kGroup;
          block.offset[place] = block.group[place] * kGroupCoefficients + column % kGroup * 8;
        }
      }
    group += plane.across * plane.down;
  }
}

// The next MCU from `mcu` on that the crop needs; behind the last one: one behind the last of the picture.
int BaselineDecoder::next_wanted(int mcu) const {
  const int across = scan_.mcus_across();
  const int y = mcu / across, x = mcu % across;
  const auto at = [&](int row) { return row < end_y_ ? row * across + first_x_ : across * scan_.mcus_down(); };
  if (y < first_y_) return at(first_y_);
  if (y >= end_y_) return at(y);
  if (x < first_x_) return at(y);
  return x < end_x_ ? mcu : at(y + 1);
}

bool BaselineDecoder::pass_mcus(int count) {
  for (; count > 0; --count) {
    if (!segment_.ready()) return false;
    BitReader bits = segment_.bits;
    for (int b = 0; b < block_count_; ++b) {
      Plane& plane = planes_[blocks_[b].plane];
      if (!BlockReader::pass(bits, *plane.dc, *plane.ac, plane.previous)) return false;
    }
    segment_.bits = bits;
  }
  return true;
}

// The first of them is put in `place` among those gathered.
bool BaselineDecoder::decode_mcus(int place, int count) {
  std::int16_t* coefficients = groups_->coefficients.data();
  for (; count > 0; --count, ++place) {
    if (!segment_.ready()) return false;
    BitReader bits = segment_.bits;
    for (int b = 0; b < block_count_; ++b) {
      const Block& block = blocks_[b];
      Plane& plane = planes_[block.plane];
      const int last =
          BlockReader::read(bits, *plane.dc, *plane.ac, plane.previous, coefficients + block.offset[place]);
      if (last < 0) return false;
      last_[block.group[place]] = std::max(last_[block.group[place]], last);
    }
    segment_.bits = bits;
  }
  return true;
}

// The MCUs gathered, the first of which is `first_mcu` of the crop's row, become samples.
void BaselineDecoder::transform(int first_mcu, int mcu_row) {
  for (std::size_t i = 0; i < components_.size(); ++i) {
    Plane& plane = planes_[i];
    const std::int16_t* quant = plane.quant.data();
    int group = plane.first_group;
    for (int down = 0; down < plane.down; ++down) {
      std::uint8_t* to =
          plane.row((mcu_row * plane.down + down) * plane.points) + first_mcu * plane.across * plane.points;
      for (int across = 0; across < plane.across; ++across, ++group, to += kGroup * plane.points) {
        std::int16_t* coefficients = groups_->coefficients.data() + group * kGroupCoefficients;
        if (plane.points == 4)
          idct_group_half(coefficients, quant, to, plane.stride);
        else if (last_[group] == 0)
          idct_group_dc(coefficients, quant, to, plane.stride);
        else
          idct_group(coefficients, quant, to, plane.stride);
        last_[group] = 0;
      }
    }
  }
}

// Chroma goes on over the picture's edges with its last sample. The last row of halved chroma needs the next row of MCUs.
void BaselineDecoder::end_row(int mcu_row, RowSink& rows) {
  const bool has_chroma = components_.size() == 3;
  for (int i = 1; has_chroma && i < 3; ++i) {
    Plane& plane = planes_[i];
    const int end = plane.width - first_x_ * plane.points;
    for (int y = mcu_row * plane.points; y < (mcu_row + 1) * plane.points; ++y) {
      std::uint8_t* row = plane.row(y);
      if (first_x_ == 0) row[-1] = row[0];
      if (end_x_ == scan_.mcus_across()) row[end] = row[end - 1];
    }
  }
  const bool is_last = mcu_row == scan_.mcus_down() - 1;
  emit(is_last ? height_ : (mcu_row + 1) * mcu_height_ - (has_chroma && is_halved_down()), rows);
}

// The crop's rows before the picture's row `end`.
void BaselineDecoder::emit(int end, RowSink& rows) {
  end = std::min(end, crop_.y + crop_.height);
  const int x = crop_.x & ~1, width = crop_.x + crop_.width - x, left = x - first_x_ * mcu_width_;
  for (; emitted_ < end; ++emitted_) {
    const int y = emitted_;
    const std::uint8_t* luma = planes_[0].row(y) + left;
    if (components_.size() == 1) {
      grey_to_rgb(luma, width, line_.data());
    } else {
      YccRow row{.luma = luma, .far_is_above = y % 2 == 0};
      const int near = is_halved_down() ? y / 2 : y;
      const int far = std::clamp(y % 2 == 0 ? near - 1 : near + 1, 0, planes_[1].height - 1);
      const bool is_halved_across = shape_ == ChromaShape::kHalfAcross || shape_ == ChromaShape::kQuarter;
      const int column = is_halved_across ? left / 2 : left;
      row.blue_near = planes_[1].row(near) + column;
      row.red_near = planes_[2].row(near) + column;
      row.blue_far = planes_[1].row(far) + column;
      row.red_far = planes_[2].row(far) + column;
      ycc_to_rgb(shape_, row, width, line_.data());
    }
    rows.row(y - crop_.y, line_.data() + (crop_.x - x) * 3);
  }
}

bool BaselineDecoder::decode(const Rect& crop, int shrink, bool verified, RowSink& rows) {
  lay_planes(shrink);
  choose_mcus(crop);
  gather_blocks();
  segment_.open(scan_.entropy);
  const int across = scan_.mcus_across(), total = across * scan_.mcus_down();
  const int interval = scan_.restart_interval == 0 ? total : static_cast<int>(scan_.restart_interval);
  for (int begin = 0, number = 0; begin < total; begin += interval, ++number) {
    if (begin > 0 && segment_.marker() != 0xD0 + (number - 1) % 8) return false;
    const int end = std::min(total - begin, interval) + begin;
    int wanted = next_wanted(begin);
    if (verified && wanted >= end) {
      if (wanted == total) return true;  // the segment before was finished
      if (!scan_.index)
        segment_.pass_over();
      else if (!segment_.pass_over(scan_.index.bytes(static_cast<std::size_t>(number))))
        return false;
      continue;
    }
    segment_.begin();
    for (Plane& plane : planes_) plane.previous = 0;
    for (int mcu = begin; mcu < end; wanted = next_wanted(mcu)) {
      if (mcu < wanted) {
        if (verified && wanted == total) return segment_.ready();
        const int passed = std::min(wanted, end) - mcu;
        if (!pass_mcus(passed)) return false;
        mcu += passed;
        continue;
      }
      // As many as complete a group, end the crop's row or the segment.
      const int x = mcu % across - first_x_, y = mcu / across, place = x % kGroup;
      const int count = std::min({kGroup - place, end_x_ - first_x_ - x, end - mcu});
      if (!decode_mcus(place, count)) return false;
      mcu += count;
      const bool ends_row = x + count == end_x_ - first_x_;
      if (place + count == kGroup || ends_row) transform(x - place, y);
      if (ends_row) end_row(y, rows);
    }
    if (!segment_.finish()) return false;
  }
  return segment_.marker() == 0xD9;
}

}  // namespace penstock::image
