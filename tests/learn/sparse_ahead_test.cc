// Rows that are brought ahead are the same bits; lanes that share tables learn what one learns.
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "engine/base/error.h"
#include "engine/device/in_process_collective.h"
#include "stages/learn/distinct_codes.h"
#include "stages/learn/learner.h"
#include "stages/learn/row_store.h"
#include "tests/learn/toy_rows.h"

namespace penstock::learn {
namespace {

using test::ToyRows;

constexpr size_t kRows = 16;

LearnerConfig config_for(const char* arch, OptimiserConfig optimiser = {}) {
  LearnerConfig config;
  config.net = {.arch = arch, .classes = 1};
  config.net.table = {.cardinalities = {7, 5000, 3}, .numbers = ToyRows::kNumbers, .widths = {}, .layers = {8}};
  config.task = Task::kBinary;
  config.optimiser = optimiser;
  config.schedule = {.kind = ScheduleKind::kOneCycle, .lr = 1e-2, .total_steps = 200};
  config.precision = Precision::kF32;
  config.seed = 5;
  config.sparse_rows = 1000;
  return config;
}

/// A quarter of the codes come in every batch, a quarter in every second one, the others rarely.
struct Repeating : ToyRows {
  explicit Repeating(uint64_t step) : ToyRows(kRows, step) {
    for (size_t n = 0; n < kRows; ++n) {
      const auto code = static_cast<uint64_t>(cat[n * 3 + 1]);
      const uint64_t others = (code * 97 + n * 31 + step * 1009) % 5000;
      cat[n * 3 + 1] = static_cast<int32_t>(n % 4 == 0 ? n : n % 4 == 1 ? 100 + step % 2 * 50 + n : others);
    }
  }
};

/// Steps until `until`, with so many batches brought ahead.
void train(Learner& learner, uint64_t until, size_t ahead) {
  uint64_t brought = learner.steps_done();
  while (learner.steps_done() < until) {
    const uint64_t step = learner.steps_done();
    for (; ahead > 0 && brought <= std::min(step + ahead, until - 1); ++brought)
      learner.bring_ahead(Repeating(brought).rows());  // which goes at once
    const Repeating batch(step);
    learner.step(batch.rows(), batch.yes_or_no);
  }
}

struct World {
  const char* name;
  const char* arch;
  OptimiserConfig optimiser;
};

class Ahead : public testing::TestWithParam<World> {
 protected:
  LearnerConfig config() const { return config_for(GetParam().arch, GetParam().optimiser); }
};

TEST_P(Ahead, ChangesNoBit) {
  Learner in_step(config());
  train(in_step, 120, 0);
  EXPECT_EQ(in_step.rows_brought().batches_ahead, 0U);
  for (const size_t ahead : {1U, 2U, 5U}) {
    Learner learner(config());
    train(learner, 120, ahead);
    EXPECT_EQ(learner.save(), in_step.save()) << ahead;
    const RowsBrought brought = learner.rows_brought();
    EXPECT_EQ(brought.batches, 120U);
    EXPECT_EQ(brought.batches_ahead, 120U);
    EXPECT_EQ(brought.rows, in_step.rows_brought().rows);
  }
}

TEST_P(Ahead, ChangesNoBitWhereItIsInterrupted) {
  Learner in_step(config()), first(config());
  train(in_step, 120, 0);
  uint64_t brought = 0;  // three more than are taken: what was brought for them is in no checkpoint
  for (uint64_t step = 0; step < 41; ++step) {
    for (; brought <= step + 3; ++brought) first.bring_ahead(Repeating(brought).rows());
    const Repeating batch(step);
    first.step(batch.rows(), batch.yes_or_no);
  }
  Learner half(config());
  train(half, 41, 0);
  EXPECT_EQ(first.save(), half.save());
  Learner second(config());
  second.bring_ahead(Repeating(0).rows());
  second.load(first.save());
  train(second, 120, 2);
  EXPECT_EQ(second.save(), in_step.save());
  train(first, 120, 2);  // and goes on itself, from batches that it does not expect
  EXPECT_EQ(first.save(), in_step.save());
}

TEST_P(Ahead, LanesLearnWhatOneLearns) {
  Learner alone(config());
  train(alone, 60, 0);
  std::vector<std::vector<std::byte>> saved;
  struct Way {
    size_t ahead;
    bool one_table;  // of a process; else each lane has its own, as processes have
  };
  for (const auto [ahead, one_table] : {Way{0, true}, Way{2, true}, Way{2, false}}) {
    constexpr uint32_t kLanes = 3;
    InProcessGroup gradients(kLanes), counts(kLanes);
    std::vector<std::optional<Learner>> lanes(kLanes);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      LearnerConfig mine = config();
      mine.lane = lane;
      lanes[lane].emplace(mine, lane > 0 && one_table ? &*lanes[0] : nullptr);
    }
    std::vector<std::thread> threads;
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      threads.emplace_back([&, lane, ahead = ahead] {
        Learner& learner = *lanes[lane];
        learner.join({.gradients = gradients.rank(lane), .counts = counts.rank(lane), .global_batch = kRows});
        learner.share_weights(Shared::kAll);
        const int64_t first = kRows * lane / kLanes, count = kRows * (lane + 1) / kLanes - first;
        const auto part = [&](const ToyRows& batch) {
          TableRows rows = batch.rows();
          rows.cat += first * rows.categories;
          rows.cont += first * rows.numbers;
          rows.count = count;
          return rows;
        };
        uint64_t brought = 0;
        for (uint64_t step = 0; step < 60; ++step) {
          for (; ahead > 0 && brought <= std::min<uint64_t>(step + ahead, 59); ++brought)
            learner.bring_ahead(part(Repeating(brought)));
          const Repeating batch(step);
          const std::vector<float> targets(batch.yes_or_no.begin() + first, batch.yes_or_no.begin() + first + count);
          learner.step(part(batch), targets);
        }
      });
    for (std::thread& thread : threads) thread.join();
    saved.push_back(lanes[0]->save());
    EXPECT_EQ(lanes[1]->weights_bytes(), lanes[0]->weights_bytes());
  }
  EXPECT_EQ(saved[0], saved[1]);
  EXPECT_EQ(saved[0], saved[2]);
  const nets::StoredState one = nets::decode_safetensors(alone.weights_bytes(), "one");
  const nets::StoredState many = nets::decode_safetensors(saved[0], "many");
  for (const nets::StoredTensor& tensor : one.tensors) {
    const nets::StoredTensor* other = many.find(tensor.name);
    ASSERT_NE(other, nullptr) << tensor.name;
    const auto *a = reinterpret_cast<const float*>(tensor.bytes.data()),
               *b = reinterpret_cast<const float*>(other->bytes.data());
    for (size_t i = 0; i < tensor.bytes.size() / sizeof(float); ++i) ASSERT_NEAR(a[i], b[i], 1e-4) << tensor.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Ahead,
                         testing::Values(World{"Sgd", "fm", {.kind = OptimiserKind::kSgd, .weight_decay = 1e-3}},
                                         World{"AdamW", "dlrm", {}}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RowStore, RowsThatAStepChangedAreReadAgain) {
  const auto net = nets::make_net(config_for("fm").net);
  for (const nets::EmbeddingTable& table : net->tables()) at::Tensor(table.weight).requires_grad_(false);
  RowStore store(*net, {.kind = OptimiserKind::kSgd, .momentum = 0, .weight_decay = 0}, Schedule({.lr = 0.5}));
  const std::vector<int32_t> now = {2, 5}, next = {0, 2, 3, 5, 6}, none;
  const size_t table = 0;
  const auto width = static_cast<size_t>(store.embedding(table).weight.size(1));
  StagedRows mine = store.stage(table, now, 0, false), ahead = store.stage(table, next, 1, false);
  store.read(table, mine, 0, 2);
  store.follow(table, ahead);
  const float before = ahead.row(1).weight[0], other = ahead.row(2).weight[0];
  const std::vector<float> gradient(2 * width, 1.0F);
  store.write(table, {now, gradient}, 0, mine);
  EXPECT_EQ(ahead.row(1).weight[0], before);  // as it was read
  store.leave(table, ahead);
  EXPECT_THAT(store.patch(table, ahead), testing::ElementsAre(1, 3));
  EXPECT_EQ(ahead.row(1).weight[0], before - 0.5F);
  EXPECT_EQ(ahead.row(2).weight[0], other);
  EXPECT_THAT(store.patch(table, ahead), testing::IsEmpty());
}

TEST(Ahead, ACodeThatHasNoRowIsRefusedByItsStep) {
  Learner learner(config_for("dlrm"));
  ToyRows wrong(kRows, 0);
  wrong.cat[4] = 5000;
  learner.bring_ahead(wrong.rows());
  EXPECT_THROW(learner.step(wrong.rows(), wrong.yes_or_no), Error);
  train(learner, 3, 2);
  Learner other(config_for("dlrm"));
  train(other, 3, 0);
  EXPECT_EQ(learner.save(), other.save());
}

/// Steps 0 to 39 with two batches brought ahead, but for one that is not, and one more that is brought in vain.
void train_with_gaps(Learner& learner, bool brings, uint64_t missing, uint64_t in_vain) {
  uint64_t brought = 0;
  for (uint64_t step = 0; step < 40; ++step) {
    for (; brings && brought <= std::min<uint64_t>(step + 2, 39); ++brought) {
      if (brought == in_vain) learner.bring_ahead(Repeating(1000).rows());
      if (brought != missing) learner.bring_ahead(Repeating(brought).rows());
    }
    const Repeating batch(step);
    learner.step(batch.rows(), batch.yes_or_no);
  }
}

TEST(Ahead, GoesOnBehindABatchThatWasNotBrought) {
  Learner in_step(config_for("dlrm"));
  train_with_gaps(in_step, false, 0, 0);
  Learner missed(config_for("dlrm"));
  train_with_gaps(missed, true, 10, UINT64_MAX);
  EXPECT_EQ(missed.save(), in_step.save());
  // Not that batch, and not the one behind it, which was counted for its step.
  EXPECT_EQ(missed.rows_brought().batches_ahead, 38U);
  Learner in_vain(config_for("dlrm"));
  train_with_gaps(in_vain, true, UINT64_MAX, 10);
  EXPECT_EQ(in_vain.save(), in_step.save());
  EXPECT_EQ(in_vain.rows_brought().batches_ahead, 39U);
}

/// Counts torch's memory of the host in the place of its own allocator while it lives.
class CountedMemory final : public c10::Allocator {
 public:
  CountedMemory() : real_(c10::GetCPUAllocator()) { c10::SetCPUAllocator(this, kPriority); }
  ~CountedMemory() override { c10::SetCPUAllocator(real_, kPriority); }

  c10::DataPtr allocate(size_t bytes) override {
    auto* block = new Block{real_->allocate(bytes), this, bytes};
    peak = std::max(peak, held += bytes);
    return {block->data.get(), block, [](void* held) { delete static_cast<Block*>(held); }, c10::kCPU};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }

  size_t held = 0, peak = 0;

 private:
  static constexpr uint8_t kPriority = 100;
  struct Block {
    c10::DataPtr data;
    CountedMemory* owner;
    size_t bytes;
    ~Block() { owner->held -= bytes; }
  };
  c10::Allocator* real_;
};

TEST(Ahead, TablesThatLanesShareAreMadeOnce) {
  for (const char* arch : {"tabular", "dlrm", "fm"}) {
    LearnerConfig config = config_for(arch);
    config.net.table.cardinalities[1] = 100000;
    CountedMemory memory;
    std::optional<Learner> first(std::in_place, config), second;
    const size_t one = memory.held;
    EXPECT_GT(one, 100000U * 16 * 3 * sizeof(float)) << arch;  // weights and momenta
    memory.peak = memory.held;
    second.emplace(config, &*first);
    EXPECT_LT(memory.peak - one, one / 50) << arch;
    // Evaluation looks at the one table through both.
    const Repeating batch(3);
    first->load_weights(Learner(config).weights_bytes());
    second->load_weights(first->weights_bytes());
    EXPECT_EQ(second->infer(batch.rows()).values, first->infer(batch.rows()).values) << arch;
    second.reset();
    first.reset();
  }
}

TEST(DistinctCodes, AreThoseOfASet) {
  std::vector<uint64_t> scratch;
  std::vector<int32_t> distinct;
  for (const uint64_t spread : {1ULL, 3ULL, 300ULL, 70000ULL, 0x7FFFFFFFULL}) {
    for (const size_t count : {0UL, 1UL, 2UL, 1000UL}) {
      constexpr size_t kStride = 3;
      std::vector<int32_t> codes(count * kStride, -7), places(count * kStride, -9);
      std::set<int32_t> wanted;
      for (size_t i = 0; i < count; ++i) {
        codes[i * kStride] = static_cast<int32_t>(i * 2654435761ULL % spread);
        wanted.insert(codes[i * kStride]);
      }
      distinct_codes(codes.data(), static_cast<int64_t>(count), kStride, places.data(), distinct, scratch);
      EXPECT_EQ(distinct, std::vector<int32_t>(wanted.begin(), wanted.end()));
      for (size_t i = 0; i < count; ++i) {
        EXPECT_EQ(distinct[static_cast<size_t>(places[i * kStride])], codes[i * kStride]);
        EXPECT_EQ(places[i * kStride + 1], -9);
      }
    }
  }
}

}  // namespace
}  // namespace penstock::learn
