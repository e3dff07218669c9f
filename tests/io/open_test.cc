#include "io/data/open.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/io/collected.h"
#include "tests/io/temp_folder.h"
#include "tests/support/data_dir.h"

namespace penstock::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string open_error(const std::string& where, OpenOptions options = {}) {
  options.cache_folder = "";
  return error_of([&] { open(where, options); });
}

TEST(Open, FindsTrainAndVal) {
  TempFolder folder;
  folder.put("d/train/cat/a.jpg", "1");
  folder.put("d/train/dog/b.jpg", "2");
  folder.put("d/val/dog/c.jpg", "3");
  EXPECT_THAT(names_of(*open(folder / "d")), ElementsAre("cat/a.jpg", "dog/b.jpg"));
  EXPECT_TRUE(has_split(folder / "d", Split::kVal));
  EXPECT_FALSE(has_split(folder / "d/train", Split::kVal));
  const auto val = open(folder / "d", {.split = Split::kVal, .classes = {"cat", "dog"}});
  EXPECT_THAT(read_all(*val).labels, ElementsAre(1));
  EXPECT_THAT(open_error(folder / "d/train", {.split = Split::kVal}), HasSubstr("no validation part"));
  EXPECT_THAT(open(folder / "d", {.split = Split::kAll})->class_names(), ElementsAre("train", "val"));
}

TEST(Open, AClassMayBeNamedTrain) {
  TempFolder folder;
  for (const char* name : {"train/a.jpg", "bus/b.jpg", "car/c.jpg"}) folder.put(std::string("d/") + name, "x");
  EXPECT_THAT(open(folder / "d")->class_names(), ElementsAre("bus", "car", "train"));
}

TEST(Open, TellsFlatFromClasses) {
  TempFolder folder;
  folder.put("flat/a.jpg", "1");
  folder.put("flat/annotations/a.xml", "2");
  EXPECT_TRUE(open(folder / "flat")->class_names().empty());
  folder.put("nested/c/deeper/a.jpg", "1");
  EXPECT_THAT(open(folder / "nested")->class_names(), ElementsAre("c"));
  EXPECT_THAT(names_of(*open("flat:" + folder / "nested")), ElementsAre("c/deeper/a.jpg"));
}

TEST(Open, SaysWhatIsWrong) {
  TempFolder folder;
  EXPECT_THAT(open_error(""), HasSubstr("usage: the path of the data set is empty"));
  EXPECT_THAT(open_error(folder / "none"), HasSubstr("usage: there is no"));
  std::filesystem::create_directory(folder / "empty");
  EXPECT_THAT(open_error(folder / "empty"), HasSubstr("the folder is empty"));
  folder.put("text/a.txt", "x");
  EXPECT_THAT(open_error(folder / "text"), HasSubstr("neither class folders, nor pictures, nor a data.mdb"));
  folder.put("bare/a/x.txt", "x");
  EXPECT_THAT(open_error(folder / "bare"), HasSubstr("1 folders in it, but no pictures"));
  EXPECT_THAT(open_error(folder.put("file.bin", "abc")), HasSubstr("it is a file of 3 bytes"));
  folder.put("two/a/x.jpg", "x");
  EXPECT_THAT(open_error(folder / "two", {.labels = folder / "file.bin"}), HasSubstr("one too many"));
  if (::geteuid() != 0) {
    std::filesystem::create_directory(folder / "locked");
    std::filesystem::permissions(folder / "locked", std::filesystem::perms::none);
    EXPECT_THAT(open_error(folder / "locked"), HasSubstr("Permission denied"));
  }
}

TEST(Open, RealFolders) {
  const auto photos = test::data_dir("imagenette-224");
  if (photos.empty()) GTEST_SKIP() << "no data set imagenette-224: set PENSTOCK_DATA";
  const auto train = open(photos.string(), {.cache_folder = ""});
  const auto val = open(photos.string(), {.split = Split::kVal, .classes = train->class_names(), .cache_folder = ""});
  EXPECT_EQ(train->size() + val->size(), 1200u);
  EXPECT_EQ(train->class_names().size(), 10u);
  const Collected all = read_all(*val);
  for (size_t i = 0; i < val->size(); ++i) {
    EXPECT_EQ(all.reasons[i], "");
    EXPECT_EQ(all.bytes[i].substr(0, 2), "\xff\xd8");
    EXPECT_EQ(val->class_names()[static_cast<size_t>(all.labels[i])], val->name(i).substr(0, val->name(i).find('/')));
  }
  EXPECT_EQ(open((photos / ".." / "imagenet-sample").string(), {.cache_folder = ""})->size(), 146u);
}

}  // namespace
}  // namespace penstock::io
