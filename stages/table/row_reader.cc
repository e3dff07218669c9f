#include "stages/table/row_reader.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/counted.h"
#include "engine/base/error.h"
#include "engine/order/epoch_plan.h"
#include "stages/table/row_slots.h"

namespace penstock::table {
namespace {

uint64_t limit_of(const Budgets& budgets) {
  constexpr uint64_t kUnlimited = uint64_t{2} << 30;
  const uint64_t limit = budgets.limit(Tier::kRam);
  return limit == 0 ? kUnlimited : limit;
}

uint64_t free_ram(const Budgets& budgets) {
  const uint64_t limit = limit_of(budgets);
  return budgets.limit(Tier::kRam) == 0 ? limit : limit - std::min(limit, budgets.used(Tier::kRam));
}

}  // namespace

uint64_t RowReader::least_bytes(const EncodedTable& data, const Journey& journey) {
  const SlotNeeds needs = slot_needs(data, journey);
  return needs.bytes(needs.least);
}

RowReader::RowReader(const EncodedTable& data, const Journey& journey, Budgets& budgets,
                     std::unique_ptr<KeptPieces> kept)
    : data_(data), journey_(journey), walk_(journey, data), map_(data.pieces()) {
  use_.name = "hdd";
  if (kept)
    go_on_with(std::move(*kept));
  else
    choose_slots(budgets);
}

void RowReader::choose_slots(Budgets& budgets) {
  const SlotNeeds needs = slot_needs(data_, journey_);
  const uint64_t free = free_ram(budgets);
  if (needs.bytes(needs.least) > free) {
    const Order order = journey_.plan->options().order;
    std::string less = "fewer rows in a piece need less";
    if (order == Order::kFull) less = "order = \"full\" keeps all of them in memory: order = \"block\" needs less";
    if (order == Order::kBlock) less = "a smaller data.block or data.group_blocks needs less";
    throw Error(Code::kMemory, "the rows of '" + data_.path() + "' that are read at once take " +
                                   bytes_text(needs.bytes(needs.least)) + " (" + counted(needs.least, "piece") +
                                   " of up to " + bytes_text(needs.piece_bytes) + "), and " + bytes_text(free) +
                                   " are left; " + less);
  }
  const uint64_t may = std::max(free - free / 3, needs.bytes(needs.least));
  const auto slots_of = [&](const SlotNeeds& n) {
    uint64_t slots = may < n.bytes(0) ? 0 : (may - n.bytes(0)) / n.piece_bytes;
    if (const auto window = data_.options().window_bytes) slots = std::min(slots, *window / n.piece_bytes);
    return std::min(slots, n.wanted);
  };
  SlotNeeds whole = needs.encoding();
  keeps_ = journey_.again && whole.bytes(needs.all) <= limit_of(budgets) / 4;
  if (keeps_) whole.wanted = needs.all;
  const uint64_t slots = slots_of(whole);
  keeps_ = keeps_ && slots >= needs.all;
  encodes_ = keeps_ || (needs.comes_again && slots >= needs.all) || (needs.encoding_pays && slots >= needs.least);
  slots_ = encodes_ ? slots : std::max(slots_of(needs), needs.least);
  reserve_.emplace(budgets, Need::ram((encodes_ ? whole : needs).bytes(slots_)));
}

void RowReader::go_on_with(KeptPieces kept) {
  keeps_ = journey_.again;
  encodes_ = true;
  slots_ = kept.slots;
  reserve_.emplace(std::move(kept.reserve));
  used_ = kept.pieces.size();
  for (auto& [piece, rows] : kept.pieces) {
    Held& held = held_[piece];
    held.rows = std::move(rows);
    held.idle_at = ++idle_clock_;
  }
}

RowReader::~RowReader() {
  stop();
  if (thread_.joinable()) thread_.join();
  if (!keeps_ || error_) return;
  auto kept = std::make_unique<KeptPieces>(KeptPieces{.reserve = std::move(*reserve_), .slots = slots_});
  for (auto& [piece, held] : held_)
    if (held.rows && held.rows->is_complete()) kept->pieces.emplace(piece, std::move(held.rows));
  data_.keep(std::move(kept));
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

std::vector<uint64_t> RowReader::pieces_of(const Asked& asked) const {
  std::vector<uint64_t> pieces;
  map_.by_piece(asked.ids, [&](uint64_t piece, auto) { pieces.push_back(piece); });
  return pieces;
}

// Behind the last stop of a slice.
uint64_t RowReader::end_of(const Asked& asked) const {
  uint64_t end = 0;
  for (const uint64_t position : {asked.positions.front(), asked.positions.back()})
    if (const std::optional<uint64_t> ordinal = walk_.ordinal(asked.epoch, position)) end = std::max(end, *ordinal + 1);
  return end;
}

// Pieces may be there from before: the section that counts the slice off must be as well.
bool RowReader::are_here(std::span<const uint64_t> pieces, uint64_t end) const {
  return planned_ >= end && std::ranges::all_of(pieces, [&](uint64_t piece) { return held_.contains(piece); });
}

void RowReader::bring(const Asked& asked) {
  if (asked.ids.empty()) return;
  const std::vector<uint64_t> pieces = pieces_of(asked);
  if (asked.attempt > 0) {
    for (const uint64_t piece : pieces) bring_aside(piece);
    return;
  }
  const uint64_t end = end_of(asked);
  std::unique_lock lock(mutex_);
  asked_ = std::max(asked_, end);
  room_.notify_all();
  arrived_.wait(lock, [&] { return stopped_ || error_ || are_here(pieces, end); });
  require_running();
  for (const uint64_t piece : pieces) ++held_[piece].users;
}

bool RowReader::bring_at_once(const Asked& asked) {
  if (asked.ids.empty() || asked.attempt > 0) return false;
  const std::vector<uint64_t> pieces = pieces_of(asked);
  const uint64_t end = end_of(asked);
  const std::lock_guard lock(mutex_);
  if (stopped_ || error_ || !are_here(pieces, end)) return false;
  for (const uint64_t piece : pieces) ++held_[piece].users;
  return true;
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
  if (held.raw || held.rows) {  // meanwhile it came into a slot
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
  Encoder::Refused refused;
  std::vector<uint64_t> pieces;
  map_.by_piece(asked.ids, [&](uint64_t piece, std::span<const uint32_t> at) {
    pieces.push_back(piece);
    std::shared_ptr<const io::RawRows> raw;
    std::shared_ptr<EncodedPiece> encoded;
    {
      const std::lock_guard lock(mutex_);
      const Held& held = held_.at(piece);
      raw = held.raw;
      encoded = held.rows;
    }
    if (!encoded) return data_.encode_records(*raw, asked.ids, at, places, refused, *scratch);
    encoded->encode(*scratch);
    encoded->copy(asked.ids, at, places, out);
  });
  for (auto& [place, reason] : refused) out.reject(place, std::move(reason));
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
