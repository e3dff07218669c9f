// What the program must refuse before it does anything, and leave alone.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/tiny_photos.h"
#include "tests/tools/program_run.h"

namespace penstock::test {
namespace {

namespace fs = std::filesystem;

void expect_refused(const Ran& ran, const std::string& says) {
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_NE(ran.err.find(says), std::string::npos) << "wanted '" << says << "' in: " << ran.err;
}

Ran run_recipe(const std::string& command, const std::string& data, const std::vector<std::string>& more) {
  std::vector<std::string> args{
      command, "imagenette-resnet18",  "--data", data,           "--quiet", "--set",         "stage.crop.size=24",
      "--set", "stage.center.size=24", "--set",  "data.batch=4", "--set",   "train.epochs=2"};
  args.insert(args.end(), more.begin(), more.end());
  return run(args);
}

TEST(Refusals, NothingIsWrittenIntoTheDataSet) {
  const TempFolder folder;
  const std::string photos = folder / "photos";
  make_photos(photos);
  fs::create_directory_symlink(photos, folder / "link");
  for (const std::string& inside : {photos + "/new", photos + "/", folder / "link/new", photos + "/../photos/a/x"}) {
    expect_refused(run({"pack", photos, inside, "--quiet"}), "the data set");
    expect_refused(run({"pack", "folder:" + photos, inside, "--quiet"}), "the data set");
    expect_refused(run_recipe("train", photos, {"--out", inside}), "the data set");
  }
  expect_refused(run_recipe("train", folder / "link", {"--out", photos + "/run"}), "the data set");
  EXPECT_EQ(std::distance(fs::directory_iterator(photos), {}), 3);
  EXPECT_EQ(std::distance(fs::directory_iterator(photos + "/a"), {}), 8);
  EXPECT_EQ(run({"pack", photos, folder / "photos-packed", "--quiet"}).code, 0) << "beside it, with its name in front";
}

TEST(Refusals, CheckRefusesWhatTrainRefuses) {
  const TempFolder folder;
  make_photos(folder / "photos");
  std::ofstream(folder / "blind.toml") << "[data]\nbatch = 4\n";
  for (const char* setting : {"net.arch=resnet19", "lanes.devices=gpu", "train.label_smoothing=1", "net.classes=2"}) {
    const Ran check = run_recipe("check", folder / "photos", {"--set", setting});
    const Ran train = run_recipe("train", folder / "photos", {"--set", setting, "--out", folder / "run"});
    EXPECT_EQ(check.code, 2) << setting << check.err;
    EXPECT_EQ(check.err.substr(check.err.find(':')), train.err.substr(train.err.find(':'))) << setting;
  }
  expect_refused(run({"check", folder / "blind.toml", "--data", folder / "photos"}), "'pixels'");
}

TEST(Refusals, OutputsThatCannotBeWrittenAreSaidFirst) {
  const TempFolder folder;
  make_photos(folder / "photos");
  for (const char* option : {"--trace", "--digest"}) {
    const Ran ran = run_recipe("stream", folder / "photos", {option, folder / "none/file", "--json"});
    expect_refused(ran, option);
    EXPECT_EQ(ran.out, "");
    expect_refused(run_recipe("stream", folder / "photos", {option, folder / "photos"}), "is a folder");
  }
  std::ofstream(folder / "trace.json") << "before";
  EXPECT_EQ(run_recipe("stream", folder / "no photos", {"--trace", folder / "trace.json"}).code, 2);
  EXPECT_FALSE(fs::exists(folder / "trace.json.tmp"));
}

TEST(Refusals, LabelsThatAreNotThere) {
  const TempFolder folder;
  make_photos(folder / "photos", 1);
  const std::string labels = folder / "none.csv";
  expect_refused(run({"info", folder / "photos/a", "--labels", labels}), labels);
  expect_refused(run({"pack", folder / "photos/a", folder / "packed", "--labels", labels}), labels);
  expect_refused(run_recipe("check", folder / "photos/a", {"--labels", labels}), labels);
}

TEST(Refusals, AStepPastTheLastEpochNamesTheLastOne) {
  const TempFolder folder;
  make_photos(folder / "photos");
  EXPECT_EQ(run_recipe("batch", folder / "photos", {"--step", "0"}).code, 0);
  for (const char* step : {"9999999", "2:0", "9999999:0"})
    expect_refused(run_recipe("batch", folder / "photos", {"--step", step}), ", or 1:");
}

TEST(Refusals, OnePartIsNotPackedOverAPair) {
  const TempFolder folder;
  make_photos(folder / "data/train");
  make_photos(folder / "data/val", 3, 2);
  ASSERT_EQ(run({"pack", folder / "data", folder / "packed", "--quiet"}).code, 0);
  expect_refused(run({"pack", folder / "data/val", folder / "packed", "--quiet"}), "holds two data sets");
  expect_refused(run({"pack", folder / "data/val", folder / "packed", "--append", "--quiet"}), "packed/val");
  EXPECT_EQ(run({"pack", folder / "data/val", folder / "packed/val", "--quiet"}).code, 0);
}

TEST(Refusals, FilesThatMayNotBeReadAreNamedAsSuch) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  const TempFolder folder;
  make_photos(folder / "photos");
  fs::permissions(folder / "photos/a/03.jpg", fs::perms::none);
  const Ran ran = run({"pack", folder / "photos", folder / "packed", "--quiet"});
  EXPECT_EQ(ran.code, 0) << "one of 24 is within 1 %, rounded up";
  EXPECT_NE(ran.out.find("1 of them may be sound, but could not be read"), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace penstock::test
