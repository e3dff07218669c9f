#include "tests/device/feed_cases.h"

#include "engine/base/error.h"
#include "engine/device/sim_device.h"

namespace penstock::device {
namespace {

INSTANTIATE_TEST_SUITE_P(Here, FeedOnDevice, testing::Values("cpu", "sim:0"), device_word);

TEST(HeldPictures, AreHeldByAllLanesOrByNone) {
  const auto large = make_sim_device({.index = 0}), small = make_sim_device({.index = 1});
  const auto held = make_held();
  held->join(*large, 10'000);
  held->join(*small, 400);
  EXPECT_FALSE(held->offer(1, 16, 16)) << "768 bytes";
  EXPECT_TRUE(held->is_full());
  auto offer = held->offer(2, 8, 8);
  ASSERT_TRUE(offer);
  EXPECT_FALSE(held->holds(2)) << "not yet kept";
  std::fill_n(offer->rgb(), 192, uint8_t{7});
  offer->keep();
  EXPECT_TRUE(held->holds(2));
  EXPECT_FALSE(held->offer(2, 8, 8)) << "held";
  for (size_t lane = 0; lane < 2; ++lane) {
    const auto stream = (lane == 0 ? large : small)->make_stream();
    held->wait(lane, *stream);
    const CachedImage image = held->find(lane, 2);
    ASSERT_NE(image.rgb, nullptr);
    EXPECT_EQ(image.width, 8);
    std::vector<uint8_t> back(192);
    stream->copy(back.data(), image.rgb, back.size());
    stream->synchronize();
    EXPECT_EQ(back, std::vector<uint8_t>(192, 7));
  }
  EXPECT_EQ(held->text(),
            "sim:0 and sim:1 hold 1 decoded pictures each, 192 B of 400 B; there is no room for the others, which the "
            "CPUs make in every epoch");
  held->leave();
  EXPECT_FALSE(held->holds(2));
}

TEST(HeldPictures, AnOfferThatIsNotKeptGivesItsRoomBack) {
  const auto device = make_sim_device();
  const auto held = make_held();
  held->join(*device, 200);
  {
    const auto first = held->offer(1, 8, 8);
    EXPECT_TRUE(first);
    EXPECT_FALSE(held->offer(2, 8, 8));
  }
  EXPECT_TRUE(held->offer(2, 8, 8)) << "a picture that turned out to be damaged holds no place";
}

TEST(HeldPictures, ARecordIsOfferedToOneAtATime) {
  const auto device = make_sim_device();
  const auto held = make_held();
  held->join(*device, 400);
  {
    auto offer = held->offer(1, 8, 8);
    ASSERT_TRUE(offer);
    EXPECT_FALSE(held->offer(1, 8, 8));
    offer->keep();
  }
  EXPECT_EQ(held->pictures(), 1u);
  EXPECT_TRUE(held->offer(2, 8, 8));
  EXPECT_FALSE(held->is_full());
}

TEST(HeldPictures, NobodyWaitsForTheLink) {
  // 192 bytes take a second; the clock stands still, so what was kept is on its way for ever.
  class Still final : public Clock {
   public:
    int64_t now_ns() const override { return 0; }
    void sleep_until_ns(int64_t ns) override {
      std::unique_lock lock(mutex_);
      moved_.wait(lock, [&] { return now_ >= ns; });
    }
    void move_to(int64_t ns) {
      const std::lock_guard lock(mutex_);
      now_ = ns;
      moved_.notify_all();
    }

   private:
    std::mutex mutex_;
    std::condition_variable moved_;
    int64_t now_ = 0;
  };
  Still clock;
  const auto device = make_sim_device({.copy_bytes_per_second = 192, .count_real_work = false}, clock);
  const auto held = make_held(256);  // room for one
  held->join(*device, 10'000);
  held->offer(1, 8, 8)->keep();
  EXPECT_FALSE(held->offer(2, 8, 8)) << "all that may be on its way is";
  EXPECT_FALSE(held->is_full()) << "it is offered again in the next epoch";
  clock.move_to(int64_t{1} << 60);
  const auto stream = device->make_stream();
  held->wait(0, *stream);
  stream->synchronize();
  EXPECT_TRUE(held->offer(2, 8, 8));
}

/// A device whose host memory runs out as it is told.
class ShortOfHostMemory final : public Device {
 public:
  std::string_view name() const override { return own_->name(); }
  Tier tier() const override { return own_->tier(); }
  uint64_t memory_limit() const override { return own_->memory_limit(); }
  Budgets& budgets() override { return own_->budgets(); }
  DeviceBuffer allocate(uint64_t bytes, Credit credit) override { return own_->allocate(bytes, std::move(credit)); }
  Buffer make_host_buffer(uint64_t bytes) override {
    if (is_short) throw Error(*is_short, "no pinned memory");
    return own_->make_host_buffer(bytes);
  }
  std::unique_ptr<Stream> make_stream() override { return own_->make_stream(); }

  std::optional<Code> is_short;

 private:
  const std::unique_ptr<Device> own_ = make_sim_device();
};

TEST(HeldPictures, WithoutMemoryOfTheHostNothingIsOfferedAndNothingIsTaken) {
  ShortOfHostMemory device;
  const auto held = make_held(256);  // room for one
  held->join(device, 192);
  for (const Code code : {Code::kMemory, Code::kDevice}) {
    device.is_short = code;
    for (int i = 0; i < 3; ++i) {
      if (code == Code::kMemory)
        EXPECT_FALSE(held->offer(1, 8, 8));
      else
        EXPECT_THROW(held->offer(1, 8, 8), Error);
    }
  }
  EXPECT_FALSE(held->is_full());
  device.is_short.reset();
  auto offer = held->offer(1, 8, 8);
  ASSERT_TRUE(offer) << "its room, its turn and what may be staged are there as before";
  offer->keep();
  EXPECT_TRUE(held->holds(1));
}

TEST(HeldPictures, ADeviceWithoutRoomForTheCacheSaysSo) {
  const auto device = make_sim_device({.memory_bytes = 1000});
  const auto held = make_held();
  try {
    held->join(*device, 2000);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kMemory);
    EXPECT_NE(std::string(e.what()).find("wanted for image cache"), std::string::npos) << e.what();
  }
}

StageSpec stage(std::string name, ParamMap params = {}) {
  StageSpec spec;
  spec.id = name.substr(name.find('.') + 1);
  spec.name = std::move(name);
  spec.params = std::move(params);
  return spec;
}

std::string refused(std::vector<StageSpec> stages) {
  stages.front().cache = "gpu";
  try {
    fed_chain(stages);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kUsage);
    return e.what();
  }
  return "";
}

TEST(FedChain, ReadsTheTrainingsStages) {
  std::vector<StageSpec> stages = {stage("image.decode", {{"exact", true}, {"size", 48}}),
                                   stage("image.flip", {{"p", 0.25}}), stage("image.blur")};
  EXPECT_FALSE(fed_chain(stages)) << "nobody asks for it";
  stages[0].cache = "gpu";
  stages[0].draw = "crop";
  stages[2].when = When::kEval;
  const FedChain chain = fed_chain(stages).value();
  EXPECT_EQ(chain.augment.size, (image::Size{48, 48}));
  EXPECT_EQ(chain.augment.crop_id, "crop");
  EXPECT_EQ(chain.augment.flip_p, 0.25);
  EXPECT_FALSE(chain.augment.mixup);
}

TEST(FedChain, NamesTheStageThatADeviceDoesNotDo) {
  const StageSpec decode = stage("image.decode", {{"exact", true}});
  const auto says = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  says(refused({decode, stage("image.gaussian-blur")}),
       "stage 'gaussian-blur' (image.gaussian-blur) is not done on a device");
  says(refused({decode, stage("image.cutmix")}), "stage 'cutmix' (image.cutmix) is not done on a device");
  says(refused({decode, stage("image.color-jitter"), stage("image.flip")}), "'image.color-jitter', and with cache");
  says(refused({decode, stage("image.flip"), stage("image.flip")}), "each once");
  says(refused({stage("image.decode")}), "set exact = true");
  says(refused({stage("image.decode", {{"exact", true}, {"view", "center-crop"}})}), "leave cache out");
  says(refused({stage("image.decode", {{"exact", true}, {"views", 2}})}), "several views");
  says(refused({stage("image.decode", {{"exact", true}, {"interpolation", "area"}})}), "bilinear alone");
  says(refused({decode, stage("image.erase", {{"value", "random"}})}), "erases with noise");
  says(refused({stage("image.flip")}), "say it on image.decode");
  StageSpec renamed = decode;
  renamed.outputs = {{"pixels", "left"}};
  says(refused({renamed}), "renames fields");
}

}  // namespace
}  // namespace penstock::device
