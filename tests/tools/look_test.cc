#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "stages/image/picture_decoder.h"
#include "tests/support/tiny_photos.h"
#include "tests/tools/program_run.h"

namespace penstock::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::byte> bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

image::Picture picture_at(const std::string& path) {
  image::PictureDecoder decoder;
  image::Picture picture;
  const auto bytes = bytes_of(path);
  const image::Fault fault = image::decode_whole(decoder, bytes, picture);
  EXPECT_FALSE(fault) << fault.text();
  return picture;
}

// Pictures of one colour each, which no crop changes.
void make_colours(const std::string& root) {
  for (int i = 0; i < 6; ++i) {
    std::vector<std::uint8_t> rgb;
    for (int k = 0; k < 40 * 40; ++k)
      for (const int value : {40 * i, 255 - 40 * i, i % 2 * 200}) rgb.push_back(static_cast<std::uint8_t>(value));
    write_bytes(root + "/" + (i < 3 ? "cats" : "dogs") + "/" + std::to_string(i) + ".jpg",
                image::encode_jpeg({.data = rgb.data(), .width = 40, .height = 40},
                                   {.quality = 100, .sampling = image::ChromaSampling::k444}));
  }
}

std::vector<std::string> look_args(const std::string& data, const std::string& out,
                                   std::vector<std::string> more = {}) {
  std::vector<std::string> args{"look",
                                "imagenette-resnet18",
                                "--data",
                                data,
                                "--out",
                                out,
                                "--json",
                                "--set",
                                "data.batch=4",
                                "--set",
                                "stage.crop.size=32",
                                "--set",
                                "stage.center.size=32"};
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

TEST(Look, ShowsEachRecordInItsPlace) {
  const TempFolder folder;
  make_colours(folder / "photos");
  const Ran ran = run(look_args(folder / "photos", folder / "sheet.png", {"--columns", "2"}));
  ASSERT_EQ(ran.code, 0) << ran.err;
  const image::Picture sheet = picture_at(folder / "sheet.png");
  EXPECT_EQ(ran.json().at("width"), sheet.width);
  EXPECT_EQ(ran.json().at("height"), sheet.height);
  const auto records = ran.json().at("records");
  ASSERT_EQ(records.size(), 4u);
  const int cell_x = sheet.width / 2, cell_y = sheet.height / 2;
  for (int i = 0; i < 4; ++i) {
    const std::string name = records[static_cast<size_t>(i)].at("name");
    const int number = name[name.size() - 5] - '0';
    EXPECT_EQ(records[static_cast<size_t>(i)].at("class"), number < 3 ? "cats" : "dogs");
    const int x = i % 2 * cell_x + cell_x / 2, y = i / 2 * cell_y + 6 + 16;  // the middle of the picture
    const std::uint8_t* pixel = sheet.rgb.data() + (y * sheet.width + x) * 3;
    EXPECT_NEAR(pixel[0], 40 * number, 4) << name;
    EXPECT_NEAR(pixel[1], 255 - 40 * number, 4) << name;
    bool has_ink = false;  // the caption below it
    for (int row = i / 2 * cell_y + 6 + 33; row < (i / 2 + 1) * cell_y; ++row)
      for (int column = i % 2 * cell_x; column < (i % 2 + 1) * cell_x; ++column)
        has_ink = has_ink || sheet.rgb[(row * sheet.width + column) * 3] < 60;
    EXPECT_TRUE(has_ink) << name;
  }
}

TEST(Look, IsTheSameForAnyThreadsAndOtherStepsDiffer) {
  const TempFolder folder;
  make_photos(folder / "photos");
  ASSERT_EQ(run(look_args(folder / "photos", folder / "1.png", {"--threads", "1"})).code, 0);
  ASSERT_EQ(run(look_args(folder / "photos", folder / "2.png", {"--threads", "2"})).code, 0);
  ASSERT_EQ(run(look_args(folder / "photos", folder / "3.png", {"--step", "1:2"})).code, 0);
  ASSERT_EQ(run(look_args(folder / "photos", folder / "4.png", {"--view", "eval", "--count", "2"})).code, 0);
  EXPECT_EQ(bytes_of(folder / "1.png"), bytes_of(folder / "2.png"));
  EXPECT_NE(bytes_of(folder / "1.png"), bytes_of(folder / "3.png"));
  EXPECT_LT(picture_at(folder / "4.png").width * picture_at(folder / "4.png").height,
            picture_at(folder / "1.png").width * picture_at(folder / "1.png").height);
}

TEST(Look, ShowsViewsSideBySide) {
  const TempFolder folder;
  make_photos(folder / "photos");
  const auto width = [&](const std::string& out, const std::string& views) {
    const Ran ran =
        run(look_args(folder / "photos", folder / out, {"--count", "1", "--set", "stage.crop.views=" + views}));
    EXPECT_EQ(ran.code, 0) << ran.err;
    return picture_at(folder / out).width;
  };
  EXPECT_EQ(width("three.png", "3"), width("one.png", "1") + 2 * (32 + 2));
}

TEST(Look, SaysWhatIsWrong) {
  const TempFolder folder;
  make_photos(folder / "photos");
  const Ran field = run(look_args(folder / "photos", folder / "a.png", {"--field", "label"}));
  EXPECT_EQ(field.code, 2);
  EXPECT_NE(field.err.find("pictures are in: pixels"), std::string::npos) << field.err;
  EXPECT_EQ(run(look_args(folder / "photos", folder / "a.png", {"--field", "pixel"})).code, 2);
  EXPECT_EQ(run(look_args(folder / "photos", folder / "photos/a.png")).code, 2) << "into the data set";
  EXPECT_EQ(run(look_args(folder / "photos", folder / "no/such/folder/a.png")).code, 2);
  EXPECT_EQ(run(look_args(folder / "photos", folder / "a.png", {"--step", "99:0"})).code, 2);
  EXPECT_FALSE(fs::exists(folder / "a.png"));
}

TEST(Look, ShowsTheExampleOfAugmentations) {
  const TempFolder folder;
  make_colours(folder / "photos");
  const Ran ran = run({"look", PENSTOCK_SOURCE_DIR "/examples/augment.toml", "--data", folder / "photos", "--out",
                       folder / "sheet.png", "--json", "--set", "data.batch=6"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.json().at("records").size(), 6u);
  EXPECT_GT(picture_at(folder / "sheet.png").width, 300);
}

}  // namespace
}  // namespace penstock::test
