// The k nearest rows of one query among those that were measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace penstock::classic {

/// The k least by score, then id, of what was put in, kept in room for twice as many: it is thinned out when full, so that putting one in
/// costs a few nanoseconds. The room is the caller's. One thread at a time.
class Shortlist {
 public:
  /// Places that `scores` and `ids` of start() have.
  static size_t room_for(size_t k) { return 2 * k + 32; }
  void start(float* scores, int64_t* ids, size_t k);

  void put(float score, int64_t id) {
    if (!(score < worst_ || (score == worst_ && id < worst_id_))) return;
    scores_[count_] = score;
    ids_[count_++] = id;
    if (count_ == room_for(k_)) thin();
  }
  /// The highest score that may still come in: infinite while there are fewer than k.
  float limit() {
    thin();
    return worst_;
  }

  /// Sorts: what sorted() works in.
  using Room = std::vector<uint64_t>;
  /// Leaves the k best or all there are, nearest first: their scores and ids into the first places of `scores` and `ids`. Returns how many.
  size_t sorted(std::span<float> scores, std::span<int64_t> ids, Room& room);

 private:
  void thin();
  void drop_ties(size_t count);

  float* scores_ = nullptr;
  int64_t* ids_ = nullptr;
  size_t k_ = 0, count_ = 0;
  float worst_ = std::numeric_limits<float>::infinity();
  int64_t worst_id_ = std::numeric_limits<int64_t>::max();
};

}  // namespace penstock::classic
