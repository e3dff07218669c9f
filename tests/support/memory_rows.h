// A data set of rows in memory: a target that is a function of three columns of codes and two of numbers.
#pragma once

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "io/data/dataset.h"
#include "io/data/table_fields.h"

namespace penstock::test {

class MemoryRows final : public io::Dataset {
 public:
  /// Every `unknown`-th record has no target; 0: all have one. A regression's targets are the logarithms of numbers above 0.
  MemoryRows(uint64_t count, Task task, uint64_t seed = 1, uint64_t unknown = 0) : count_(count), seed_(seed) {
    fields_ = {.categories = {{"Store", 50}, {"Day", 7}, {"Kind", 3}},
               .numbers = {"Distance", "Rain"},
               .target = "Sales",
               .task = task,
               .transform = {.log = task == Task::kRegression ? TargetLog::kLog : TargetLog::kNone}};
    schema_ = {Field::fixed("cat", DType::kI32, {3}), Field::fixed("cont", DType::kF32, {2})};
    schema_.add(task == Task::kClasses ? Field::fixed("label", DType::kI64) : Field::fixed("target", DType::kF32));
    if (task == Task::kClasses) names_ = {"low", "middle", "high"};
    if (task == Task::kBinary) names_ = {"no", "yes"};
    uint64_t state = seed * 2654435761u + 1;
    const auto draw = [&state] {
      state = state * 6364136223846793005u + 1442695040888963407u;
      return static_cast<uint32_t>(state >> 33);
    };
    for (uint64_t i = 0; i < count; ++i) {
      float sum = 0;
      for (const io::CategoryField& field : fields_.categories) {
        cat_.push_back(static_cast<int32_t>(draw() % static_cast<uint32_t>(field.cardinality)));
        sum += std::sin(static_cast<float>(cat_.back()));
      }
      for (int d = 0; d < 2; ++d) {
        cont_.push_back(static_cast<float>(draw()) / 2147483648.0F * 2 - 1);
        sum += cont_.back() * static_cast<float>(d + 1);
      }
      labels_.push_back(sum < -1 ? 0 : sum < 1 ? 1 : 2);
      targets_.push_back(task == Task::kBinary ? (sum > 0 ? 1.0F : 0.0F) : 5 + sum / 4);
      if (unknown > 0 && i % unknown == 0) targets_.back() = std::numeric_limits<float>::quiet_NaN();
    }
  }

  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return count_; }
  uint64_t fingerprint() const override { return seed_ * 1000003 + count_; }
  uint64_t record_bytes(uint64_t) const override { return 0; }
  uint64_t max_record_bytes() const override { return 0; }
  bool waits() const override { return false; }
  void read(std::span<const uint64_t> ids, Intake& out) const override {
    for (size_t i = 0; i < ids.size(); ++i) {
      put(out.row(0, i), &cat_[ids[i] * 3], 3 * sizeof(int32_t));
      put(out.row(1, i), &cont_[ids[i] * 2], 2 * sizeof(float));
      if (fields_.task == Task::kClasses)
        put(out.row(2, i), &labels_[ids[i]], sizeof(int64_t));
      else
        put(out.row(2, i), &targets_[ids[i]], sizeof(float));
    }
  }
  Location locate(uint64_t id) const override { return {"memory", id, 1}; }
  std::string_view format() const override { return "memory"; }
  const std::vector<std::string>& class_names() const override { return names_; }
  int64_t label(uint64_t id) const override { return fields_.task == Task::kClasses ? labels_[id] : -1; }
  std::string name(uint64_t id) const override { return std::to_string(id); }
  uint64_t bytes() const override { return count_ * 24; }
  const std::string& path() const override { return path_; }
  const io::TableFields* table_fields() const override { return &fields_; }

  io::TableFields& fields() { return fields_; }
  float target(uint64_t id) const { return targets_[id]; }

 private:
  static void put(std::byte* to, const void* from, size_t bytes) {
    if (to != nullptr) std::memcpy(to, from, bytes);
  }

  uint64_t count_, seed_;
  Schema schema_;
  io::TableFields fields_;
  std::vector<std::string> names_;
  std::string path_ = "rows";
  std::vector<int32_t> cat_;
  std::vector<float> cont_, targets_;
  std::vector<int64_t> labels_;
};

}  // namespace penstock::test
