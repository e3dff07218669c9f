#include "pipelines/train/report_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipelines/train_world.h"

namespace penstock::train {
namespace {

using ::testing::HasSubstr;

TEST(ReportJob, SaysWhatLimitedTheRunAndProvesTheLedger) {
  const test::TrainWorld world;
  world.damage("b/13.jpg");
  const TrainResult trained = world.train({"data.last=keep"});
  const RunReport report = read_run(io::FileSystem::real(), world.run_path());
  EXPECT_TRUE(report.proven());
  const std::string text = report_text(report);
  EXPECT_THAT(text, HasSubstr("limited this run"));
  EXPECT_THAT(text, HasSubstr("What would lift it"));
  EXPECT_THAT(text, HasSubstr("epochs 1 to 5: 27 records, 26 seen once, 1 quarantined and replaced"));
  EXPECT_THAT(text, HasSubstr("weights " + trained.weights_xxh3));
  EXPECT_THAT(text, HasSubstr("crop"));
  EXPECT_THAT(report_json(report), HasSubstr("\"proven\":true"));
}

TEST(ReportJob, ComparesTwoRuns) {
  const test::TrainWorld world;
  world.train({}, Resume::kNever, "first");
  world.train({"train.lr=1e-3"}, Resume::kNever, "second");
  const std::string text = comparison_text(read_run(io::FileSystem::real(), world.run_path("first")),
                                           read_run(io::FileSystem::real(), world.run_path("second")));
  EXPECT_THAT(text, HasSubstr("train.lr: 0.01 -> 0.001"));
  EXPECT_THAT(text, HasSubstr("The weights differ"));
}

TEST(ReportJob, NoticesALedgerThatLost) {
  const test::TrainWorld world;
  world.train();
  const RunPaths paths(world.run_path());
  io::File(io::FileSystem::real(), paths.quarantine(), io::OpenMode::kUpdate)
      .write_at(0, io::bytes_of("{\"epoch\":1,\"position\":3,\"attempt\":0,\"record\":9}\n"));
  const RunReport report = read_run(io::FileSystem::real(), world.run_path());
  EXPECT_FALSE(report.proven());
  EXPECT_THAT(report_text(report), HasSubstr("NOT PROVEN"));
}

TEST(ReportJob, ALedgerThatIsCutShortOrGoneProvesNothing) {
  const test::TrainWorld world;
  world.train();
  const std::string ledger = RunPaths(world.run_path()).ledger();
  {
    io::File file(io::FileSystem::real(), ledger, io::OpenMode::kUpdate);
    file.write_at(file.size() / 2, io::bytes_of("rotten"));
  }
  const RunReport rotten = read_run(io::FileSystem::real(), world.run_path());
  EXPECT_FALSE(rotten.proven());
  EXPECT_THAT(report_text(rotten), HasSubstr("of the 30 steps that were taken"));
  io::FileSystem::real().unlink(ledger);
  const RunReport gone = read_run(io::FileSystem::real(), world.run_path());
  EXPECT_FALSE(gone.proven());
  EXPECT_THAT(report_text(gone), HasSubstr("NOT PROVEN"));
  EXPECT_THAT(report_text(gone), HasSubstr("covers 0 of the 30 steps"));
  EXPECT_THAT(report_json(gone), HasSubstr("\"proven\":false"));
}

TEST(ReportJob, NamesADamagedCheckpointThatItPassesOver) {
  const test::TrainWorld world;
  world.train();
  const std::string path = RunPaths(world.run_path()).checkpoints() + "/step-30.ckpt";
  io::File(io::FileSystem::real(), path, io::OpenMode::kUpdate).truncate(100);
  EXPECT_THAT(report_text(read_run(io::FileSystem::real(), world.run_path())), HasSubstr("step-30.ckpt' is damaged"));
}

TEST(ReportJob, RefusesWhatIsNoRun) {
  const test::TrainWorld world;
  EXPECT_THAT(io::error_of([&] { read_run(io::FileSystem::real(), world.data_path()); }),
              HasSubstr("no run directory"));
}

}  // namespace
}  // namespace penstock::train
