// A source of made-up records in memory, for tests: what record `id` holds is a function of its id.
#pragma once

#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "engine/data/source.h"

namespace penstock::test {

/// Fields: bytes (encoded: 8 + id % 5 bytes, the id first), row f32 (3) = id, id + 0.5, -id; label i64 = id % 10.
class MemorySource : public Source {
 public:
  explicit MemorySource(uint64_t size, bool waits = false) : size_(size), waits_(waits) {}

  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return size_; }
  uint64_t fingerprint() const override { return size_; }
  uint64_t record_bytes(uint64_t id) const override { return 8 + id % 5; }
  uint64_t max_record_bytes() const override { return 12; }
  bool waits() const override { return waits_; }
  Location locate(uint64_t id) const override { return {"memory", id * 16, record_bytes(id)}; }

  void read(std::span<const uint64_t> ids, Intake& out) const override {
    if (before_read) before_read(ids);
    for (size_t i = 0; i < ids.size(); ++i) {
      const uint64_t id = ids[i];
      if (bad.contains(id)) {
        out.reject(i, "made bad");
        continue;
      }
      if (std::byte* bytes = out.rows(0, i, record_bytes(id))) {
        std::memset(bytes, 7, record_bytes(id));
        std::memcpy(bytes, &id, sizeof id);
      }
      const float row[3] = {static_cast<float>(id), static_cast<float>(id) + 0.5f, -static_cast<float>(id)};
      if (std::byte* at = out.row(1, i)) std::memcpy(at, row, sizeof row);
      const auto label = static_cast<int64_t>(id % 10);
      if (std::byte* at = out.row(2, i)) std::memcpy(at, &label, sizeof label);
    }
  }

  std::set<uint64_t> bad;
  std::function<void(std::span<const uint64_t>)> before_read;

 private:
  uint64_t size_;
  bool waits_;
  Schema schema_{Field::encoded("bytes"), Field::fixed("row", DType::kF32, {3}), Field::fixed("label", DType::kI64)};
};

}  // namespace penstock::test
