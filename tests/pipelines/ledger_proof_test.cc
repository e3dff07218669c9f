#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/graph/graph_spec.h"
#include "engine/run/run.h"
#include "pipelines/train/ledger_proof.h"
#include "pipelines/train/run_logs.h"
#include "tests/io/temp_folder.h"
#include "tests/support/memory_source.h"
#include "tests/support/stages.h"

namespace penstock::train {
namespace {

/// Writes the ledger of a run over made-up records, step by step as `tamper` lets it.
class LedgerProof : public ::testing::Test {
 protected:
  enum class Do { kWrite, kLeaveOut, kTwice };

  LedgerProof() { io::FileSystem::real().make_folders(folder_ / "ledger"); }

  void write(
      RunOptions options, const std::function<Do(const Batch&)>& what = [](const Batch&) { return Do::kWrite; }) {
    options.cores = std::make_shared<Cores>(2);
    penstock::Run run =
        penstock::Run::start(GraphSpec().add("test.paint").bind(source_.schema(), test::registry()), source_, options);
    RunLogs logs(io::FileSystem::real(), RunPaths(folder_.path()));
    logs.plan({options.epoch, 7, run.plan().options()});
    while (const Batch batch = run.next()) {
      const Do action = what(batch);
      if (action == Do::kLeaveOut) continue;
      logs.step(taken_of(batch), nullptr, 0, source_);
      if (action == Do::kTwice) logs.step(taken_of(batch), nullptr, 0, source_);
    }
    logs.sync();
  }
  std::vector<EpochProof> prove() const { return prove_ledger(io::FileSystem::real(), folder_.path()); }

  test::MemorySource source_{103};
  io::TempFolder folder_;
};

TEST_F(LedgerProof, HoldsForAWholeEpoch) {
  write({.seed = 1, .batch = 10, .epochs = 2});
  const auto proofs = prove();
  ASSERT_EQ(proofs.size(), 2u);
  EXPECT_TRUE(proofs[0].holds()) << proofs[0].text();
  EXPECT_TRUE(proofs[1].holds()) << proofs[1].text();
  EXPECT_EQ(proofs[1].text(), "epoch 2: 103 records, 100 seen once, 3 left out (data.last = \"drop\")");
}

TEST_F(LedgerProof, CountsRecordsThatWrapAround) {
  write({.seed = 1, .last = Last::kWrap, .batch = 10});
  EXPECT_EQ(prove().at(0).text(), "epoch 1: 103 records, 103 seen once, 7 seen again (data.last = \"wrap\")");
}

TEST_F(LedgerProof, NamesQuarantinedRecordsAndTheirReplacements) {
  source_.bad = {3, 50};
  write({.seed = 1, .last = Last::kKeep, .batch = 10, .faults = {.on_fault = OnFault::kReplace, .budget = 9}});
  EXPECT_EQ(prove().at(0).text(), "epoch 1: 103 records, 101 seen once, 2 quarantined and replaced");
}

TEST_F(LedgerProof, CountsSkippedRecords) {
  source_.bad = {3, 50};
  write({.seed = 1, .last = Last::kKeep, .batch = 10, .faults = {.on_fault = OnFault::kSkip, .budget = 9}});
  EXPECT_EQ(prove().at(0).text(), "epoch 1: 103 records, 101 seen once, 2 quarantined");
}

TEST_F(LedgerProof, NoticesAStepThatIsMissing) {
  write({.seed = 1, .batch = 10}, [](const Batch& b) { return b.step() == 4 ? Do::kLeaveOut : Do::kWrite; });
  EXPECT_THAT(prove().at(0).text(), ::testing::HasSubstr("step 5 came where step 4 was due"));
}

TEST_F(LedgerProof, NoticesAStepThatCameTwice) {
  write({.seed = 1, .batch = 10}, [](const Batch& b) { return b.step() == 4 ? Do::kTwice : Do::kWrite; });
  EXPECT_FALSE(prove().at(0).faults.empty());
}

TEST_F(LedgerProof, NoticesOtherRecordsThanThePlanned) {
  write({.seed = 1, .batch = 10, .steps = 3});
  RunLogs logs(io::FileSystem::real(), RunPaths(folder_.path()));
  logs.cut_back({});
  write({.seed = 1, .batch = 10, .steps = 3});  // the plan of seed 1 ...
  const auto entries = read_ledger(io::FileSystem::real(), RunPaths(folder_.path()).ledger());
  const std::string path = RunPaths(folder_.path()).ledger();
  io::FileSystem::real().unlink(path);
  LedgerWriter writer(io::FileSystem::real(), path);
  LedgerPlan plan = std::get<LedgerPlan>(entries.at(0));
  plan.plan.seed = 2;  // ... said to be that of seed 2
  writer.plan(plan);
  penstock::Run run = penstock::Run::start(GraphSpec().add("test.paint").bind(source_.schema(), test::registry()),
                                           source_, {.seed = 1, .batch = 10, .steps = 1});
  writer.step(taken_of(run.next()));
  writer.sync();
  EXPECT_THAT(prove().at(0).text(), ::testing::HasSubstr("the records of step 0 are not the planned ones"));
}

TEST_F(LedgerProof, NoticesARefusalThatTheQuarantineDoesNotName) {
  source_.bad = {3};
  write({.seed = 1, .last = Last::kKeep, .batch = 10, .faults = {.on_fault = OnFault::kReplace, .budget = 9}});
  io::FileSystem::real().unlink(RunPaths(folder_.path()).quarantine());
  EXPECT_THAT(prove().at(0).text(), ::testing::HasSubstr("record 3 was refused but is not in quarantine.jsonl"));
}

TEST_F(LedgerProof, ARefusalIsOnDiskBeforeTheLedgerTellsOfIt) {
  source_.bad = {3};
  penstock::Run run =
      penstock::Run::start(GraphSpec().add("test.paint").bind(source_.schema(), test::registry()), source_,
                           {.last = Last::kKeep, .batch = 103, .faults = {.on_fault = OnFault::kSkip, .budget = 9}});
  RunLogs logs(io::FileSystem::real(), RunPaths(folder_.path()));
  logs.step(taken_of(run.next()), nullptr, 0, source_);
  EXPECT_THAT(io::text_of(RunPaths(folder_.path()).quarantine()), ::testing::HasSubstr("\"record\":3"));
}

TEST_F(LedgerProof, QuarantineMayBeAheadWhileTheEpochIsUnderWay) {
  write({.seed = 1, .batch = 10, .steps = 3});
  io::File(io::FileSystem::real(), RunPaths(folder_.path()).quarantine(), io::OpenMode::kUpdate)
      .write_at(0, io::bytes_of("{\"epoch\":0,\"position\":33,\"attempt\":0,\"record\":9}\n"));
  EXPECT_TRUE(prove().at(0).faults.empty()) << prove().at(0).text();
}

TEST_F(LedgerProof, HoldsWhereARunWasCutBackAndWentOn) {
  write({.seed = 1, .batch = 10, .steps = 6});
  {
    LedgerWriter writer(io::FileSystem::real(), RunPaths(folder_.path()).ledger());
    const uint64_t all = writer.offset();
    writer.cut_back(all - 2 * (41 + 16));  // two steps
  }
  write({.seed = 1, .batch = 10, .step = 4});
  EXPECT_TRUE(prove().at(0).holds()) << prove().at(0).text();
}

}  // namespace
}  // namespace penstock::train
