// A data set of rows that lies in memory, as tables are once they are encoded.
#pragma once

#include <cstring>
#include <functional>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "io/data/dataset.h"
#include "io/data/table_fields.h"

namespace penstock::test {

/// A category of 0 .. 6 and two numbers, the first missing (NaN) in an eighth of the rows; a third one that says nothing. What a row holds is a function of its id and `seed`.
class RowsInMemory final : public io::Dataset {
 public:
  explicit RowsInMemory(uint64_t rows, Task task = Task::kRegression, uint64_t seed = 1,
                        TargetLog log = TargetLog::kNone)
      : rows_(rows), seed_(seed) {
    fields_.categories = {{"shop", 7}};
    fields_.numbers = {"price", "week", "noise"};
    fields_.target = "sales";
    fields_.task = task;
    fields_.transform.log = log;
    schema_.add(Field::fixed("cat", DType::kI32, {1}));
    schema_.add(Field::fixed("cont", DType::kF32, {3}));
    schema_.add(task == Task::kClasses ? Field::fixed("label", DType::kI64) : Field::fixed("target", DType::kF32));
    if (task == Task::kClasses) classes_ = {"low", "mid", "high"};
    if (task == Task::kBinary) classes_ = {"no", "yes"};
  }

  struct Row {
    int32_t shop;
    float numbers[3];
    double sales;  ///< in its own units, above 0
  };
  Row row(uint64_t id) const {
    uint64_t state = (seed_ * 1000003 + id) * 0x9e3779b97f4a7c15ull;
    const auto draw = [&state](uint64_t below) {
      state ^= state >> 29, state *= 0xbf58476d1ce4e5b9ull, state ^= state >> 32;
      return state % below;
    };
    const uint64_t shop = draw(7), price = draw(64), week = draw(52), noise = draw(100), missing = draw(8),
                   late = draw(3);
    const double sales =
        10.0 + static_cast<double>(shop * 3 % 7 * 4 + (missing == 0 ? 5 : price / 8) + late) - (week > 26 ? 6 : 0);
    return {static_cast<int32_t>(shop),
            {missing == 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(price) / 4,
             static_cast<float>(week), static_cast<float>(noise)},
            sales};
  }
  float target(uint64_t id) const {
    const double sales = row(id).sales;
    if (fields_.task == Task::kBinary) return sales > 22 ? 1.0f : 0.0f;
    if (fields_.task == Task::kClasses) return sales > 26 ? 2.0f : sales > 18 ? 1.0f : 0.0f;
    return static_cast<float>(fields_.transform.apply(sales));
  }

  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return rows_; }
  uint64_t fingerprint() const override { return rows_ * 31 + seed_; }
  uint64_t record_bytes(uint64_t) const override { return 0; }
  uint64_t max_record_bytes() const override { return 0; }
  bool waits() const override { return false; }
  Location locate(uint64_t id) const override { return {"rows", id, 1}; }
  std::string_view format() const override { return "memory"; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  int64_t label(uint64_t id) const override {
    return fields_.task == Task::kClasses ? static_cast<int64_t>(target(id)) : -1;
  }
  std::string name(uint64_t id) const override { return "row " + std::to_string(id); }
  uint64_t bytes() const override { return rows_ * 16; }
  const std::string& path() const override { return path_; }
  const io::TableFields* table_fields() const override { return &fields_; }

  void read(std::span<const uint64_t> ids, Intake& out) const override {
    if (before_read) before_read(ids);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (bad.contains(ids[i])) {
        out.reject(i, "made bad");
        continue;
      }
      const Row made = row(ids[i]);
      if (std::byte* at = out.row(0, i)) std::memcpy(at, &made.shop, sizeof made.shop);
      if (std::byte* at = out.row(1, i)) std::memcpy(at, made.numbers, sizeof made.numbers);
      const float number = target(ids[i]);
      const auto label = static_cast<int64_t>(number);
      if (std::byte* at = out.row(2, i))
        fields_.task == Task::kClasses ? std::memcpy(at, &label, sizeof label)
                                       : std::memcpy(at, &number, sizeof number);
    }
  }

  std::set<uint64_t> bad;
  std::function<void(std::span<const uint64_t>)> before_read;
  io::TableFields& fields() { return fields_; }

 private:
  uint64_t rows_, seed_;
  io::TableFields fields_;
  Schema schema_;
  std::vector<std::string> classes_;
  std::string path_ = "rows in memory";
};

}  // namespace penstock::test
