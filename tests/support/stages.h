// Small stages for tests of graphs and runs.
#pragma once

#include <atomic>
#include <cstring>
#include <memory>
#include <string>

#include "engine/graph/graph_spec.h"
#include "engine/graph/registry.h"

namespace penstock::test {

/// bytes -> picture u8 (4, 4): the record's id in every pixel, plus a draw.
class Paint final : public RecordStage {
 public:
  struct Params {
    int64_t refuse_every = 0;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("refuse_every", &Params::refuse_every, "refuses ids divisible by it; 0: none");
  }
  explicit Paint(Params params) : params_(params) {}
  Bound bind(const Schema& in) const override {
    in.require("bytes", "paint");
    return {.reads = {"bytes"}, .writes = {Field::fixed("picture", DType::kU8, {4, 4})}, .draws = true};
  }
  Outcome run(RecordView& record, Draws& draws, Scratch&) const override {
    const std::span<const std::byte> bytes = record.in(0).span();
    uint64_t id = 0;
    std::memcpy(&id, bytes.data(), sizeof id);
    if (id != record.id()) return Outcome::reject("not its bytes");
    if (params_.refuse_every > 0 && id % static_cast<uint64_t>(params_.refuse_every) == 0)
      return Outcome::reject("painted bad");
    const auto noise = static_cast<uint8_t>(draws.below(256));
    for (uint8_t& pixel : record.out(0).as<uint8_t>()) pixel = static_cast<uint8_t>(id) ^ noise;
    return Outcome::ok();
  }

 private:
  Params params_;
};

/// Adds `by` to every value of `row` in place, over whole slices.
class Shift final : public SliceStage {
 public:
  struct Params {
    double by = 1;
  };
  static void describe(ParamTable<Params>& t) { t.add("by", &Params::by, "what is added"); }
  explicit Shift(Params params) : params_(params) {}
  Bound bind(const Schema& in) const override { return {.reads = {"row"}, .writes = {in.require("row", "shift")}}; }
  void run(SliceView& slice, Scratch&) const override {
    for (float& value : slice.out(0).as<float>()) value += static_cast<float>(params_.by);
  }

 private:
  Params params_;
};

/// picture, row -> joined f32 (2): mean of the picture, sum of the row. A join of two branches.
class Join final : public RecordStage {
 public:
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit Join(Params) {}
  Bound bind(const Schema& in) const override {
    in.require("picture", "join");
    in.require("row", "join");
    return {.reads = {"picture", "row"}, .writes = {Field::fixed("joined", DType::kF32, {2})}};
  }
  Outcome run(RecordView& record, Draws&, Scratch&) const override {
    float pixels = 0;
    for (const uint8_t pixel : record.in(0).as<uint8_t>()) pixels += pixel;
    float row = 0;
    for (const float value : record.in(1).as<float>()) row += value;
    record.out(0).as<float>()[0] = pixels / 16;
    record.out(0).as<float>()[1] = row;
    return Outcome::ok();
  }
};

/// row -> sum f32 (); row ends here.
class Sum final : public RecordStage {
 public:
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit Sum(Params) {}
  Bound bind(const Schema& in) const override {
    in.require("row", "sum");
    return {.reads = {"row"}, .writes = {Field::fixed("sum", DType::kF32)}, .drops = {"row"}};
  }
  Outcome run(RecordView& record, Draws&, Scratch&) const override {
    float sum = 0;
    for (const float value : record.in(0).as<float>()) sum += value;
    record.out(0).as<float>()[0] = sum;
    return Outcome::ok();
  }
};

/// bytes -> words i32 (<= 12 rows): one row a byte; optional: absent where the id is odd.
class Words final : public RecordStage {
 public:
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit Words(Params) {}
  Bound bind(const Schema&) const override {
    Field words = Field::ragged("words", DType::kI32, {}, 12);
    words.optional = true;
    return {.reads = {"bytes"}, .writes = {words}};
  }
  Outcome run(RecordView& record, Draws&, Scratch&) const override {
    if (record.id() % 2 == 1) {
      record.absent(0);
      return Outcome::ok();
    }
    const FieldView bytes = record.in(0);
    const FieldView out = record.out(0, bytes.rows);
    for (int64_t i = 0; i < bytes.rows; ++i)
      out.as<int32_t>()[i] = static_cast<int32_t>(record.id()) * 100 + static_cast<int32_t>(i);
    return Outcome::ok();
  }
};

/// Doubles the labels of a batch, in order.
class Twice final : public BatchStage {
 public:
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit Twice(Params) {}
  Bound bind(const Schema& in) const override { return {.reads = {"label"}, .writes = {in.require("label", "twice")}}; }
  void run(BatchView& batch, Scratch& scratch) const override {
    uint64_t& expected = scratch.get<uint64_t>(0);
    if (batch.batch().sequence() != expected++) throw Error(Code::kInternal, "batches came out of order");
    for (int64_t& label : batch.out(0).as<int64_t>()) label *= 2;
  }
};

/// Throws an Error on record `id`.
class Break final : public RecordStage {
 public:
  struct Params {
    int64_t id = 0;
  };
  static void describe(ParamTable<Params>& t) { t.add("id", &Params::id, "the record it throws on"); }
  explicit Break(Params params) : params_(params) {}
  Bound bind(const Schema&) const override { return {.reads = {"label"}, .writes = {}}; }
  Outcome run(RecordView& record, Draws&, Scratch&) const override {
    if (record.id() == static_cast<uint64_t>(params_.id)) throw Error(Code::kIo, "broken on purpose");
    return Outcome::ok();
  }

 private:
  Params params_;
};

inline StageRegistry registry() {
  StageRegistry stages;
  stages.add<Paint>("test.paint", "paints a picture from bytes");
  stages.add<Shift>("test.shift", "adds to a row");
  stages.add<Join>("test.join", "joins picture and row");
  stages.add<Sum>("test.sum", "sums a row up");
  stages.add<Words>("test.words", "bytes as ragged words");
  stages.add<Twice>("test.twice", "doubles labels");
  stages.add<Break>("test.break", "throws");
  return stages;
}

}  // namespace penstock::test
