#include "engine/memory/budget.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace penstock {

std::string_view name_of(Tier tier) {
  constexpr std::string_view kNames[kTiers] = {"hdd", "ssd", "ram", "pinned", "gpu"};
  return kNames[static_cast<size_t>(tier)];
}

Need& Need::operator+=(const Need& other) {
  for (size_t i = 0; i < kTiers; ++i) bytes[i] += other.bytes[i];
  return *this;
}

bool Need::fits_in(const Need& room) const {
  for (size_t i = 0; i < kTiers; ++i) {
    if (bytes[i] > room.bytes[i]) return false;
  }
  return true;
}

std::string Need::text() const {
  std::string all;
  for (size_t i = 0; i < kTiers; ++i) {
    if (bytes[i] == 0) continue;
    all += (all.empty() ? "" : ", ") + bytes_text(bytes[i]) + " of " + std::string(name_of(static_cast<Tier>(i)));
  }
  return all.empty() ? "nothing" : all;
}

struct ReclaimerRegistration::Entry {
  std::mutex mutex;  // held during a call, so that end() waits for it
  std::function<bool()> reclaim;
};

ReclaimerRegistration& ReclaimerRegistration::operator=(ReclaimerRegistration&& other) noexcept {
  if (this != &other) {
    end();
    entry_ = std::move(other.entry_);
  }
  return *this;
}

void ReclaimerRegistration::end() noexcept {
  if (!entry_) return;
  {
    const std::lock_guard lock(entry_->mutex);
    entry_->reclaim = nullptr;
  }
  entry_.reset();
}

namespace memory_detail {

/// What a Reserve keeps out of the shared bytes. Guarded by the ledger's mutex.
struct Floor {
  Need need;
  bool lent = false;
  bool owned = true;  ///< the Reserve lives
};

class Ledger : public std::enable_shared_from_this<Ledger> {
 public:
  explicit Ledger(const Need& limits) : limits_(limits) {}

  std::optional<Credit> try_take(const Need& need) {
    const std::lock_guard lock(mutex_);
    if (!waiters_.empty() || !fits_now(need)) return std::nullopt;
    return grant(need);
  }

  Credit take(const Need& need, std::stop_token stop, const std::shared_ptr<Floor>& floor) {
    std::unique_lock lock(mutex_);
    if (stop.stop_requested()) throw cancelled(need);
    const bool floor_serves = floor && need.fits_in(floor->need);
    if (!floor_serves) require_possible(need);
    const auto self = waiters_.emplace(waiters_.end(), need, floor_serves ? floor : nullptr);
    serve();
    if (!self->credit) {
      waiting_.fetch_add(1);
      lock.unlock();
      reclaim_for(*self);
      lock.lock();
      self->served.wait(lock, stop, [&] { return static_cast<bool>(self->credit); });
      waiting_.fetch_sub(1);
    }
    if (self->credit) {
      Credit credit = std::move(*self->credit);
      waiters_.erase(self);
      return credit;
    }
    waiters_.erase(self);
    serve();  // who stood behind may fit where this one did not
    throw cancelled(need);
  }

  void give_back(const Need& need, const std::shared_ptr<Floor>& floor) {
    const std::lock_guard lock(mutex_);
    if (!floor) {
      subtract(used_, need);
    } else {
      floor->lent = false;
      if (!floor->owned) free_floor(*floor);
    }
    serve();
  }

  std::shared_ptr<Floor> add_floor(const Need& need) {
    auto floor = std::make_shared<Floor>(Floor{need});
    std::unique_lock lock(mutex_);
    if (!fits_now(need)) {
      lock.unlock();
      for (const auto& entry : reclaimers()) call(*entry);
      lock.lock();
    }
    if (!fits_now(need) || !waiters_stay_possible(need)) {
      throw Error(Code::kMemory, "cannot reserve " + need.text() + ": " + free_text() + " free")
          .hint("reserve for every run before the first one starts, or raise the budget");
    }
    add_used(need);
    reserved_ += need;
    return floor;
  }

  void end_floor(Floor& floor) {
    const std::lock_guard lock(mutex_);
    floor.owned = false;
    if (!floor.lent) {
      free_floor(floor);
      serve();
    }
  }

  bool lent(const Floor& floor) const {
    const std::lock_guard lock(mutex_);
    return floor.lent;
  }
  uint64_t used(Tier tier) const {
    const std::lock_guard lock(mutex_);
    return used_[tier];
  }
  uint64_t peak(Tier tier) const {
    const std::lock_guard lock(mutex_);
    return peak_[tier];
  }
  uint64_t limit(Tier tier) const { return limits_[tier]; }
  size_t waiting() const { return waiting_.load(); }

  ReclaimerRegistration add_reclaimer(std::function<bool()> reclaim) {
    ReclaimerRegistration registration;
    registration.entry_ = std::make_shared<ReclaimerRegistration::Entry>();
    registration.entry_->reclaim = std::move(reclaim);
    const std::lock_guard lock(reclaimers_mutex_);
    std::erase_if(reclaimers_, [](const auto& weak) { return weak.expired(); });
    reclaimers_.push_back(registration.entry_);
    return registration;
  }

 private:
  struct Waiter {
    Waiter(const Need& n, std::shared_ptr<Floor> f) : need(n), floor(std::move(f)) {}
    Need need;
    std::shared_ptr<Floor> floor;  ///< set where it may serve
    std::optional<Credit> credit;  ///< set when served
    std::condition_variable_any served;
  };

  Need room() const {
    Need free;
    for (size_t i = 0; i < kTiers; ++i) {
      free.bytes[i] = limits_.bytes[i] == 0 ? ~uint64_t{0} : limits_.bytes[i] - used_.bytes[i];
    }
    return free;
  }
  bool fits_now(const Need& need) const { return need.fits_in(room()); }

  /// Serves all who can be: a free floor its first waiter, the shared rest strictly in turn.
  void serve() {
    bool rest_is_due_to_another = false;
    for (Waiter& waiter : waiters_) {
      if (waiter.credit) continue;
      if (waiter.floor && !waiter.floor->lent) {
        waiter.floor->lent = true;
        waiter.credit = make_credit(waiter.need, waiter.floor);
      } else if (!rest_is_due_to_another && fits_now(waiter.need)) {
        waiter.credit = grant(waiter.need);
      } else {
        rest_is_due_to_another = true;
        continue;
      }
      waiter.served.notify_all();
    }
  }

  Credit make_credit(const Need& need, std::shared_ptr<Floor> floor) {
    Credit credit;
    credit.ledger_ = shared_from_this();
    credit.floor_ = std::move(floor);
    credit.need_ = need;
    return credit;
  }
  Credit grant(const Need& need) {
    add_used(need);
    return make_credit(need, nullptr);
  }
  void add_used(const Need& need) {
    used_ += need;
    for (size_t i = 0; i < kTiers; ++i) peak_.bytes[i] = std::max(peak_.bytes[i], used_.bytes[i]);
  }
  static void subtract(Need& from, const Need& need) {
    for (size_t i = 0; i < kTiers; ++i) {
      PENSTOCK_CHECK(from.bytes[i] >= need.bytes[i]);
      from.bytes[i] -= need.bytes[i];
    }
  }
  void free_floor(const Floor& floor) {
    subtract(used_, floor.need);
    subtract(reserved_, floor.need);
  }

  bool possible(size_t tier, uint64_t need, uint64_t reserved) const {
    return limits_.bytes[tier] == 0 || (reserved <= limits_.bytes[tier] && need <= limits_.bytes[tier] - reserved);
  }
  void require_possible(const Need& need) const {
    for (size_t i = 0; i < kTiers; ++i) {
      if (possible(i, need.bytes[i], reserved_.bytes[i])) continue;
      const std::string tier(name_of(static_cast<Tier>(i)));
      std::string message = "cannot take " + bytes_text(need.bytes[i]) + " of " + tier + ": the budget is " +
                            bytes_text(limits_.bytes[i]);
      if (reserved_.bytes[i] != 0) message += ", of which " + bytes_text(reserved_.bytes[i]) + " are reserved";
      throw Error(Code::kMemory, message)
          .hint("the least budget." + tier + " that works is " +
                exact_text(ByteSize{need.bytes[i] + reserved_.bytes[i]}) + "; or use a smaller batch");
    }
  }
  /// Whether those who wait for the shared rest could still be served one day if that much more were reserved.
  bool waiters_stay_possible(const Need& more) const {
    return std::all_of(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
      if (waiter.floor || waiter.credit) return true;
      for (size_t i = 0; i < kTiers; ++i) {
        if (!possible(i, waiter.need.bytes[i], reserved_.bytes[i] + more.bytes[i])) return false;
      }
      return true;
    });
  }
  std::string free_text() const {
    Need free = room();
    for (size_t i = 0; i < kTiers; ++i) {
      if (limits_.bytes[i] == 0) free.bytes[i] = 0;
    }
    return free.text() + (free == Need{} ? " is" : " are");
  }
  static Error cancelled(const Need& need) {
    return Error(Code::kCancelled, "stopped while waiting for " + need.text());
  }

  std::vector<std::shared_ptr<ReclaimerRegistration::Entry>> reclaimers() {
    std::vector<std::shared_ptr<ReclaimerRegistration::Entry>> alive;
    const std::lock_guard lock(reclaimers_mutex_);
    for (const auto& weak : reclaimers_) {
      if (auto entry = weak.lock()) alive.push_back(std::move(entry));
    }
    return alive;
  }
  static bool call(ReclaimerRegistration::Entry& entry) {
    const std::lock_guard lock(entry.mutex);
    return entry.reclaim && entry.reclaim();
  }
  void reclaim_for(const Waiter& waiter) {
    for (const auto& entry : reclaimers()) {
      if (!call(*entry)) continue;
      const std::lock_guard lock(mutex_);
      if (waiter.credit) return;
    }
  }

  mutable std::mutex mutex_;
  const Need limits_;
  Need used_, peak_;
  Need reserved_;  ///< the floors, part of used_
  std::list<Waiter> waiters_;
  std::atomic<size_t> waiting_{0};

  std::mutex reclaimers_mutex_;
  std::vector<std::weak_ptr<ReclaimerRegistration::Entry>> reclaimers_;
};

}  // namespace memory_detail

Credit::Credit(Credit&& other) noexcept
    : ledger_(std::move(other.ledger_)), floor_(std::move(other.floor_)), need_(std::exchange(other.need_, {})) {}

Credit& Credit::operator=(Credit&& other) noexcept {
  if (this != &other) {
    give_back();
    ledger_ = std::move(other.ledger_);
    floor_ = std::move(other.floor_);
    need_ = std::exchange(other.need_, {});
  }
  return *this;
}

void Credit::give_back() noexcept {
  const auto ledger = std::move(ledger_);
  const auto floor = std::move(floor_);
  if (ledger) ledger->give_back(std::exchange(need_, {}), floor);
}

Budgets::Budgets(const Need& limits) : ledger_(std::make_shared<memory_detail::Ledger>(limits)) {}

std::optional<Credit> Budgets::try_take(const Need& need) { return ledger_->try_take(need); }
Credit Budgets::take(const Need& need, std::stop_token stop) { return ledger_->take(need, std::move(stop), nullptr); }
uint64_t Budgets::used(Tier tier) const { return ledger_->used(tier); }
uint64_t Budgets::peak(Tier tier) const { return ledger_->peak(tier); }
uint64_t Budgets::limit(Tier tier) const { return ledger_->limit(tier); }
size_t Budgets::waiting() const { return ledger_->waiting(); }
ReclaimerRegistration Budgets::add_reclaimer(std::function<bool()> reclaim) {
  return ledger_->add_reclaimer(std::move(reclaim));
}

Reserve::Reserve(Budgets& budgets, const Need& floor) : ledger_(budgets.ledger_), floor_(ledger_->add_floor(floor)) {}
Reserve::~Reserve() {
  if (floor_) ledger_->end_floor(*floor_);
}
Credit Reserve::take(const Need& need, std::stop_token stop) { return ledger_->take(need, std::move(stop), floor_); }
const Need& Reserve::floor() const { return floor_->need; }
bool Reserve::lent() const { return ledger_->lent(*floor_); }

}  // namespace penstock
