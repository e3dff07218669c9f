#include "stages/table/encoded_piece.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "stages/table/row_walk.h"

namespace penstock::table {
namespace {

// Rows that are on their way from memory while one is copied.
constexpr size_t kRowsAhead = 8;

// Of one field: rows from[...] to rows to[...], runs of neighbours at once.
template <class T>
void copy_rows(const T* in, T* out, size_t width, uint64_t first, std::span<const uint64_t> ids,
               std::span<const uint32_t> places) {
  if (out == nullptr || width == 0) return;
  const auto from = [&](size_t i) { return in + (ids[places[i]] - first) * width; };
  for (size_t i = 0; i < places.size();) {
    if (i + kRowsAhead < places.size()) {
      const T* const ahead = from(i + kRowsAhead);
      for (size_t at = 0; at < width; at += 64 / sizeof(T)) __builtin_prefetch(ahead + at);
      __builtin_prefetch(ahead + width - 1);
    }
    size_t run = 1;
    while (i + run < places.size() && places[i + run] == places[i] + run && from(i + run) == from(i) + run * width)
      ++run;
    std::memcpy(out + places[i] * width, from(i), run * width * sizeof(T));
    i += run;
  }
}

}  // namespace

uint64_t EncodedPiece::bytes_of(const EncodedTable& data, uint64_t records) {
  const Fitted& fitted = data.fitted();
  const uint64_t target = fitted.target.task == Task::kClasses ? sizeof(int64_t) : sizeof(float);
  return records * (fitted.cat_width() * sizeof(int32_t) + fitted.cont_width() * sizeof(float) + target);
}

EncodedPiece::EncodedPiece(const EncodedTable& data, uint64_t piece, std::shared_ptr<const io::RawRows> raw,
                           std::unique_ptr<EncodedRows> rows)
    : data_(data), raw_(std::move(raw)), rows_(std::move(rows)) {
  if (!rows_) rows_ = std::make_unique<EncodedRows>();
  first_ = data.pieces().first(piece);
  count_ = static_cast<size_t>(data.pieces().records(piece));
  tiles_ = (count_ + kDecodeRows - 1) / kDecodeRows;
  counts_ = data.counts_piece(piece);
  // Never cleared, and never with a copy of what is written over.
  const auto make_room = [&](auto& field, size_t width) {
    if (field.capacity() < count_ * width) {
      field = {};
      field.reserve(data.pieces().most_records() * width);
    }
    field.resize(count_ * width);
  };
  const Fitted& fitted = data.fitted();
  make_room(rows_->cat, fitted.cat_width());
  make_room(rows_->cont, fitted.cont_width());
  if (fitted.target.task == Task::kClasses)
    make_room(rows_->label, 1);
  else
    make_room(rows_->target, 1);
  complete_ = tiles_ == 0;
}

RowsOut EncodedPiece::all_rows() const {
  const auto begin_of = [](auto& field) { return field.empty() ? nullptr : field.data(); };
  return {begin_of(rows_->cat), begin_of(rows_->cont), begin_of(rows_->target), begin_of(rows_->label)};
}

void EncodedPiece::encode(Encoder::Scratch& scratch) {
  for (size_t tile; !complete_.load(std::memory_order_acquire) && (tile = next_.fetch_add(1)) < tiles_;) {
    try {
      encode_tile(tile, scratch);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 < tiles_) continue;
    std::ranges::sort(refused_, {}, &Encoder::Refused::value_type::first);
    raw_.reset();
    complete_.store(true, std::memory_order_release);
    complete_.notify_all();
  }
  complete_.wait(false, std::memory_order_acquire);
  if (error_) std::rethrow_exception(error_);
}

void EncodedPiece::encode_tile(size_t tile, Encoder::Scratch& scratch) {
  const size_t from = tile * kDecodeRows, count = std::min(kDecodeRows, count_ - from);
  std::vector<uint64_t> rows;
  rows.reserve(count);
  data_.rows().append(first_ + from, first_ + from + count, rows);
  std::vector<uint32_t> places(count);
  std::iota(places.begin(), places.end(), static_cast<uint32_t>(from));
  Encoder::Refused refused;
  data_.encode(*raw_, rows, places, all_rows(), refused, scratch, counts_);
  if (refused.empty()) return;
  const std::lock_guard lock(mutex_);
  std::ranges::move(refused, std::back_inserter(refused_));
}

void EncodedPiece::copy(std::span<const uint64_t> ids, std::span<const uint32_t> places, const RowsOut& out,
                        Intake& intake) const {
  const Fitted& fitted = data_.fitted();
  copy_rows(rows_->cat.data(), out.cat, fitted.cat_width(), first_, ids, places);
  copy_rows(rows_->cont.data(), out.cont, fitted.cont_width(), first_, ids, places);
  copy_rows(rows_->target.data(), out.target, 1, first_, ids, places);
  copy_rows(rows_->label.data(), out.label, 1, first_, ids, places);
  if (refused_.empty()) return;
  for (const uint32_t place : places) {
    const auto found = std::ranges::lower_bound(refused_, ids[place] - first_, {},
                                                [](const auto& refused) { return uint64_t{refused.first}; });
    if (found != refused_.end() && found->first == ids[place] - first_) intake.reject(place, found->second);
  }
}

}  // namespace penstock::table
