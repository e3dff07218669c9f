// An Intake that keeps what a data set gives, for tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "io/data/dataset.h"

namespace penstock::io {

class Collected final : public Intake {
 public:
  Collected(const Dataset& data, std::span<const uint64_t> ids)
      : bytes(ids.size()), labels(ids.size(), -99), reasons(ids.size()) {
    data.read(ids, *this);
  }
  size_t count() const override { return bytes.size(); }
  std::byte* row(size_t field, size_t i) override {
    return field == Dataset::kLabelField ? reinterpret_cast<std::byte*>(&labels[i]) : nullptr;
  }
  std::byte* rows(size_t field, size_t i, size_t rows) override {
    if (field != Dataset::kBytesField) return nullptr;
    bytes[i].resize(rows);
    return reinterpret_cast<std::byte*>(bytes[i].data());
  }
  void lend(size_t, size_t i, std::span<const std::byte> lent) override {
    bytes[i].assign(reinterpret_cast<const char*>(lent.data()), lent.size());
  }
  void absent(size_t, size_t) override {}
  void reject(size_t i, std::string reason) override { reasons[i] = std::move(reason); }

  std::vector<std::string> bytes;
  std::vector<int64_t> labels;
  std::vector<std::string> reasons;  ///< "": not rejected
};

/// All records of it, in order.
inline Collected read_all(const Dataset& data) {
  std::vector<uint64_t> ids(data.size());
  std::iota(ids.begin(), ids.end(), 0);
  return Collected(data, ids);
}

inline std::vector<std::string> names_of(const Dataset& data) {
  std::vector<std::string> out;
  for (uint64_t id = 0; id < data.size(); ++id) out.push_back(data.name(id));
  return out;
}

}  // namespace penstock::io
