// Mini-batches: Sculley 2010, with scikit-learn's reassignment and stopping rule.
#include <algorithm>
#include <limits>

#include "engine/order/draws.h"
#include "models/classic/kmeans_fit.h"

namespace penstock::classic {
namespace {

// Rows that follow each other in a batch: one read of a disk instead of sixteen.
constexpr size_t kRun = 16;

void draw_batch(const KMeansData& data, Draws& draws, std::vector<float>& batch) {
  const size_t width = data.width(), rows = batch.size() / width;
  const uint64_t all = data.blocks.rows();
  std::vector<uint64_t> runs((rows + kRun - 1) / kRun);
  const size_t run = static_cast<size_t>(std::min<uint64_t>(kRun, all));
  for (uint64_t& first : runs) first = draws.below(all - run + 1);
  std::sort(runs.begin(), runs.end());
  size_t at = 0;
  for (size_t r = 0; at < rows; r = (r + 1) % runs.size()) {
    const size_t some = std::min(run, rows - at);
    data.blocks.source().read(runs[r], {batch.data() + at * width, some * width});
    at += some;
  }
}

// Centres with few rows are put onto rows of the batch, and counted as if they had as many as the poorest of the others.
void reassign(const KMeansData& data, Draws& draws, const std::vector<float>& batch, std::vector<double>& centres,
              std::vector<uint64_t>& seen) {
  const size_t width = data.width(), rows = batch.size() / width;
  const auto most = static_cast<double>(*std::max_element(seen.begin(), seen.end()));
  std::vector<size_t> poor;
  uint64_t least = std::numeric_limits<uint64_t>::max();
  for (size_t c = 0; c < seen.size(); ++c) {
    if (static_cast<double>(seen[c]) < data.options.reassign_below * most)
      poor.push_back(c);
    else
      least = std::min(least, seen[c]);
  }
  std::stable_sort(poor.begin(), poor.end(), [&](size_t a, size_t b) { return seen[a] < seen[b]; });
  poor.resize(std::min(poor.size(), rows / 2));
  std::vector<size_t> order(rows);
  for (size_t i = 0; i < rows; ++i) order[i] = i;
  for (size_t i = 0; i < poor.size(); ++i) {
    std::swap(order[i], order[i + static_cast<size_t>(draws.below(rows - i))]);
    for (size_t d = 0; d < width; ++d)
      centres[poor[i] * width + d] = static_cast<double>(batch[order[i] * width + d] - data.mean[d]);
    seen[poor[i]] = least;
  }
}

// Smoothed inertia; says when it has not become better for a while.
class Plateau {
 public:
  Plateau(double alpha, size_t patience) : alpha_(alpha), patience_(patience) {}
  bool reached(double inertia) {
    smooth_ = started_ ? smooth_ * (1 - alpha_) + inertia * alpha_ : inertia;
    if (!started_ || smooth_ < least_) {
      least_ = smooth_;
      waited_ = 0;
    } else {
      ++waited_;
    }
    started_ = true;
    return waited_ >= patience_;
  }

 private:
  double alpha_, smooth_ = 0, least_ = 0;
  size_t patience_, waited_ = 0;
  bool started_ = false;
};

}  // namespace

KMeansResult fit_mini_batch(const KMeansData& data, size_t start, std::vector<double> centres) {
  const size_t width = data.width(), k = data.options.k;
  const uint64_t all = data.blocks.rows();
  const auto rows = static_cast<size_t>(std::min<uint64_t>(data.options.batch, all));
  const uint64_t steps = std::max<uint64_t>(1, data.options.max_iterations * all / rows);
  const auto sums = data.algebra.make_sums(k, width);
  std::vector<float> batch(rows * width), rounded(k * width), distances2(rows);
  std::vector<int32_t> labels(rows);
  std::vector<double> total(k * width);
  std::vector<uint64_t> counts(k), seen(k);
  Plateau plateau(std::min(1.0, 2.0 * static_cast<double>(rows) / static_cast<double>(all + 1)),
                  data.options.no_improvement);
  KMeansResult result;
  uint64_t since_reassigned = 0;
  for (uint64_t step = 1; step <= steps && !result.converged; ++step) {
    data.blocks.stop_if_asked();
    Draws draws(data.options.seed, start, step, draw_key("classic.mini-batch"));
    draw_batch(data, draws, batch);
    std::copy(centres.begin(), centres.end(), rounded.begin());
    sums->clear();
    const auto held = data.algebra.hold({batch.data(), rows, width}, data.intake());
    data.algebra.assign(*held, 0, {rounded.data(), k, width}, labels, distances2, sums.get());
    sums->read(total, counts);
    double inertia = 0;
    for (const float d2 : distances2) inertia += static_cast<double>(d2);
    for (size_t c = 0; c < k; ++c) {
      if (counts[c] == 0) continue;
      const auto before = static_cast<double>(seen[c]);
      seen[c] += counts[c];
      for (size_t d = 0; d < width; ++d) {
        double& x = centres[c * width + d];
        x = (x * before + total[c * width + d]) / static_cast<double>(seen[c]);
      }
    }
    since_reassigned += rows;
    if (since_reassigned >= 10 * k || std::count(seen.begin(), seen.end(), 0u) > 0) {
      since_reassigned = 0;
      reassign(data, draws, batch, centres, seen);
    }
    inertia /= static_cast<double>(rows);
    // The first batch is seen by centres that no batch has moved: it says nothing.
    if (step > 1) result.converged = plateau.reached(inertia);
    result.iterations = static_cast<size_t>(step);
    result.history.push_back(inertia * static_cast<double>(all));
    data.report(start, result.iterations, result.history.back(), centres);
  }
  result.centres = data.at_home(centres);
  result.inertia = assign_all(data.blocks, data.algebra, result.centres);
  return result;
}

}  // namespace penstock::classic
