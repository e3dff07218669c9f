// Memory is a budget (law 2): bytes per tier, taken before memory is made, given back when it dies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace penstock {

/// Where bytes live, slowest first.
enum class Tier { kHdd, kSsd, kRam, kPinned, kGpu };
inline constexpr size_t kTiers = 5;
/// "hdd", "ssd", "ram", "pinned", "gpu".
std::string_view name_of(Tier tier);

/// Bytes on every tier.
struct Need {
  std::array<uint64_t, kTiers> bytes{};

  static Need of(Tier tier, uint64_t bytes) {
    Need need;
    need[tier] = bytes;
    return need;
  }
  static Need ram(uint64_t bytes) { return of(Tier::kRam, bytes); }

  uint64_t& operator[](Tier tier) { return bytes[static_cast<size_t>(tier)]; }
  uint64_t operator[](Tier tier) const { return bytes[static_cast<size_t>(tier)]; }
  Need& operator+=(const Need& other);
  friend Need operator+(Need a, const Need& b) { return a += b; }
  bool operator==(const Need&) const = default;
  /// On every tier at most that much.
  bool fits_in(const Need& room) const;
  /// "1.5 MiB of ram, 20 B of gpu"; "nothing".
  std::string text() const;
};

namespace memory_detail {
class Ledger;  // what Budgets, Credits and Reserves share; lives as long as any of them
struct Floor;
}  // namespace memory_detail

/// The right to hold `need()` bytes; gives it back when it dies. Movable, empty after a move; may outlive the Budgets
/// and the Reserve it came from. Safe to destroy on any thread.
class Credit {
 public:
  Credit() = default;
  Credit(Credit&&) noexcept;
  Credit& operator=(Credit&&) noexcept;
  ~Credit() { give_back(); }

  const Need& need() const { return need_; }
  explicit operator bool() const { return ledger_ != nullptr; }
  void give_back() noexcept;

 private:
  friend class memory_detail::Ledger;
  std::shared_ptr<memory_detail::Ledger> ledger_;
  std::shared_ptr<memory_detail::Floor> floor_;  ///< where it was lent by a Reserve
  Need need_;
};

/// While it lives, the function may be called; once its destructor returned, it is not running and never will.
class ReclaimerRegistration {
 public:
  ReclaimerRegistration() = default;
  ReclaimerRegistration(ReclaimerRegistration&&) noexcept = default;
  ReclaimerRegistration& operator=(ReclaimerRegistration&& other) noexcept;
  ~ReclaimerRegistration() { end(); }
  void end() noexcept;

 private:
  friend class memory_detail::Ledger;
  struct Entry;
  std::shared_ptr<Entry> entry_;
};

/// The byte budgets of one process, shared by its Runs. Thread-safe.
///
/// Waiting is first come, first served over all tiers together: a small need never overtakes an older large one, so a
/// large one is served as soon as enough came back. Nobody but the waiting thread is blocked: never call take() on a
/// compute thread.
class Budgets {
 public:
  /// A limit per tier in bytes; 0 means unlimited (and still counted).
  explicit Budgets(const Need& limits = {});
  Budgets(const Budgets&) = delete;
  Budgets& operator=(const Budgets&) = delete;

  /// Nothing where it does not fit now, or others wait. Does not call reclaimers.
  std::optional<Credit> try_take(const Need& need);
  /// Waits for its turn. Error kMemory at once where the need can never be met (it says the least limit that would do),
  /// kCancelled when `stop` is requested while waiting.
  Credit take(const Need& need, std::stop_token stop = {});

  uint64_t used(Tier tier) const;   ///< bytes out, the floors of Reserves included
  uint64_t peak(Tier tier) const;   ///< the most that was ever out
  uint64_t limit(Tier tier) const;  ///< 0: unlimited
  /// Threads inside take() that were not served yet. Lock-free.
  size_t waiting() const;

  /// `reclaim` is called when a waiter cannot be served: it gives back memory that is kept idle and says whether there
  /// was any. Called on the waiting thread, without any lock of the Budgets held; from one thread at a time.
  /// Who keeps idle memory must look at waiting() *after* each time it put some by (see BufferPool).
  [[nodiscard]] ReclaimerRegistration add_reclaimer(std::function<bool()> reclaim);

 private:
  friend class Reserve;
  std::shared_ptr<memory_detail::Ledger> ledger_;
};

/// One Need that belongs to one Run from construction to destruction, so that Runs which share Budgets never wait for
/// each other: whatever the others hold, this Run can always have one admission of at most the floor in flight.
///
///   Training prefetches until the budget is full and then stands still while its evaluation runs. The evaluation
///   goes on inside its floor, faster where the shared rest has room.
///
/// So: floor >= the worst admission of the Run, and all Reserves are made before the first Run starts. Thread-safe.
class Reserve {
 public:
  /// Takes the floor now, or throws Error kMemory where it is not free: it does not wait, since what it would wait for
  /// may be waiting for this Run.
  Reserve(Budgets& budgets, const Need& floor);
  ~Reserve();
  Reserve(Reserve&&) noexcept = default;
  Reserve& operator=(Reserve&&) = delete;

  /// The floor where it is at home and the need fits into it (its whole is lent then), else whichever comes first: the
  /// floor coming back, or the shared rest at its turn. Errors as Budgets::take.
  Credit take(const Need& need, std::stop_token stop = {});
  const Need& floor() const;
  /// True while the floor is out.
  bool lent() const;

 private:
  std::shared_ptr<memory_detail::Ledger> ledger_;
  std::shared_ptr<memory_detail::Floor> floor_;
};

}  // namespace penstock
