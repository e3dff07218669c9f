#include "models/classic/shortlist.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "models/classic/select.h"

namespace penstock::classic {
namespace {

// Below this, a sort by comparisons is done before a histogram is cleared.
constexpr size_t kFew = 64;

// Unsigned integers in the order of floats; 0 for both zeros.
uint64_t key_of(float score) {
  const auto bits = std::bit_cast<uint32_t>(score + 0.0f);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
}

// By the upper halves, a byte after the other from the lowest; a byte that all have in common is passed over. Sorts room[0, n), with room for 2 n.
void radix_sort(uint64_t* values, size_t n) {
  uint64_t* from = values;
  uint64_t* to = values + n;
  for (unsigned shift = 32; shift < 64; shift += 8) {
    std::array<uint32_t, 256> begins{};
    for (size_t i = 0; i < n; ++i) ++begins[from[i] >> shift & 255];
    if (begins[from[0] >> shift & 255] == n) continue;
    uint32_t sum = 0;
    for (uint32_t& begin : begins) sum += std::exchange(begin, sum);
    for (size_t i = 0; i < n; ++i) to[begins[from[i] >> shift & 255]++] = from[i];
    std::swap(from, to);
  }
  if (from != values) std::copy_n(from, n, values);
}

}  // namespace

void Shortlist::start(float* scores, int64_t* ids, size_t k) {
  *this = {};
  scores_ = scores;
  ids_ = ids;
  k_ = k;
}

void Shortlist::thin() {
  if (count_ < k_ || (count_ == k_ && worst_ != std::numeric_limits<float>::infinity())) return;
  worst_ = least_k(scores_, count_, k_, 0);
  size_t count = 0;
  worst_id_ = -1;
  for (size_t i = 0; i < count_; ++i) {
    if (scores_[i] > worst_) continue;
    if (scores_[i] == worst_) worst_id_ = std::max(worst_id_, ids_[i]);
    scores_[count] = scores_[i];
    ids_[count++] = ids_[i];
  }
  count_ = count;
  if (count_ > k_) drop_ties(count_ - k_);
}

// Of those with the worst score, the ones with the highest ids.
void Shortlist::drop_ties(size_t too_many) {
  std::vector<int64_t> ties;
  for (size_t i = 0; i < count_; ++i)
    if (scores_[i] == worst_) ties.push_back(ids_[i]);
  const auto last = ties.end() - static_cast<std::ptrdiff_t>(too_many) - 1;
  std::nth_element(ties.begin(), last, ties.end());
  worst_id_ = *last;
  size_t count = 0;
  for (size_t i = 0; i < count_; ++i) {
    if (scores_[i] == worst_ && ids_[i] > worst_id_) continue;
    scores_[count] = scores_[i];
    ids_[count++] = ids_[i];
  }
  count_ = count;
}

size_t Shortlist::sorted(std::span<float> scores, std::span<int64_t> ids, Room& room) {
  thin();
  room.resize(2 * count_);
  for (size_t i = 0; i < count_; ++i) room[i] = key_of(scores_[i]) << 32 | i;
  if (count_ > kFew)
    radix_sort(room.data(), count_);
  else
    std::sort(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(count_));
  for (size_t i = 0; i < count_; ++i) {
    const auto at = static_cast<uint32_t>(room[i]);
    scores[i] = scores_[at];
    ids[i] = ids_[at];
  }
  // Equal scores by their ids.
  for (size_t begin = 0, end = 0; begin < count_; begin = end) {
    for (end = begin + 1; end < count_ && scores[end] == scores[begin]; ++end) {}
    if (end - begin > 1)
      std::sort(ids.begin() + static_cast<std::ptrdiff_t>(begin), ids.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return count_;
}

}  // namespace penstock::classic
