#include <gtest/gtest.h>

#include <filesystem>

#include "io/data/open.h"
#include "tests/support/tiny_photos.h"
#include "tests/tools/program_run.h"

namespace penstock::test {
namespace {

namespace fs = std::filesystem;

/// Each message must say `says` and the program must end with `code`.
void expect_fault(const Ran& ran, int code, const std::string& says) {
  EXPECT_EQ(ran.code, code) << ran.err;
  EXPECT_NE(ran.err.find(says), std::string::npos) << "wanted '" << says << "' in: " << ran.err;
  EXPECT_EQ(ran.out, "");
}

Ran stream(const std::string& data, std::vector<std::string> more = {}) {
  std::vector<std::string> args{"stream", "imagenette-resnet18", "--data", data,          "--quiet",
                                "--set",  "stage.crop.size=24",  "--set",  "data.batch=4"};
  args.insert(args.end(), more.begin(), more.end());
  return run(args);
}

TEST(BadInput, MissingPath) {
  for (const char* command : {"info", "verify"}) expect_fault(run({command, "/no/such/place"}), 2, "/no/such/place");
  expect_fault(run({"pack", "/no/such/place", "/tmp/never"}), 2, "/no/such/place");
  expect_fault(stream("/no/such/place"), 2, "/no/such/place");
}

TEST(BadInput, EmptyFolder) {
  const TempFolder folder;
  fs::create_directories(folder / "empty");
  expect_fault(run({"info", folder / "empty"}), 2, "empty");
  fs::create_directories(folder / "hollow/a");
  fs::create_directories(folder / "hollow/b");
  expect_fault(stream(folder / "hollow"), 2, "no pictures");
}

TEST(BadInput, UnreadableFolder) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  const TempFolder folder;
  make_photos(folder / "photos", 2, 2);
  fs::permissions(folder / "photos", fs::perms::none);
  const Ran ran = run({"info", folder / "photos"});
  fs::permissions(folder / "photos", fs::perms::owner_all);
  expect_fault(ran, 1, "Permission denied");
}

TEST(BadInput, NoClassFoldersStreamsButCannotBeLearntFrom) {
  const TempFolder folder;
  make_photos(folder / "photos", 1, 8);
  EXPECT_EQ(stream(folder / "photos/a").code, 0);
  expect_fault(run({"check", "imagenette-resnet18", "--data", folder / "photos/a"}), 2, "no classes");
}

TEST(BadInput, OneClassOnlyIsNoted) {
  const TempFolder folder;
  make_photos(folder / "photos", 1, 8);
  const Ran ran = run({"info", folder / "photos"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(ran.err.find("one class"), std::string::npos) << ran.err;
}

TEST(BadInput, UnknownRecipeKeyNamesTheNearest) {
  const TempFolder folder;
  make_photos(folder / "photos");
  expect_fault(stream(folder / "photos", {"--set", "data.bacth=4"}), 2, "'batch'");
  expect_fault(stream(folder / "photos", {"--set", "stage.crop.sise=4"}), 2, "'size'");
  expect_fault(stream(folder / "photos", {"--set", "data.batch=-4"}), 2, "data.batch");
  expect_fault(run({"stream", "imagenette-resnet81", "--data", folder / "photos"}), 2, "'imagenette-resnet18'");
}

TEST(BadInput, BatchLargerThanTheData) {
  const TempFolder folder;
  make_photos(folder / "photos");
  expect_fault(stream(folder / "photos", {"--set", "data.batch=400"}), 2, "400");
}

TEST(BadInput, AFieldNobodyMakes) {
  const TempFolder folder;
  make_photos(folder / "photos");
  std::ofstream(folder / "recipe.toml") << "[data]\nbatch = 4\n[[stage]]\nname = \"image.flip\"\n";
  expect_fault(run({"stream", folder / "recipe.toml", "--data", folder / "photos"}), 2, "pixels");
}

TEST(BadInput, AForeignDestIsRefusedAndLeftAlone) {
  const TempFolder folder;
  make_photos(folder / "photos");
  write_bytes(folder / "dest/letter.txt", tiny_jpeg(8, 8, 1));
  expect_fault(run({"pack", folder / "photos", folder / "dest", "--quiet"}), 2, "did not write it");
  EXPECT_TRUE(fs::exists(folder / "dest/letter.txt"));
  ASSERT_EQ(run({"pack", folder / "photos", folder / "packed", "--quiet"}).code, 0);
  make_photos(folder / "others", 2, 3);
  expect_fault(run({"pack", folder / "others", folder / "packed", "--quiet"}), 2, "another source");
  expect_fault(run({"pack", folder / "photos", folder / "packed", "--resize", "20", "--quiet"}), 2, "other options");
}

TEST(BadInput, WhatPackDoesNotOfferIsSaid) {
  const TempFolder folder;
  make_photos(folder / "photos");
  expect_fault(run({"pack", folder / "photos", folder / "p", "--to", "tar", "--append"}), 2, "adds to an LMDB");
  expect_fault(run({"pack", folder / "photos", folder / "p", "--unchecked", "--resize", "9"}), 2, "as they are");
  expect_fault(run({"pack", folder / "photos", folder / "p", "--shuffle", "--memory", "much"}), 2, "no size");
  const auto encode = [&](std::vector<std::string> more, const std::string& said) {
    more.insert(more.begin(), {"pack", folder / "photos", folder / "p", "--encode"});
    expect_fault(run(more), 2, said);
  };
  encode({"webp"}, "is no encoding");
  encode({"raww"}, "'raw'");
  encode({"raw", "--quality", "3"}, "no --quality");
  encode({"raw", "--size", "0x0"}, "no size of a picture");
  encode({"raw", "--size", "9x9", "--resize", "4"}, "exclude each other");
  encode({"keep", "--resize", "9"}, "leaves pictures as they are");
  encode({"mixed"}, "--budget");
  encode({"jpeg", "--budget", "1GiB"}, "for --encode mixed");
  expect_fault(run({"pack", folder / "photos", folder / "p", "--to", "lmbd"}), 2, "'lmdb'");
  EXPECT_FALSE(fs::exists(folder / "p"));
}

TEST(BadInput, NothingThatCanBeDecoded) {
  const TempFolder folder;
  make_photos(folder / "photos", 2, 2);
  for (const auto& entry : fs::recursive_directory_iterator(folder / "photos")) {
    if (entry.is_regular_file()) std::ofstream(entry.path()) << "this is a text";
  }
  expect_fault(run({"pack", folder / "photos", folder / "packed", "--quiet"}), 3, "none of the 4 records");
}

TEST(BadInput, ADamagedLmdb) {
  const TempFolder folder;
  make_photos(folder / "photos");
  ASSERT_EQ(run({"pack", folder / "photos", folder / "packed", "--quiet"}).code, 0);
  {
    // Bytes in the middle of a record: the checksum tells.
    const Location at = io::open(folder / "packed")->locate(7);
    std::fstream file(at.file, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at.offset + at.length / 2));
    file.put('\x55').put('\xaa').put('\x55');
  }
  const Ran ran = run({"verify", folder / "packed", "--json", "--quiet"});
  EXPECT_EQ(ran.code, 3) << ran.err << ran.out;
  ASSERT_EQ(ran.json().at("damaged").size(), 1u);
  EXPECT_EQ(ran.json().at("damaged")[0].at("id"), 7);
  fs::resize_file(folder / "packed/data.mdb", 8192);
  expect_fault(run({"info", folder / "packed"}), 3, "data.mdb");
}

TEST(BadInput, ADamagedRecordInTheStreamIsReplacedWithinTheBudget) {
  const TempFolder folder;
  make_photos(folder / "photos");
  truncate_file(folder / "photos/b/03.jpg");
  const Ran within = run({"stream", "imagenette-resnet18", "--data", folder / "photos", "--json", "--set",
                          "stage.crop.size=24", "--set", "data.batch=4", "--set", "faults.budget=10%"});
  EXPECT_EQ(within.code, 0) << within.err;
  EXPECT_EQ(within.json().at("rejected"), 1);
  EXPECT_EQ(within.json().at("replaced"), 1);
  EXPECT_EQ(within.json().at("records"), 24);
  EXPECT_NE(within.err.find("b/03.jpg"), std::string::npos);
  expect_fault(stream(folder / "photos", {"--set", "faults.budget=0%"}), 3, "03.jpg");
  expect_fault(stream(folder / "photos", {"--view", "eval"}), 3, "03.jpg");
}

TEST(BadInput, ABudgetThatIsTooSmallSaysWhatIsNeeded) {
  const TempFolder folder;
  make_photos(folder / "photos");
  const Ran ran = stream(folder / "photos", {"--set", "budget.ram=1KiB"});
  expect_fault(ran, 1, "the least");
}

}  // namespace
}  // namespace penstock::test
