// One run's way through an EncodedTable: pieces fetched ahead in the order of its plan.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/memory/budget.h"
#include "io/tier/journey_walk.h"
#include "stages/table/encoded_piece.h"
#include "stages/table/encoded_table.h"

namespace penstock::table {

/// The journey is cut into *sections*: stops that need the same pieces. In sequential order a section is a piece's stops, in block order a block group, in full order the epoch.
/// One thread goes through them in order and fetches what is not there into *slots*, room for the largest piece each. A piece stays until all sections that need it were read;
/// then its slot may be taken, that of the piece read last first (in an epoch's round it is the one that is needed again the latest). So a section's pieces are fetched once,
/// and a table that fits its slots once a run.
///
///   planned -> pieces fetched -> bring() pins the slice's -> read() decodes, encodes, unpins -> section read: pieces idle -> slot taken by another
///
/// Where an order uses much of a piece at once, and where all pieces stay for epochs to come, a piece's first readers encode it whole, and read() copies rows of it. Such a reader leaves them to
/// the one of the next epoch (Journey::again), where they take a quarter of the budget at most.
///
/// A replacement's piece that is in no slot has a slot of its own, for one at a time.
///
/// Memory: all slots and the decoders' scratch, taken from the budget once. The oldest slice never waits for a younger one: slots are filled in order, and there are as
/// many as the sections need that a slice may reach into.
class RowReader final : public Reader {
 public:
  /// Throws Error kMemory where the slots that the order needs are not free; says which order needs fewer.
  /// `kept`: what another reader of the table left (EncodedTable::take_kept), or null.
  RowReader(const EncodedTable& data, const Journey& journey, Budgets& budgets,
            std::unique_ptr<KeptPieces> kept = nullptr);
  ~RowReader() override;
  static uint64_t least_bytes(const EncodedTable& data, const Journey& journey);

  void begin() override;
  void bring(const Asked& asked) override;
  bool bring_at_once(const Asked& asked) override;
  void read(const Asked& asked, Intake& out) override;
  void stop() noexcept override;
  std::vector<TierUse> tiers() const override;
  uint64_t slots() const { return slots_; }
  /// Whether pieces are encoded whole, by the first slices that read of them (EncodedPiece).
  bool encodes() const { return encodes_; }

 private:
  struct Section {
    uint64_t first = 0, last = 0;  ///< ordinals
    std::vector<uint64_t> pieces;
    std::vector<uint64_t> claimed;  ///< of those, the ones that are held for it
    uint64_t left = 0;              ///< stops not read yet
  };
  struct Held {
    std::shared_ptr<const io::RawRows> raw;
    std::shared_ptr<EncodedPiece> rows;  ///< in the place of `raw`, in slots of a reader that encodes whole pieces
    size_t users = 0;                    ///< sections and slices
    uint64_t idle_at = 0;                ///< when the last one left
    bool aside = false;                  ///< in the replacements' slot
  };

  void choose_slots(Budgets& budgets);
  void go_on_with(KeptPieces kept);
  void fetch_ahead();
  Section plan_section(uint64_t first) const;
  uint64_t end_of_piece(uint64_t first, uint64_t last) const;
  bool take_slot(std::unique_lock<std::mutex>& lock);
  std::unique_ptr<EncodedRows> take_spare();
  void fetch_piece(uint64_t piece, uint64_t section);
  Section* newest(uint64_t first);
  std::shared_ptr<const io::RawRows> fetch(uint64_t piece);
  void bring_aside(uint64_t piece);
  std::vector<uint64_t> pieces_of(const Asked& asked) const;
  uint64_t end_of(const Asked& asked) const;
  bool are_here(std::span<const uint64_t> pieces, uint64_t end) const;
  void leave(uint64_t piece);
  void count_off(const Asked& asked);
  void count_off(uint64_t first, uint64_t last);
  std::unique_ptr<Encoder::Scratch> borrow_scratch();
  void fail(std::exception_ptr error);
  void require_running() const;

  const EncodedTable& data_;
  const Journey journey_;
  const io::JourneyWalk walk_;
  const PieceMap& map_;
  uint64_t slots_ = 0;
  bool encodes_ = false;
  bool keeps_ = false;  ///< leaves its pieces for the next reader
  std::optional<Reserve> reserve_;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;  ///< a piece is there, the reader stopped
  std::condition_variable room_;     ///< a piece is idle or gone
  std::map<uint64_t, Held> held_;
  uint64_t used_ = 0;  ///< slots with a piece, or about to have one
  bool aside_used_ = false;
  uint64_t idle_clock_ = 0;
  std::vector<std::unique_ptr<EncodedRows>> spare_;  ///< of pieces that went
  std::deque<Section> sections_;
  uint64_t planned_ = 0;                                    ///< stops that sections were made for
  uint64_t asked_ = 0;                                      ///< stops up to the last one that a slice waits for
  std::vector<std::unique_ptr<Encoder::Scratch>> scratch_;  ///< idle
  bool stopped_ = false;
  std::exception_ptr error_;
  TierUse use_;
  std::thread thread_;
};

}  // namespace penstock::table
