#include "stages/table/row_reader.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/order/epoch_plan.h"
#include "stages/table/row_slots.h"

namespace penstock::table {
namespace {

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
                                   bytes_text(needs.bytes(needs.least)) + " (" + std::to_string(needs.least) +
                                   " pieces of up to " + bytes_text(needs.piece_bytes) + "), and " + bytes_text(free) +
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
