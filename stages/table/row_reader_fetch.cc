// The thread of a RowReader: goes through the sections in order and fetches their pieces into slots.
#include <algorithm>
#include <chrono>

#include "engine/order/epoch_plan.h"
#include "stages/table/row_reader.h"

namespace penstock::table {
void RowReader::fetch_ahead() {
  try {
    for (uint64_t first = 0; first < walk_.size();) {
      Section section = plan_section(first);
      const uint64_t begin = first;
      first = section.last;
      const std::vector<uint64_t> pieces = section.pieces;
      {
        std::unique_lock lock(mutex_);
        // Planned before any of it is needed; not so far ahead that lists pile up.
        room_.wait(lock, [&] { return stopped_ || error_ || sections_.size() <= slots_ + 1 || planned_ < asked_; });
        if (stopped_ || error_) return;
        sections_.push_back(std::move(section));
        planned_ = first;
        arrived_.notify_all();
      }
      for (const uint64_t piece : pieces) {
        std::unique_lock lock(mutex_);
        // Pieces that lie in slots may have been read before this thread comes to them.
        Section* const mine = newest(begin);
        if (mine == nullptr) break;
        const auto found = held_.find(piece);
        if (found != held_.end() && !found->second.aside) {
          ++found->second.users;
          mine->claimed.push_back(piece);
          continue;
        }
        if (!take_slot(lock)) return;
        lock.unlock();
        fetch_piece(piece, begin);
      }
    }
  } catch (...) { fail(std::current_exception()); }
}

// The section that begins there, where it is the last and not read yet.
RowReader::Section* RowReader::newest(uint64_t first) {
  if (sections_.empty() || sections_.back().first != first || sections_.back().left == 0) return nullptr;
  return &sections_.back();
}

RowReader::Section RowReader::plan_section(uint64_t first) const {
  const PlanOptions& plan = journey_.plan->options();
  Section section{.first = first, .last = walk_.group_end(first)};
  std::vector<uint64_t>& pieces = section.pieces;
  if (plan.order == Order::kFull) {
    map_.add_pieces(0, data_.size(), pieces);
  } else if (plan.order == Order::kBlock) {
    const io::Stop stop = walk_.stops(first, first + 1).front();
    for (const uint64_t block : journey_.plan->group_blocks(stop.epoch, stop.position))
      map_.add_pieces(block, std::min(block + plan.block, data_.size()), pieces);
    std::ranges::sort(pieces);
    pieces.erase(std::unique(pieces.begin(), pieces.end()), pieces.end());
  } else {
    section.last = end_of_piece(first, section.last);
    pieces.push_back(map_.piece_of(walk_.stops(first, first + 1).front().id));
  }
  section.left = section.last - section.first;
  return section;
}

// The first stop of [first, last) that lies in another piece than `first`, in sequential order: ids rise, and once more from the beginning where the last batch is filled up.
uint64_t RowReader::end_of_piece(uint64_t first, uint64_t last) const {
  const auto place_of = [&](uint64_t at) {
    const io::Stop stop = walk_.stops(at, at + 1).front();
    return std::pair(map_.piece_of(stop.id), stop.position >= data_.size());
  };
  const auto here = place_of(first);
  uint64_t low = first, high = last;
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    (place_of(middle) == here ? low : high) = middle;
  }
  return high;
}

// A free slot, or that of the piece which became idle last. False when stopped.
bool RowReader::take_slot(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (stopped_ || error_) return false;
    if (used_ < slots_) {
      ++used_;
      return true;
    }
    auto latest = held_.end();
    for (auto it = held_.begin(); it != held_.end(); ++it)
      if (it->second.users == 0 && !it->second.aside &&
          (latest == held_.end() || it->second.idle_at > latest->second.idle_at))
        latest = it;
    if (latest != held_.end()) {
      if (latest->second.rows) spare_.push_back(latest->second.rows->give_back());
      held_.erase(latest);
      return true;
    }
    room_.wait(lock);
  }
}

std::shared_ptr<const io::RawRows> RowReader::fetch(uint64_t piece) {
  const auto begin = std::chrono::steady_clock::now();
  auto raw = data_.table().fetch(piece, data_.encoder().columns());
  const std::lock_guard lock(mutex_);
  use_.busy_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  use_.bytes_read += raw->bytes();
  ++use_.reads;
  return raw;
}

std::unique_ptr<EncodedRows> RowReader::take_spare() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) return nullptr;
  auto spare = std::move(spare_.back());
  spare_.pop_back();
  return spare;
}

void RowReader::fetch_piece(uint64_t piece, uint64_t section) {
  auto raw = fetch(piece);
  std::shared_ptr<EncodedPiece> rows;
  if (encodes_) rows = std::make_shared<EncodedPiece>(data_, piece, std::move(raw), take_spare());
  const std::lock_guard lock(mutex_);
  Held& held = held_[piece];
  if (held.aside) {  // a replacement had it: now it lies in this slot
    held.aside = false;
    aside_used_ = false;
    room_.notify_all();
  }
  held.raw = std::move(raw);
  held.rows = std::move(rows);
  if (Section* const mine = newest(section)) {
    ++held.users;
    mine->claimed.push_back(piece);
  }
  arrived_.notify_all();
}

}  // namespace penstock::table
