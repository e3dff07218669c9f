// A graph that is cut: what its first stages make is kept by the source's reader and comes back instead of encoded bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "tests/engine/run_world.h"

namespace penstock::test {
namespace {

using ::testing::HasSubstr;

/// Keeps what is made, across runs; every `wrong_every`-th record is offered and then found to be damaged.
class KeepingSource final : public MemorySource {
 public:
  explicit KeepingSource(uint64_t size) : MemorySource(size, true) {}

  std::unique_ptr<Reader> start(const Journey& journey, Budgets&) const override {
    asked_for = journey.cut;
    most_bytes = journey.cut_bytes;
    return std::make_unique<KeepingReader>(*this);
  }

  mutable std::string asked_for;
  mutable uint64_t most_bytes = 0;
  mutable std::mutex mutex;
  mutable std::map<uint64_t, std::vector<std::byte>> kept;
  mutable uint64_t served = 0;
  uint64_t wrong_every = 0;

 private:
  /// One record of the intake.
  class Row final : public Intake {
   public:
    Row(Intake& out, size_t i, bool fixed_only) : out_(out), i_(i), fixed_only_(fixed_only) {}
    size_t count() const override { return 1; }
    std::byte* row(size_t field, size_t) override { return out_.row(field, i_); }
    std::byte* rows(size_t field, size_t, size_t rows) override {
      return fixed_only_ ? nullptr : out_.rows(field, i_, rows);
    }
    void lend(size_t field, size_t, std::span<const std::byte> bytes) override { out_.lend(field, i_, bytes); }
    void absent(size_t field, size_t) override { out_.absent(field, i_); }
    void reject(size_t, std::string reason) override { out_.reject(i_, std::move(reason)); }

   private:
    Intake& out_;
    size_t i_;
    bool fixed_only_;
  };

  class KeepingReader final : public Reader {
   public:
    explicit KeepingReader(const KeepingSource& source) : source_(source) {}
    void read(const Asked& asked, Intake& out) override {
      for (size_t i = 0; i < asked.ids.size(); ++i) {
        const uint64_t id = asked.ids[i];
        bool made = false;
        {
          const std::lock_guard lock(source_.mutex);
          if (const auto found = source_.kept.find(id); found != source_.kept.end() && asked.attempt == 0) {
            std::byte* dest = out.made(i, found->second.size());
            std::memcpy(dest, found->second.data(), found->second.size());
            made = source_.wrong_every == 0 || id % source_.wrong_every != 0;
            source_.served += made;
          }
        }
        Row row(out, i, made);
        source_.MemorySource::read({&id, 1}, row);
      }
    }
    bool wants(uint64_t id) const override {
      const std::lock_guard lock(source_.mutex);
      return !source_.kept.contains(id);
    }
    void keep(uint64_t id, std::span<const std::byte> made) override {
      const std::lock_guard lock(source_.mutex);
      source_.kept[id].assign(made.begin(), made.end());
    }

   private:
    const KeepingSource& source_;
  };
};

/// Ragged and optional words, and a row that is worked on in place on both sides of the cut.
GraphSpec shifted(std::string cache) {
  StageSpec last{.name = "test.shift", .id = "first", .params = {{"by", 2.0}}};
  last.cache = std::move(cache);
  return GraphSpec{}
      .add("test.words")
      .add(std::move(last))
      .add({.name = "test.shift", .id = "second", .params = {{"by", 3.0}}})
      .add("test.twice");
}

TEST(RunCut, BatchesAreTheSameWithEveryShareOfTheRecordsKept) {
  for (const unsigned threads : {1u, 4u}) {
    for (const uint64_t wrong_every : {0, 7}) {
      RunOptions options{.seed = 3, .last = Last::kKeep, .batch = 16, .epochs = 2};
      const Seen plain = run_all(MemorySource(203, true), shifted(""), options, threads);
      KeepingSource source(203);
      source.wrong_every = wrong_every;
      options.epochs = 1;
      options.steps = 5;  // a part of the first epoch
      run_all(source, shifted("ssd"), options, threads);
      EXPECT_EQ(source.kept.size(), 80u);
      options.epochs = 2;
      options.steps = UINT64_MAX;
      const Seen cut = run_all(source, shifted("ssd"), options, threads);
      EXPECT_EQ(cut.ids, plain.ids);
      EXPECT_EQ(cut.bytes, plain.bytes);
      EXPECT_EQ(source.kept.size(), 203u);
      EXPECT_EQ(source.served > 0, true);
      for (const auto& [id, bytes] : source.kept) EXPECT_LE(bytes.size(), source.most_bytes);
    }
  }
}

TEST(RunCut, StagesBeforeItDoNotRunAgain) {
  KeepingSource source(64);
  const RunOptions options{.seed = 3, .batch = 16};
  run_all(source, shifted("ssd"), options, 2);
  RunOptions again = options;
  again.epoch = 1;
  again.cores = std::make_shared<Cores>(2);
  auto run = start(shifted("ssd").bind(source.schema(), registry()), source, again);
  drain(run);
  for (const StageReport& stage : run.report().stages) {
    if (stage.name == "words" || stage.name == "first") {
      EXPECT_EQ(stage.records, 0u) << stage.name;
    } else if (stage.name == "second") {
      EXPECT_EQ(stage.records, 64u);
    }
  }
}

TEST(RunCut, WhatIsKeptIsNamedByTheStagesBeforeItAlone) {
  const auto canonical = [](double first, double second) {
    StageSpec last{.name = "test.shift", .id = "first", .params = {{"by", first}}};
    last.cache = "ssd";
    return GraphSpec{}
        .add("test.words")
        .add(std::move(last))
        .add({.name = "test.shift", .id = "second", .params = {{"by", second}}})
        .bind(MemorySource(1).schema(), registry())
        .cut->canonical;
  };
  EXPECT_EQ(canonical(1, 2), canonical(1, 3));
  EXPECT_NE(canonical(1, 2), canonical(2, 2));
}

TEST(RunCut, ARefusedRecordIsNotKeptAndItsReplacementIs) {
  KeepingSource source(50);
  source.bad = {7, 11};
  const RunOptions options{
      .seed = 3, .last = Last::kKeep, .batch = 10, .faults = {.on_fault = OnFault::kReplace, .budget = 9}};
  const Seen first = run_all(source, shifted("ssd"), options, 2);
  EXPECT_EQ(source.kept.size(), 48u);
  EXPECT_EQ(run_all(source, shifted("ssd"), options, 2).bytes, first.bytes);
}

TEST(RunCut, CachesThatCannotBeAreRefusedWithTheReason) {
  const auto refusal = [](const GraphSpec& spec) -> std::string {
    try {
      spec.bind(MemorySource(1).schema(), registry());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kUsage);
      return error.what();
    }
    return "none";
  };
  const auto cached = [](std::string name, std::string id) {
    StageSpec stage{.name = std::move(name), .id = std::move(id)};
    stage.cache = "ssd";
    return stage;
  };
  EXPECT_THAT(refusal(GraphSpec{}.add(cached("test.paint", "paint"))), HasSubstr("'paint' draws random numbers"));
  EXPECT_THAT(refusal(GraphSpec{}.add("test.paint").add(cached("test.shift", "shift"))),
              HasSubstr("or 'paint' behind"));
  EXPECT_THAT(refusal(GraphSpec{}.add(cached("test.shift", "shift")).add("test.paint")),
              HasSubstr("still reads 'bytes'"));
  EXPECT_THAT(refusal(GraphSpec{}.add(cached("test.twice", "twice"))), HasSubstr("whole batches"));
  EXPECT_THAT(refusal(GraphSpec{}.add(cached("test.shift", "a")).add(cached("test.shift", "b"))),
              HasSubstr("both have a cache"));
  EXPECT_THAT(refusal(GraphSpec{}.add(cached("test.break", "break"))), HasSubstr("nothing that 'break' makes"));
}

}  // namespace
}  // namespace penstock::test
