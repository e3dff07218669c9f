// Whatever the bytes are, the answer is a picture or a reason: over all the odd files that there are.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <map>

#include "stages/image/picture_decoder.h"
#include "tests/image/photos.h"
#include "tests/support/data_dir.h"

namespace penstock::image {
namespace {

namespace fs = std::filesystem;

class OddFiles : public testing::Test {
 protected:
  static constexpr std::int64_t kLimit = 40'000'000;  // keeps the sweep short; the limit itself is tested elsewhere

  ~OddFiles() override { fs::remove_all(unpacked_); }

  // What is in an archive, in a folder of its own that goes away with the test.
  fs::path unpack(const fs::path& archive) {
    const fs::path to = unpacked_ / archive.stem().stem();
    fs::create_directories(to);
    const std::string command = "tar -xzf '" + archive.string() + "' -C '" + to.string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return to;
  }

  // Decodes whole, then a small crop: never a crash, never more than a few seconds, always the same answer.
  Fault look_at(const fs::path& path) {
    const auto bytes = read_file(path);
    const auto begin = std::chrono::steady_clock::now();
    Fault whole = check_whole(decoder_, bytes, {.max_pixels = kLimit});
    ++answers_[std::string(name_of(whole.kind))];
    Fault cropped = decoder_.open(bytes, {.max_pixels = kLimit});
    if (!cropped) {
      DiscardedRows rows;
      const Header& h = decoder_.header();
      cropped = decoder_.decode({h.width / 3, h.height / 3, 1 + h.width / 4, 1 + h.height / 4}, false, rows);
    }
    EXPECT_EQ(whole.text(), cropped.text()) << path;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(seconds.count(), 20.0) << path;  // a hang; the slowest takes about one
    if (seconds.count() > slowest_) slowest_ = seconds.count(), slowest_path_ = path.filename();
    return whole;
  }

  void sweep(const fs::path& folder) {
    for (const auto& path : files_in(folder))
      if (path.filename() != "README.md") (void)look_at(path);
  }

  void print() const {
    for (const auto& [answer, count] : answers_)
      std::printf("  %-16s %d\n", answer == "none" ? "picture" : answer.c_str(), count);
    std::printf("  slowest %.2f s: %s\n", slowest_, slowest_path_.c_str());
  }

  PictureDecoder decoder_;
  std::map<std::string, int> answers_;
  double slowest_ = 0;
  std::string slowest_path_;
  fs::path unpacked_ = fs::temp_directory_path() / ("penstock_odd_files_" + std::to_string(std::rand()) + "_" +
                                                    testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(OddFiles, FuzzedJpegsGiveAPictureOrAReason) {
  const auto data = test::data_dir("odd-files");
  if (data.empty()) GTEST_SKIP() << "no data set odd-files: set PENSTOCK_DATA";
  for (const auto& archive : files_in(data / "jpeg-fuzz", {".gz"})) sweep(unpack(archive));
  for (const auto& archive : files_in(data / "jpeg-crashtest", {".gz"})) sweep(unpack(archive));
  print();
  EXPECT_GT(answers_["none"], 50);
  EXPECT_GT(answers_["truncated"], 100);
}

TEST_F(OddFiles, OddPngsGiveAPictureOrAReason) {
  const auto data = test::data_dir("odd-files");
  if (data.empty()) GTEST_SKIP() << "no data set odd-files: set PENSTOCK_DATA";
  sweep(data / "png");
  sweep(unpack(data / "png/libpng_crashers.tar.gz"));
  const fs::path suite = unpack(data / "png/libpng_pngsuite_testpngs.tar.gz");
  int valid = 0;
  for (const auto& path : files_in(suite, {".png"})) {
    const Fault fault = look_at(path);
    EXPECT_FALSE(fault) << path << ": " << fault.text();
    ++valid;
  }
  print();
  EXPECT_EQ(valid, 164);
}

TEST_F(OddFiles, UnusualButValidJpegsAreDecoded) {
  const auto data = test::data_dir("odd-files");
  if (data.empty()) GTEST_SKIP() << "no data set odd-files: set PENSTOCK_DATA";
  const std::map<std::string, FaultKind> refused = {
      {"lepton_badzerorun.jpg", FaultKind::kTruncated},       {"lepton_colorswap.jpg", FaultKind::kHeader},
      {"lepton_gray2sf.jpg", FaultKind::kTruncated},          {"lepton_narrowrst.jpg", FaultKind::kTruncated},
      {"lepton_nofsync.jpg", FaultKind::kTruncated},          {"lepton_singlerowtrunc.jpg", FaultKind::kTruncated},
      {"lepton_truncatedzerorun.jpg", FaultKind::kTruncated}, {"partial_progressive.jpg", FaultKind::kCorrupt},
      {"progressive-missing-dc.jpg", FaultKind::kCorrupt}};
  for (const char* folder : {"jpeg-unusual", "exif-invalid"})
    for (const auto& path : files_in(data / folder)) {
      const Fault fault = look_at(path);
      const auto known = refused.find(path.filename());
      EXPECT_EQ(fault.kind, known == refused.end() ? FaultKind::kNone : known->second) << path << ": " << fault.text();
    }
}

TEST_F(OddFiles, OddPhotographsAreDecodedAndBrokenOnesRefused) {
  const auto data = test::data_dir("odd-photos");
  if (data.empty()) GTEST_SKIP() << "no data set odd-photos: set PENSTOCK_DATA";
  for (const auto& path : files_in(data)) {
    if (path.filename() == "README.md") continue;
    const std::string folder = path.parent_path().filename();
    const Fault fault = look_at(path);
    const FaultKind expected = folder == "truncated"         ? FaultKind::kTruncated
                               : folder == "huge-dimensions" ? FaultKind::kTooManyPixels
                                                             : FaultKind::kNone;
    EXPECT_EQ(fault.kind, expected) << path << ": " << fault.text();
  }
}

}  // namespace
}  // namespace penstock::image
