#include "stages/table/row_reader.h"

#include <algorithm>
#include <chrono>

#include "engine/base/bytes.h"
#include "engine/base/counted.h"
#include "engine/base/error.h"
#include "engine/order/epoch_plan.h"
#include "stages/table/row_slots.h"

namespace penstock::table {
namespace {

constexpr uint64_t kPlanStops = 16384;

uint64_t free_ram(const Budgets& budgets) {
  constexpr uint64_t kUnlimited = uint64_t{2} << 30;
  const uint64_t limit = budgets.limit(Tier::kRam);
  return limit == 0 ? kUnlimited : limit - std::min(limit, budgets.used(Tier::kRam));
}

}  // namespace

uint64_t RowReader::least_bytes(const EncodedTable& data, const Journey& journey) {
  const SlotNeeds needs = slot_needs(data, journey);
  return needs.bytes(needs.least);
}

RowReader::RowReader(const EncodedTable& data, const Journey& journey, Budgets& budgets)
    : data_(data), journey_(journey), walk_(journey, data) {
  const SlotNeeds needs = slot_needs(data, journey);
  const uint64_t free = free_ram(budgets);
  if (needs.bytes(needs.least) > free) {
    const Order order = journey.plan->options().order;
    std::string less = "fewer rows in a piece need less";
    if (order == Order::kFull) less = "order = \"full\" keeps all of them in memory: order = \"block\" needs less";
    if (order == Order::kBlock) less = "a smaller data.block or data.group_blocks needs less";
    throw Error(Code::kMemory, "the rows of '" + data.path() + "' that are read at once take " +
                                   bytes_text(needs.bytes(needs.least)) + " (" + counted(needs.least, "piece") +
                                   " of up to " + bytes_text(needs.piece_bytes) + "), and " + bytes_text(free) +
                                   " are left; " + less);
  }
  const uint64_t may = std::max(free - free / 3, needs.bytes(needs.least));
  uint64_t slots = (may - needs.bytes(0)) / needs.piece_bytes;
  if (data.options().window_bytes) slots = std::min(slots, *data.options().window_bytes / needs.piece_bytes);
  slots_ = std::clamp(slots, needs.least, needs.wanted);
  reserve_.emplace(budgets, Need::ram(needs.bytes(slots_)));
  use_.name = "hdd";
}

RowReader::~RowReader() {
  stop();
  if (thread_.joinable()) thread_.join();
}

void RowReader::begin() {
  thread_ = std::thread([this] { fetch_ahead(); });
}

void RowReader::stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  arrived_.notify_all();
  room_.notify_all();
}

void RowReader::fail(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  arrived_.notify_all();
  room_.notify_all();
}

void RowReader::require_running() const {
  if (error_) std::rethrow_exception(error_);
  if (stopped_) throw Error(Code::kCancelled, "reading the table was stopped");
}

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

void RowReader::bring(const Asked& asked) {
  if (asked.ids.empty()) return;
  std::vector<uint64_t> pieces;
  each_piece(data_, asked.ids, [&](uint64_t piece, auto, auto) { pieces.push_back(piece); });
  if (asked.attempt > 0) {
    for (const uint64_t piece : pieces) bring_aside(piece);
    return;
  }
  // Pieces may be there from before: the section that counts the slice off must be as well.
  uint64_t end = 0;
  for (const uint64_t position : {asked.positions.front(), asked.positions.back()})
    if (const std::optional<uint64_t> ordinal = walk_.ordinal(asked.epoch, position)) end = std::max(end, *ordinal + 1);
  std::unique_lock lock(mutex_);
  asked_ = std::max(asked_, end);
  room_.notify_all();
  arrived_.wait(lock, [&] {
    return stopped_ || error_ ||
           (planned_ >= end && std::ranges::all_of(pieces, [&](uint64_t piece) { return held_.contains(piece); }));
  });
  require_running();
  for (const uint64_t piece : pieces) ++held_[piece].users;
}

// What no plan foresaw: from a slot where it is there, else through the slot kept for it.
void RowReader::bring_aside(uint64_t piece) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return stopped_ || error_ || held_.contains(piece) || !aside_used_; });
    require_running();
    if (const auto found = held_.find(piece); found != held_.end()) {
      ++found->second.users;
      return;
    }
    aside_used_ = true;
  }
  auto raw = fetch(piece);
  const std::lock_guard lock(mutex_);
  Held& held = held_[piece];
  ++held.users;
  if (held.raw) {  // meanwhile it came into a slot
    aside_used_ = false;
  } else {
    held.raw = std::move(raw);
    held.aside = true;
  }
  room_.notify_all();
  arrived_.notify_all();
}

void RowReader::leave(uint64_t piece) {
  const auto found = held_.find(piece);
  if (--found->second.users > 0) return;
  if (found->second.aside) {
    held_.erase(found);
    aside_used_ = false;
  } else {
    found->second.idle_at = ++idle_clock_;
  }
  room_.notify_all();
}

std::unique_ptr<Encoder::Scratch> RowReader::borrow_scratch() {
  const std::lock_guard lock(mutex_);
  if (scratch_.empty()) return std::make_unique<Encoder::Scratch>();
  auto scratch = std::move(scratch_.back());
  scratch_.pop_back();
  return scratch;
}

void RowReader::read(const Asked& asked, Intake& out) {
  std::unique_ptr<Encoder::Scratch> scratch = borrow_scratch();
  const RowsOut places = data_.places_of(out);
  std::vector<uint64_t> pieces;
  each_piece(data_, asked.ids, [&](uint64_t piece, std::span<const uint64_t> rows, std::span<const uint32_t> at) {
    pieces.push_back(piece);
    std::shared_ptr<const io::RawRows> raw;
    {
      const std::lock_guard lock(mutex_);
      raw = held_.at(piece).raw;
    }
    data_.encode(*raw, rows, at, places, out, *scratch);
  });
  const std::lock_guard lock(mutex_);
  scratch_.push_back(std::move(scratch));
  for (const uint64_t piece : pieces) leave(piece);
  use_.hits += asked.ids.size();
  if (asked.attempt == 0) count_off(asked);
}

void RowReader::count_off(const Asked& asked) {
  // A slice's stops follow one another; of several ranks, those of one step do.
  for (size_t from = 0; from < asked.positions.size();) {
    const std::optional<uint64_t> first = walk_.ordinal(asked.epoch, asked.positions[from]);
    size_t end = asked.positions.size();
    const std::optional<uint64_t> last = walk_.ordinal(asked.epoch, asked.positions[end - 1]);
    if (!first || !last || *last - *first != end - 1 - from) end = from + 1;
    if (first) count_off(*first, *first + (end - from));
    from = end;
  }
  // Sections that are done but stand behind one that is not give their pieces back now, and their place later.
  for (Section& section : sections_) {
    if (section.left > 0) continue;
    for (const uint64_t piece : section.claimed) leave(piece);
    section.claimed.clear();
  }
  while (!sections_.empty() && sections_.front().left == 0) sections_.pop_front();
  room_.notify_all();
}

// Stops [first, last) were read.
void RowReader::count_off(uint64_t first, uint64_t last) {
  auto section = std::upper_bound(sections_.begin(), sections_.end(), first,
                                  [](uint64_t o, const Section& s) { return o < s.first; });
  PENSTOCK_CHECK(section != sections_.begin());
  for (--section; first < last; ++section) {
    PENSTOCK_CHECK(section != sections_.end());
    const uint64_t end = std::min(last, section->last);
    section->left -= end - first;
    first = end;
  }
}

std::vector<TierUse> RowReader::tiers() const {
  const std::lock_guard lock(mutex_);
  TierUse use = use_;
  use.bytes_needed = use.bytes_read;
  return {use};
}

}  // namespace penstock::table
