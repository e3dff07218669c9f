// A package as a network, loaded by torch's loader, against the same network in TorchScript.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/base/error.h"
#include "models/nets/net.h"
#include "tests/io/temp_folder.h"
#include "tests/package/made_package.h"

namespace penstock::nets {
namespace {

using io::error_of;
using test::MadePackage;
using ::testing::HasSubstr;

std::unique_ptr<Net> load(const MadePackage& package, at::Device device = at::kCPU) {
  const std::string bytes = test::bytes_of(package);
  return load_package_net(std::as_bytes(std::span(bytes)), "x.pt2", device);
}
std::string refusal(const MadePackage& package, at::Device device = at::kCPU) {
  return error_of([&] { load(package, device); });
}

std::unique_ptr<Net> twin() {
  const io::TempFolder folder;
  test::write_twin(folder / "twin.pt");
  const std::string bytes = io::text_of(folder / "twin.pt");
  return load_script_net(std::as_bytes(std::span(bytes)), "twin.pt");
}

at::Tensor pictures(int64_t count, int64_t size = 16) { return at::randn({count, 3, size, size}); }

/// For every number of records up to 9, pixels in either layout.
void expect_as_twin(const MadePackage& package) {
  const at::NoGradGuard no_grad;
  const auto net = load(package), script = twin();
  for (int64_t count = 1; count < 10; ++count) {
    const at::Tensor images = pictures(count);
    const at::Tensor expected = script->forward(images);
    EXPECT_TRUE(at::allclose(net->forward(images), expected, 1e-5, 1e-6)) << count;
    EXPECT_TRUE(at::allclose(net->forward(images.contiguous(at::MemoryFormat::ChannelsLast)), expected, 1e-5, 1e-6))
        << count << " channels-last";
  }
}

TEST(PackageNet, GivesWhatItsTwinGives) { expect_as_twin({}); }

TEST(PackageNet, TakesAnyNumberOfRecordsWhateverItsBatch) {
  expect_as_twin({.library = PENSTOCK_TINY_FOUR, .input = {.shape = {"4", "3", "16", "16"}}});
  expect_as_twin({.input = {.shape = {"2-5", "3", "16", "16"}}});
}

TEST(PackageNet, LaysPixelsOutAsItWasCompiledFor) {
  expect_as_twin({.library = PENSTOCK_TINY_CHANNELS_LAST, .input = {.channels_last = true}});
  expect_as_twin(
      {.library = PENSTOCK_TINY_CHANNELS_LAST, .input = {.shape = {"6", "3", "16", "16"}, .channels_last = true}});
}

TEST(PackageNet, TwoOfThemDoNotDisturbEachOther) {
  const at::NoGradGuard no_grad;
  const auto first = load({});
  const at::Tensor images = pictures(3);
  const at::Tensor expected = first->forward(images);
  { EXPECT_TRUE(at::equal(load({})->forward(images), expected)); }
  EXPECT_TRUE(at::equal(first->forward(images), expected));
}

TEST(PackageNet, GivesItsOutputAndNoLayer) {
  const auto net = load({});
  const at::Tensor images = pictures(2);
  EXPECT_TRUE(at::equal(net->features(images, "output"), net->forward(images)));
  EXPECT_THAT(error_of([&] { net->features(images, "avgpool"); }), HasSubstr("no layer 'avgpool'"));
}

TEST(PackageNet, IsNotTrained) {
  const auto net = load({});
  EXPECT_NO_THROW(net->train(false));
  EXPECT_THAT(error_of([&] { net->train(true); }), HasSubstr("cannot be trained"));
  const std::string bytes = test::bytes_of({});
  EXPECT_THAT(error_of([&] { load_script_net(std::as_bytes(std::span(bytes)), "x.pt2"); }),
              HasSubstr("compiled for inference"));
}

TEST(PackageNet, RefusesPicturesOfAnotherSize) {
  const auto net = load({});
  EXPECT_THAT(error_of([&] { net->forward(pictures(2, 24)); }),
              HasSubstr("takes Float (0 or more, 3, 16, 16), the batch is (2, 3, 24, 24)"));
}

TEST(PackageNet, RefusesAnotherDevice) {
  EXPECT_THAT(refusal({.device = "cuda"}), HasSubstr("compiled for 'cuda', and the lane computes on 'cpu'"));
  EXPECT_THAT(refusal({}, at::Device(at::kCUDA, 0)), HasSubstr("compiled for 'cpu', and the lane computes on 'cuda'"));
}

TEST(PackageNet, SaysWhatIsWrongWithItsLibrary) {
  const io::TempFolder folder;
  const std::string text = refusal({.library = folder.put("no.so", std::string(100, 'x'))});
  EXPECT_THAT(text, HasSubstr("cannot load the package 'x.pt2'"));
  EXPECT_THAT(text, HasSubstr("make it with torch 2."));
  // What torch's loader had unpacked, and leaves behind.
  const size_t at = text.find("/tmp/"), end = text.find("/archive/");
  ASSERT_TRUE(at < end && end != std::string::npos) << text;
  std::filesystem::remove_all(text.substr(at, end - at));
  EXPECT_THAT(error_of([] { load({.library = PENSTOCK_TINY_TWO_OUTPUTS})->forward(pictures(2)); }),
              HasSubstr("has 2 outputs, and needs one"));
  // Its source says any batch, its library takes four: the loader's failure is passed on.
  EXPECT_THAT(error_of([] { load({.library = PENSTOCK_TINY_FOUR})->forward(pictures(3)); }),
              HasSubstr("failed on a batch (3, 3, 16, 16)"));
}

}  // namespace
}  // namespace penstock::nets
