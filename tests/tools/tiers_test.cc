// The storage tiers as a user of the program sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/tiny_photos.h"
#include "tests/tools/program_run.h"

namespace penstock::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Tiers : public testing::Test {
 protected:
  Tiers() { make_photos(folder / "photos", 4, 40); }
  // Three epochs of 160 small pictures, batches of 16.
  Ran stream(const std::string& data, std::vector<std::string> more = {}) const {
    std::vector<std::string> args{"stream",   "imagenette-resnet18",
                                  "--data",   folder / data,
                                  "--json",   "--quiet",
                                  "--set",    "stage.crop.size=24",
                                  "--set",    "data.batch=16",
                                  "--set",    "data.last=keep",
                                  "--set",    "train.epochs=3",
                                  "--epochs", "3"};
    args.insert(args.end(), more.begin(), more.end());
    return run(args);
  }
  static nlohmann::json tier(const Ran& ran, const std::string& name) {
    const auto json = ran.json();
    for (const auto& tier : json.at("tiers"))
      if (tier.at("name") == name) return tier;
    return {};
  }
  std::vector<std::string> ssd(const std::string& size = "64MiB") const {
    return {"--set", "budget.ram_cache=0B",    "--set", "budget.ssd.path=" + (folder / "cache"),
            "--set", "budget.ssd.size=" + size};
  }
  TempFolder folder;
};

TEST_F(Tiers, EveryFormatTierAndSeekGivesTheSameDigest) {
  ASSERT_EQ(run({"pack", folder / "photos", folder / "a.lmdb", "--quiet"}).code, 0);
  ASSERT_EQ(run({"pack", folder / "photos", folder / "a.tar", "--to", "tar", "--shuffle", "--quiet"}).code, 0);
  ASSERT_EQ(run({"pack", folder / "photos", folder / "a.h5", "--to", "hdf5", "--quiet"}).code, 0);
  ASSERT_EQ(stream("photos", {"--digest", folder / "whole", "--set", "budget.ram_cache=0B"}).code, 0);
  const std::string whole = text_of(folder / "whole");
  ASSERT_EQ(std::count(whole.begin(), whole.end(), '\n'), 30);
  for (const char* data : {"photos", "a.lmdb", "a.tar", "a.h5"}) {
    for (const bool fast : {false, true}) {
      fs::remove_all(folder / "cache");
      std::vector<std::string> more = fast ? ssd() : std::vector<std::string>{"--set", "budget.ram_cache=16MiB"};
      more.insert(more.end(), {"--digest", folder / "d"});
      const Ran ran = stream(data, more);
      ASSERT_EQ(ran.code, 0) << ran.err;
      EXPECT_EQ(text_of(folder / "d"), whole) << data;
      if (!fast) { EXPECT_EQ(tier(ran, "ram").at("hits"), 320) << data << ran.out; }
      more.insert(more.end(), {"--from", "13", "--steps", "17"});
      const Ran rest = stream(data, more);
      ASSERT_EQ(rest.code, 0) << rest.err;
      EXPECT_TRUE(whole.ends_with(text_of(folder / "d"))) << data << " from step 13";
      if (fast) { EXPECT_EQ(tier(rest, "ssd").at("misses"), 0) << data << rest.out; }
    }
  }
}

TEST_F(Tiers, JsonAndWordsSayWhatEachGaveAndTheLeastMisses) {
  ASSERT_EQ(stream("photos", ssd()).code, 0);  // so small a set is read to its end before the SSD has it
  const Ran ran = stream("photos", ssd());
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto fast = tier(ran, "ssd");
  EXPECT_EQ(fast.at("hits"), 480);
  EXPECT_EQ(fast.at("misses"), 0);
  EXPECT_EQ(fast.at("kept"), 160);
  EXPECT_EQ(fast.at("least_misses_an_epoch"), 0);
  EXPECT_GE(fast.at("bytes_read"), fast.at("bytes_needed"));
  std::vector<std::string> args = {"stream",   "imagenette-resnet18",
                                   "--data",   folder / "photos",
                                   "--set",    "stage.crop.size=24",
                                   "--set",    "data.batch=16",
                                   "--epochs", "1"};
  const auto with = ssd();
  args.insert(args.end(), with.begin(), with.end());
  const Ran words = run(args);
  EXPECT_THAT(words.out, HasSubstr("keeps 160 of 160, so that 0 misses an epoch are the least"));
}

TEST_F(Tiers, TheTimelineIsDrawnAndAPlaceThatCannotBeIsRefusedFirst) {
  ASSERT_EQ(stream("photos", {"--timeline", folder / "t.svg"}).code, 0);
  const std::string svg = text_of(folder / "t.svg");
  EXPECT_TRUE(svg.starts_with("<svg") || svg.starts_with("<?xml")) << svg.substr(0, 80);
  EXPECT_THAT(svg, HasSubstr("imagenette-resnet18 over photos"));
  for (const char* option : {"--timeline", "--digest"}) {
    const Ran inside = stream("photos", {option, folder / "photos/a/x.svg"});
    EXPECT_EQ(inside.code, 2) << option;
    EXPECT_THAT(inside.err, HasSubstr(option));
    EXPECT_FALSE(fs::exists(folder / "photos/a/x.svg"));
    EXPECT_EQ(stream("photos", {option, folder / "none/x.svg"}).code, 2) << option;
  }
  std::stop_source stop;
  stop.request_stop();
  const Ran stopped = run({"stream", "imagenette-resnet18", "--data", folder / "photos", "--set", "stage.crop.size=24",
                           "--set", "data.batch=16", "--quiet", "--timeline", folder / "s.svg"},
                          stop.get_token());
  EXPECT_EQ(stopped.code, 130);
  EXPECT_TRUE(fs::exists(folder / "s.svg"));
}

TEST_F(Tiers, CheckPredictsWhatAnEpochReads) {
  const Ran ran = run({"check", "imagenette-resnet18", "--data", folder / "photos", "--val", folder / "photos",
                       "--json", "--quiet", "--set", "stage.crop.size=24", "--set", "data.batch=16"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  uint64_t bytes = 0, files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder / "photos")) {
    if (!entry.is_regular_file() || entry.path().extension() != ".jpg") continue;
    bytes += entry.file_size();
    ++files;
  }
  ASSERT_EQ(files, 160u);
  ASSERT_EQ(ran.json().at("disks").size(), 1u) << ran.out;
  const auto disk = ran.json().at("disks")[0];
  EXPECT_GE(disk.at("bytes_an_epoch").get<uint64_t>(), bytes);
  EXPECT_LE(disk.at("bytes_an_epoch").get<uint64_t>(), bytes + files * 8192) << "whole blocks of 4 KiB are read";
  EXPECT_GT(disk.at("seconds_an_epoch").get<double>(), 0);
}

TEST_F(Tiers, AFileInThePlaceOfTheSsdTierIsRefusedAndLeftAsItIs) {
  std::ofstream(folder / "file") << "in the way";
  const Ran ran = stream("photos", {"--set", "budget.ssd.path=" + (folder / "file"), "--set", "budget.ssd.size=64MiB"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("budget.ssd.path"));
  EXPECT_EQ(text_of(folder / "file"), "in the way");
}

TEST_F(Tiers, OfManyEpochsTheLaterOnesComeFromAnSsdThatHoldsAPart) {
  // The RAM tier is off and the SSD has room for about half.
  uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder / "photos"))
    bytes += entry.is_regular_file() ? entry.file_size() : 0;
  std::vector<std::string> more = ssd(std::to_string(bytes / 2) + "B");
  more.insert(more.end(),
              {"--step-ms", "20", "--set", "budget.window=64KiB"});  // not all epochs are read ahead at once
  const Ran ran = stream("photos", more);
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto fast = tier(ran, "ssd");
  EXPECT_GT(fast.at("kept"), 60) << ran.out;
  EXPECT_LT(fast.at("kept"), 100) << ran.out;
  EXPECT_GT(fast.at("hits").get<double>(), 1.5 * fast.at("kept").get<double>()) << "of two epochs after the first";
}

TEST_F(Tiers, TheLeastBudgetThatIsNamedRuns) {
  ASSERT_EQ(run({"pack", folder / "photos", folder / "a.tar", "--quiet"}).code, 0);
  for (const char* data : {"photos", "a.tar"}) {
    const Ran refused = stream(data, {"--set", "budget.ram=1MiB"});
    EXPECT_EQ(refused.code, 1);
    const size_t at = refused.err.find("budget.ram=");
    ASSERT_NE(at, std::string::npos) << refused.err;
    const std::string least = refused.err.substr(at, refused.err.find(' ', at) - at);
    const Ran ran = stream(data, {"--set", least});
    EXPECT_EQ(ran.code, 0) << least << ": " << ran.err;
    const uint64_t bytes = std::stoull(least.substr(least.find('=') + 1));
    EXPECT_EQ(stream(data, {"--set", "budget.ram=" + std::to_string(bytes - 1) + "B"}).code, 1) << "one byte less";
  }
}

TEST_F(Tiers, AnSsdTierThatTheBudgetHasNoRoomForIsLeftOutWithANote) {
  std::vector<std::string> args{"stream",          "imagenette-resnet18", "--data", folder / "photos", "--json",
                                "--set",           "stage.crop.size=24",  "--set",  "data.batch=16",   "--set",
                                "budget.ram=24MiB"};
  const auto with = ssd();
  args.insert(args.end(), with.begin(), with.end());
  const Ran ran = run(args);
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("the SSD tier is left out: its table"));
}

}  // namespace
}  // namespace penstock::test
