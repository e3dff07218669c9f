// A source that brings pixels, for tests of the stages behind decoding.
#pragma once

#include <cstring>
#include <functional>
#include <vector>

#include "engine/data/source.h"
#include "engine/run/run.h"
#include "stages/image/registry.h"

namespace penstock::image {

/// Record `id`: pixels u8 (height, width, 3), its value number i is `value(id, i)`; label i64 = id.
class PixelSource final : public Source {
 public:
  using Value = std::function<std::uint8_t(uint64_t id, std::size_t i)>;

  PixelSource(uint64_t size, int width, int height, Value value)
      : size_(size),
        value_(std::move(value)),
        schema_{Field::fixed("pixels", DType::kU8, {height, width, 3}), Field::fixed("label", DType::kI64)} {}
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return size_; }
  uint64_t fingerprint() const override { return size_; }
  uint64_t record_bytes(uint64_t) const override { return 0; }
  uint64_t max_record_bytes() const override { return 0; }
  bool waits() const override { return false; }
  Location locate(uint64_t id) const override { return {"pixels", id, 0}; }
  void read(std::span<const uint64_t> ids, Intake& out) const override {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::vector<std::uint8_t> all = pixels(ids[i]);
      std::memcpy(out.row(0, i), all.data(), all.size());
      const auto label = static_cast<int64_t>(ids[i]);
      std::memcpy(out.row(1, i), &label, sizeof label);
    }
  }
  std::vector<std::uint8_t> pixels(uint64_t id) const {
    std::vector<std::uint8_t> all(schema_.fields()[0].slot_bytes());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = value_(id, i);
    return all;
  }

 private:
  uint64_t size_;
  Value value_;
  Schema schema_;
};

/// What a batch carried, copied out of it.
struct SeenBatch {
  std::vector<uint64_t> ids;
  std::vector<std::vector<std::uint8_t>> pixels;
  std::vector<int64_t> labels, labels_b;
  std::vector<float> shares;
};

/// Runs the stages over the source, in sequential order unless `options` say otherwise.
inline std::vector<SeenBatch> run_over(const Source& source, const GraphSpec& spec, RunOptions options,
                                       unsigned threads = 2) {
  StageRegistry registry;
  register_image_stages(registry);
  options.cores = std::make_shared<Cores>(threads);
  Run run = Run::start(spec.bind(source.schema(), registry), source, std::move(options));
  std::vector<SeenBatch> all;
  while (Batch batch = run.next()) {
    SeenBatch seen{{batch.ids().begin(), batch.ids().end()}};
    const auto copy = [&](std::string_view field, auto& out) {
      using T = typename std::decay_t<decltype(out)>::value_type;
      if (batch.schema().find(field) == nullptr) return;
      const auto values = batch[field].as<T>();
      out.assign(values.begin(), values.end());
    };
    std::vector<std::uint8_t> bytes;
    copy("pixels", bytes);
    copy("label", seen.labels);
    copy("label_b", seen.labels_b);
    copy("mix", seen.shares);
    const std::size_t each = batch.size() == 0 ? 0 : bytes.size() / batch.size();
    for (std::size_t i = 0; i < batch.size(); ++i)
      seen.pixels.emplace_back(bytes.begin() + static_cast<std::ptrdiff_t>(i * each),
                               bytes.begin() + static_cast<std::ptrdiff_t>((i + 1) * each));
    all.push_back(std::move(seen));
  }
  return all;
}

}  // namespace penstock::image
