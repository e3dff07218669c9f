// The thread of a RowReader: goes through the sections in order and fetches their pieces into slots.
#include <algorithm>
#include <chrono>

#include "engine/order/epoch_plan.h"
#include "stages/table/row_reader.h"

namespace penstock::table {
namespace {

// Stops that are looked up at once: some 100 KiB of them.
constexpr uint64_t kPlanStops = 16384;

}  // namespace

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
  const io::Table& table = data_.table();
  if (plan.order == Order::kFull) {
    for (const RowSet::Run& run : data_.rows().runs())
      for (uint64_t piece = table.piece_of(run.first); piece <= table.piece_of(run.last - 1); ++piece)
        if (pieces.empty() || pieces.back() < piece) pieces.push_back(piece);
  }
  const bool by_piece = plan.order == Order::kSequential;
  std::pair<uint64_t, uint64_t> within;  // rows of the piece of the stop before
  for (uint64_t at = first; pieces.empty() || (at < section.last && plan.order != Order::kFull);) {
    const std::vector<io::Stop> stops = walk_.stops(at, std::min(section.last, at + kPlanStops));
    for (const io::Stop& stop : stops) {
      const uint64_t row = data_.rows().row(stop.id);
      if (by_piece && row >= within.first && row < within.second) {
        ++at;
        continue;
      }
      const uint64_t piece = table.piece_of(row);
      within = {table.piece_begin(piece), table.piece_begin(piece + 1)};
      if (by_piece && !pieces.empty() && piece != pieces.back()) {
        section.last = at;
        break;
      }
      if (pieces.empty() || pieces.back() != piece) pieces.push_back(piece);
      ++at;
    }
    std::sort(pieces.begin(), pieces.end());
    pieces.erase(std::unique(pieces.begin(), pieces.end()), pieces.end());
  }
  section.left = section.last - section.first;
  return section;
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

void RowReader::fetch_piece(uint64_t piece, uint64_t section) {
  auto raw = fetch(piece);
  const std::lock_guard lock(mutex_);
  Held& held = held_[piece];
  if (held.aside) {  // a replacement had it: now it lies in this slot
    held.aside = false;
    aside_used_ = false;
    room_.notify_all();
  }
  held.raw = std::move(raw);
  if (Section* const mine = newest(section)) {
    ++held.users;
    mine->claimed.push_back(piece);
  }
  arrived_.notify_all();
}

}  // namespace penstock::table
