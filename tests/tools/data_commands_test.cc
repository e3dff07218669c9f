#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/data_dir.h"
#include "tests/support/tiny_photos.h"
#include "tests/tools/program_run.h"

namespace penstock::test {
namespace {

namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Small pictures need small crops.
std::vector<std::string> stream_args(const std::string& data, const std::string& digest,
                                     std::vector<std::string> more = {}) {
  std::vector<std::string> args{"stream",   "imagenette-resnet18",
                                "--data",   data,
                                "--digest", digest,
                                "--json",   "--quiet",
                                "--set",    "data.batch=5",
                                "--set",    "stage.crop.size=24",
                                "--set",    "data.last=keep",
                                "--set",    "stage.center.size=24"};
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

TEST(DataCommands, DigestIsTheSameForThreadsFormatsAndAfterASeek) {
  const TempFolder folder;
  make_photos(folder / "photos");
  ASSERT_EQ(run({"pack", folder / "photos", folder / "packed", "--quiet"}).code, 0);
  ASSERT_EQ(run({"pack", folder / "photos", folder / "shuffled", "--shuffle", "--quiet"}).code, 0);
  const Ran one = run(stream_args(folder / "photos", folder / "1.txt", {"--threads", "1", "--epochs", "2"}));
  ASSERT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(one.json().at("records"), 48);
  EXPECT_EQ(one.json().at("batches"), 10);
  const std::string whole = text_of(folder / "1.txt");
  ASSERT_EQ(std::count(whole.begin(), whole.end(), '\n'), 10);

  EXPECT_EQ(run(stream_args(folder / "photos", folder / "2.txt", {"--threads", "2", "--epochs", "2"})).code, 0);
  EXPECT_EQ(text_of(folder / "2.txt"), whole);
  for (const char* packed : {"packed", "shuffled"}) {
    EXPECT_EQ(run(stream_args(folder / packed, folder / "3.txt", {"--threads", "2", "--epochs", "2"})).code, 0);
    EXPECT_EQ(text_of(folder / "3.txt"), whole) << packed;
  }
  EXPECT_EQ(run(stream_args(folder / "photos", folder / "4.txt", {"--from", "1:2"})).code, 0);
  EXPECT_TRUE(whole.ends_with(text_of(folder / "4.txt")));
  EXPECT_EQ(run(stream_args(folder / "photos", folder / "5.txt", {"--from", "7", "--steps", "2"})).code, 0);
  const std::string two = text_of(folder / "5.txt");
  EXPECT_EQ(std::count(two.begin(), two.end(), '\n'), 2);
  EXPECT_NE(whole.find(two), std::string::npos);
  EXPECT_EQ(run(stream_args(folder / "photos", folder / "6.txt", {"--epochs", "2", "--set", "budget.ram=64MiB"})).code,
            0);
  EXPECT_EQ(text_of(folder / "6.txt"), whole);
  EXPECT_EQ(run(stream_args(folder / "photos", folder / "7.txt", {"--epochs", "2", "--set", "seed=2"})).code, 0);
  EXPECT_NE(text_of(folder / "7.txt"), whole);
}

TEST(DataCommands, PhasesChangeTheBatchesAtTheirBoundary) {
  const TempFolder folder;
  make_photos(folder / "photos");
  std::ofstream(folder / "recipe.toml") << R"(base = "imagenette-resnet18"
[data]
batch = 5
last = "keep"
[stage.crop]
size = 24
[[phase]]
until_epoch = 1
set = { "data.batch" = 12, "stage.crop.size" = 16 }
)";
  const std::string recipe = folder / "recipe.toml";
  const Ran whole = run(
      {"stream", recipe, "--data", folder / "photos", "--epochs", "2", "--digest", folder / "a", "--json", "--quiet"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_EQ(whole.json().at("batches"), 2 + 5);
  const Ran tail = run(
      {"stream", recipe, "--data", folder / "photos", "--from", "3", "--digest", folder / "b", "--json", "--quiet"});
  ASSERT_EQ(tail.code, 0) << tail.err;
  EXPECT_TRUE(text_of(folder / "a").ends_with(text_of(folder / "b")));
  EXPECT_TRUE(text_of(folder / "b").starts_with("1 1 5 "));
}

TEST(DataCommands, StreamSaysWhatItPromises) {
  const TempFolder folder;
  make_photos(folder / "photos");
  const Ran ran =
      run(stream_args(folder / "photos", folder / "d", {"--step-ms", "1", "--trace", folder / "trace.json"}));
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto json = ran.json();
  for (const char* key : {"records", "rejected", "replaced", "batches", "seconds", "records_per_second",
                          "first_batch_seconds", "batch_wait_seconds", "accelerator_utilisation", "bytes_read",
                          "cpu_seconds", "peak_rss_bytes", "peak_budget_bytes", "bottleneck", "stages", "tiers"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_TRUE(json["batch_wait_seconds"].contains("p99"));
  EXPECT_GT(json["accelerator_utilisation"].get<double>(), 0);
  EXPECT_LE(json["accelerator_utilisation"].get<double>(), 1);
  EXPECT_GT(json["bytes_read"].get<uint64_t>(), 1000u);
  EXPECT_EQ(json["stages"].front().at("name"), "read");
  const auto trace = nlohmann::json::parse(text_of(folder / "trace.json"));
  EXPECT_FALSE(trace.empty());
}

TEST(DataCommands, StreamStopsWhenAsked) {
  const TempFolder folder;
  make_photos(folder / "photos");
  std::stop_source stop;
  stop.request_stop();
  const Ran ran = run(stream_args(folder / "photos", folder / "d", {"--epochs", "1000000"}), stop.get_token());
  EXPECT_EQ(ran.code, 130);
  EXPECT_TRUE(ran.json().at("stopped").get<bool>());
  EXPECT_FALSE(fs::exists(folder / "d")) << "half a digest must not look like a whole one";
}

TEST(DataCommands, BatchShowsTheRecordsOfAStep) {
  const TempFolder folder;
  make_photos(folder / "photos");
  const std::vector<std::string> sets{"--set", "data.batch=6",          "--set", "stage.crop.size=24",
                                      "--set", "data.val.fraction=0.25"};
  std::vector<std::string> args{"batch",  "imagenette-resnet18", "--data", folder / "photos", "--step", "1:1", "--json",
                                "--quiet"};
  args.insert(args.end(), sets.begin(), sets.end());
  const Ran ran = run(args);
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto json = ran.json();
  EXPECT_EQ(json.at("epoch"), 1);
  ASSERT_EQ(json.at("records").size(), 6u);
  for (const auto& record : json.at("records")) {
    EXPECT_LT(record.at("id").get<uint64_t>(), 24u);
    EXPECT_EQ(record.at("name").get<std::string>().substr(0, 1), record.at("class").get<std::string>());
    EXPECT_EQ(record.at("draws").at("crop").size(), 4u);
    EXPECT_EQ(record.at("draws").at("flip").size(), 4u);
  }
  args[5] = "1:400";
  EXPECT_EQ(run(args).code, 2);
  args[5] = "1.5";
  EXPECT_EQ(run(args).code, 2);
}

TEST(DataCommands, CheckShowsSchemasAndPredicts) {
  const TempFolder folder;
  make_photos(folder / "photos");
  const Ran ran = run({"check", "imagenette-resnet18", "--data", folder / "photos", "--json", "--quiet", "--set",
                       "data.batch=4", "--set", "stage.crop.size=24"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto json = ran.json();
  EXPECT_EQ(json.at("train").at("stages").size(), 2u);
  EXPECT_EQ(json.at("train").at("fields").size(), 2u);
  EXPECT_GT(json.at("records_per_second").get<double>(), 0);
  EXPECT_EQ(json.at("eval").at("records").get<int>() + json.at("train").at("records").get<int>(), 24);
}

TEST(DataCommands, VerifyNamesDamagedRecords) {
  const TempFolder folder;
  make_photos(folder / "photos");
  EXPECT_EQ(run({"verify", folder / "photos", "--quiet"}).code, 0);
  truncate_file(folder / "photos/b/03.jpg");
  write_bytes(folder / "photos/c/01.jpg", {});
  const Ran ran = run({"verify", folder / "photos", "--json", "--quiet"});
  EXPECT_EQ(ran.code, 3);
  ASSERT_EQ(ran.json().at("damaged").size(), 2u);
  EXPECT_EQ(ran.json().at("damaged")[0].at("id"), 11);
  EXPECT_TRUE(ran.json().at("damaged")[0].at("file").get<std::string>().ends_with("b/03.jpg"));
  EXPECT_NE(ran.json().at("damaged")[0].at("reason").get<std::string>().find("truncated"), std::string::npos);
}

TEST(DataCommands, PackLeavesDamagedRecordsOutAndListsThem) {
  const TempFolder folder;
  make_photos(folder / "photos");
  truncate_file(folder / "photos/b/03.jpg");
  const Ran ran = run({"pack", folder / "photos", folder / "packed", "--json", "--quiet"});
  EXPECT_EQ(ran.code, 0) << "one of 24 is within 1 %, rounded up";
  EXPECT_EQ(ran.json().at("records"), 23);
  EXPECT_EQ(ran.json().at("rejected").size(), 1u);
  EXPECT_NE(text_of(folder / "packed.rejected.jsonl").find("b/03.jpg"), std::string::npos);
  EXPECT_EQ(run({"verify", folder / "packed", "--quiet"}).code, 0);
  EXPECT_EQ(run({"pack", folder / "photos", folder / "none", "--max-damaged", "0%", "--quiet"}).code, 3);

  const Ran again = run({"pack", folder / "photos", folder / "packed", "--json", "--quiet"});
  EXPECT_EQ(again.code, 0);
  EXPECT_TRUE(again.json().at("already_complete").get<bool>());
  EXPECT_EQ(again.json().at("records"), 23);
}

TEST(DataCommands, PackTakesBothPartsAndTheyAreFound) {
  const TempFolder folder;
  make_photos(folder / "data/train", 3, 8);
  make_photos(folder / "data/val", 3, 2);
  const Ran ran = run({"pack", folder / "data", folder / "packed", "--json", "--quiet"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.json().at("records"), 30);
  const Ran train = run(stream_args(folder / "packed", folder / "d"));
  EXPECT_EQ(train.json().at("records"), 24);
  const Ran eval = run(stream_args(folder / "packed", folder / "d", {"--view", "eval"}));
  EXPECT_EQ(eval.json().at("records"), 6);
}

TEST(DataCommands, InfoTellsHowWellItIsShuffled) {
  const TempFolder folder;
  make_photos(folder / "photos", 4, 12);
  ASSERT_EQ(run({"pack", folder / "photos", folder / "shuffled", "--shuffle", "--quiet"}).code, 0);
  const auto sorted = run({"info", folder / "photos", "--json", "--quiet"}).json();
  EXPECT_EQ(sorted.at("format"), "folder");
  EXPECT_EQ(sorted.at("records"), 48);
  EXPECT_EQ(sorted.at("classes").size(), 4u);
  EXPECT_EQ(sorted.at("order_quality"), 0);
  EXPECT_EQ(sorted.at("encodings").at("jpeg"), 48);
  const auto shuffled = run({"info", folder / "shuffled", "--json", "--quiet"}).json();
  EXPECT_EQ(shuffled.at("format"), "lmdb");
  EXPECT_EQ(shuffled.at("records_verified"), 48);
  EXPECT_GT(shuffled.at("order_quality").get<double>(), 0.7);
}

TEST(DataCommands, ProbeMeasures) {
  const TempFolder folder;
  make_photos(folder / "photos");
  const Ran ran = run({"probe", "--data", folder / "photos", "--json", "--quiet", "--threads", "1"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  for (const char* key : {"decode_images_per_second", "disk_sequential_bytes_per_second",
                          "disk_random_reads_per_second", "memcpy_bytes_per_second", "gemm_flops"}) {
    EXPECT_GT(ran.json().at(key).get<double>(), 0) << key;
  }
  EXPECT_FALSE(ran.json().at("devices").empty());
}

TEST(DataCommands, RealPhotosGiveTheSameDigestFromFolderAndLmdb) {
  const auto photos = data_dir("imagenette-224");
  if (photos.empty()) GTEST_SKIP() << "no data set imagenette-224: set PENSTOCK_DATA";
  const TempFolder folder;
  const std::string source = (photos / "val").string();
  ASSERT_EQ(run({"pack", source, folder / "val", "--quiet"}).code, 0);
  for (const std::string& data : {source, folder / "val"}) {
    const std::string digest = folder / (data == source ? "a" : "b");
    const Ran ran = run({"stream", "imagenette-resnet18", "--data", data, "--digest", digest, "--quiet", "--threads",
                         data == source ? "1" : "2"});
    ASSERT_EQ(ran.code, 0) << ran.err;
  }
  EXPECT_EQ(text_of(folder / "a"), text_of(folder / "b"));
}

}  // namespace
}  // namespace penstock::test
