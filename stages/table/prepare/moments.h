// Statistics of a window of numbers that only moves forward.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

namespace penstock::table {

/// Count, mean, squared deviations and range of numbers; two of them make that of both (Chan, Golub, LeVeque 1983, "Algorithms for
/// computing the sample variance"). Nothing is ever subtracted, so that a large value that left a window leaves no rounding behind.
struct WindowMoments {
  uint64_t count = 0;
  double mean = 0, deviations = 0, sum = 0;
  double min = std::numeric_limits<double>::infinity(), max = -std::numeric_limits<double>::infinity();

  static WindowMoments of(double x) { return {1, x, 0, x, x, x}; }
  WindowMoments& operator+=(const WindowMoments& other) {
    if (other.count == 0) return *this;
    if (count == 0) return *this = other;
    const auto a = static_cast<double>(count), b = static_cast<double>(other.count);
    const double apart = other.mean - mean;
    mean += apart * b / (a + b);
    deviations += other.deviations + apart * apart * a * b / (a + b);
    sum += other.sum;
    min = std::min(min, other.min);
    max = std::max(max, other.max);
    count += other.count;
    return *this;
  }
};

/// A queue of numbers with the moments of all it holds: two stacks, so that a push and a pop cost a constant on average. One thread.
class MomentsQueue {
 public:
  void push(int64_t time, double x) {
    back_.push_back({time, WindowMoments::of(x)});
    back_sum_ += back_.back().moments;
  }
  bool empty() const { return front_.empty() && back_.empty(); }
  size_t size() const { return front_.size() + back_.size(); }
  /// Of the oldest.
  int64_t time() {
    turn();
    return front_.back().time;
  }
  void pop() {
    turn();
    front_.pop_back();
  }
  WindowMoments all() const {
    WindowMoments all = front_.empty() ? WindowMoments() : front_.back().moments;
    return all += back_sum_;
  }
  void clear() {
    front_.clear();
    back_.clear();
    back_sum_ = {};
  }

 private:
  struct Item {
    int64_t time;
    WindowMoments moments;  ///< at the front: of it and all younger ones there
  };
  void turn() {
    if (!front_.empty()) return;
    WindowMoments sum;
    while (!back_.empty()) {
      WindowMoments older = back_.back().moments;
      sum = older += sum;
      front_.push_back({back_.back().time, sum});
      back_.pop_back();
    }
    back_sum_ = {};
  }

  std::vector<Item> front_, back_;  ///< the oldest is the last of front_, the youngest the last of back_
  WindowMoments back_sum_;
};

}  // namespace penstock::table
