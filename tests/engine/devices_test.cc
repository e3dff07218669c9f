#include "engine/device/devices.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "tests/support/fake_clock.h"

namespace penstock {
namespace {

void refused(std::string_view spec, Code code, const std::vector<std::string>& words) {
  try {
    open_device(spec);
    ADD_FAILURE() << spec << " was opened";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    for (const std::string& word : words) EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
  }
}

TEST(Devices, OpenByName) {
  EXPECT_EQ(open_device("cpu")->name(), "cpu");
  EXPECT_EQ(open_device("cpu")->tier(), Tier::kRam);
  EXPECT_EQ(open_device("sim:0")->name(), "sim:0");
  EXPECT_EQ(open_device("sim:3")->name(), "sim:3");
  EXPECT_EQ(open_device("sim")->tier(), Tier::kGpu);
  EXPECT_EQ(open_device("cpu,memory=1MiB")->memory_limit(), 1_MiB);
}

TEST(Devices, ASimulatedOneIsWhatItsOptionsSay) {
  test::FakeClock clock;
  const auto device = open_device("sim:1,bandwidth=1MB,memory=2GiB,step_ms=2.5", clock);
  EXPECT_EQ(device->memory_limit(), 2_GiB);
  const auto stream = device->make_stream();
  char from[1000] = {}, to[1000];
  stream->launch([] {});
  stream->copy(to, from, 1000);
  stream->synchronize();
  EXPECT_GE(stream->busy_ns(), 3'500'000);
}

TEST(Devices, WithoutCudaSayWhyAndNameWhatThereIs) {
  bool cuda = false;
  for (const DeviceInfo& info : list_devices()) cuda |= info.spec.starts_with("cuda");
  if (cuda) GTEST_SKIP() << "this machine has CUDA";
  ASSERT_EQ(missing_devices().size(), 1u);
  EXPECT_EQ(missing_devices()[0], "cuda: this program was built without CUDA");
  refused("cuda:0", Code::kDevice, {"cannot open 'cuda:0'", "CUDA", "devices of this machine: cpu, sim:0"});
}

TEST(Devices, RefuseANameThatIsNone) {
  refused("", Code::kUsage, {"no kind"});
  refused("cpu:1", Code::kUsage, {"there is one cpu"});
  refused("sin:0", Code::kUsage, {"unknown kind 'sin'", "sim"});
  refused("sim:x", Code::kUsage, {"'x' is no number"});
  refused("sim:-1", Code::kUsage, {"'-1' is no number"});
  refused("sim:0,step=3", Code::kUsage, {"unknown option 'step'", "step_ms"});
  refused("sim:0,step_ms=fast", Code::kUsage, {"step_ms", "'fast'"});
  refused("sim:0,step_ms=-1", Code::kUsage, {"step_ms"});
  refused("sim:0,step_ms=nan", Code::kUsage, {"step_ms"});
  refused("sim:0,memory=lots", Code::kUsage, {"memory", "'lots'"});
  refused("sim:0,memory", Code::kUsage, {"key=value"});
  refused("sim:0,", Code::kUsage, {"key=value"});
}

TEST(Devices, AreListedAsTheyAreOpened) {
  for (const DeviceInfo& info : list_devices()) {
    EXPECT_EQ(open_device(info.spec)->name(), info.spec);
    EXPECT_FALSE(info.description.empty());
  }
}

}  // namespace
}  // namespace penstock
