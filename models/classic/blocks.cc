#include "models/classic/blocks.h"

#include <algorithm>
#include <future>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace penstock::classic {
namespace {

// Blocks of rows that are in memory anyway: large enough for all cores, small enough that a stop is noticed soon.
constexpr uint64_t kResidentBlockBytes = 32_MiB;

size_t aligned_rows(uint64_t bytes, uint64_t row_bytes) {
  return static_cast<size_t>(bytes / row_bytes / Blocks::kAlign * Blocks::kAlign);
}

}  // namespace

Blocks::Blocks(RowSource& source, uint64_t bytes, std::stop_token stop)
    : source_(source), stop_(std::move(stop)), all_(source.in_memory()) {
  const uint64_t row_bytes = source.width() * sizeof(float);
  resident_ = all_.data != nullptr || source.size() * row_bytes <= bytes;
  block_rows_ =
      resident_ ? std::max(kAlign, aligned_rows(kResidentBlockBytes, row_bytes)) : aligned_rows(bytes / 2, row_bytes);
  if (block_rows_ == 0)
    throw Error(Code::kMemory, "rows of " + std::to_string(source.width()) + " values do not fit into " +
                                   bytes_text(bytes) + " in blocks of " + std::to_string(kAlign) + " rows")
        .hint("a budget of " + bytes_text(2 * kAlign * row_bytes) + " for rows would do");
}

uint64_t Blocks::bytes() const {
  const uint64_t row_bytes = source_.width() * sizeof(float);
  return resident_ ? source_.size() * row_bytes : 2 * block_rows_ * row_bytes;
}

size_t Blocks::count_at(uint64_t first) const {
  return static_cast<size_t>(std::min<uint64_t>(block_rows_, source_.size() - first));
}

void Blocks::stop_if_asked() const {
  if (stop_.stop_requested()) throw Error(Code::kCancelled, "stopped on request");
}

void Blocks::each(const std::function<void(uint64_t, RowsView)>& body) {
  if (!resident_) return stream(body);
  if (all_.data == nullptr && rows() > 0) {
    buffers_[0].resize(static_cast<size_t>(rows()) * width());
    for (uint64_t first = 0; first < rows(); first += block_rows_) {
      stop_if_asked();
      source_.read(first, {buffers_[0].data() + first * width(), count_at(first) * width()});
    }
    all_ = {buffers_[0].data(), static_cast<size_t>(rows()), width()};
  }
  for (uint64_t first = 0; first < rows(); first += block_rows_) {
    stop_if_asked();
    body(first, all_.part(static_cast<size_t>(first), count_at(first)));
  }
}

void Blocks::stream(const std::function<void(uint64_t, RowsView)>& body) {
  for (auto& buffer : buffers_) buffer.resize(block_rows_ * width());
  const auto read = [this](uint64_t first, std::vector<float>& into) {
    source_.read(first, {into.data(), count_at(first) * width()});
  };
  stop_if_asked();
  read(0, buffers_[0]);
  size_t now = 0;
  for (uint64_t first = 0; first < rows(); first += block_rows_, now ^= 1) {
    stop_if_asked();
    // A future waits for its thread when it dies, so `body` may throw.
    std::future<void> next;
    if (first + block_rows_ < rows())
      next = std::async(std::launch::async, read, first + block_rows_, std::ref(buffers_[now ^ 1]));
    body(first, {buffers_[now].data(), count_at(first), width()});
    if (next.valid()) next.get();
  }
}

void HeldBlocks::each(const std::function<void(uint64_t, const HeldRows&)>& body) {
  size_t index = 0;
  blocks_.each([&](uint64_t first, RowsView rows) {
    if (!blocks_.resident()) return body(first, *algebra_.hold(rows, intake_));
    if (index == held_.size()) held_.push_back(algebra_.hold(rows, intake_));
    body(first, *held_[index++]);
  });
}

ColumnMoments column_moments(Blocks& blocks, Algebra& algebra) {
  const size_t width = blocks.width();
  std::vector<float> origin(width);
  std::vector<double> sum(width), sum2(width);
  blocks.each([&](uint64_t first, RowsView rows) {
    if (first == 0) origin.assign(rows.data, rows.data + width);
    algebra.add_moments(*algebra.hold(rows, {.shift = origin}), sum, sum2);
  });
  ColumnMoments out;
  const auto n = static_cast<double>(std::max<uint64_t>(1, blocks.rows()));
  for (size_t d = 0; d < width; ++d) {
    const double mean = sum[d] / n;
    out.mean.push_back(static_cast<double>(origin[d]) + mean);
    out.variance.push_back(std::max(0.0, sum2[d] / n - mean * mean));
  }
  return out;
}

}  // namespace penstock::classic
