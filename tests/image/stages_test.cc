#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "engine/order/draws.h"
#include "stages/image/decode.h"
#include "stages/image/flip.h"
#include "stages/image/flip_kernel.h"
#include "stages/image/picture_decoder.h"
#include "stages/image/registry.h"
#include "stages/image/resize_reference.h"
#include "tests/image/photos.h"
#include "tests/image/targets.h"

namespace penstock::image {
namespace {

// One record without an engine: input bytes, and the memory of output 0 (or of the field worked on in place).
class LoneRecord final : public RecordView {
 public:
  LoneRecord(Field in, std::vector<std::byte> bytes, Field out)
      : in_(std::move(in)), out_(std::move(out)), bytes_(std::move(bytes)), pixels(out_.row_bytes()) {}

  std::uint64_t id() const override { return 0; }
  std::uint64_t epoch() const override { return 0; }
  bool verified() const override { return is_verified; }
  void set_verified() override { is_verified = true; }
  std::size_t inputs() const override { return 1; }
  FieldView in(std::size_t) const override {
    return {&in_, const_cast<std::byte*>(bytes_.data()), static_cast<std::int64_t>(bytes_.size()), true};
  }
  FieldView out(std::size_t) override { return {&out_, reinterpret_cast<std::byte*>(pixels.data()), 1, true}; }
  FieldView out(std::size_t i, std::int64_t) override { return out(i); }
  void absent(std::size_t) override {}

 private:
  Field in_, out_;
  std::vector<std::byte> bytes_;

 public:
  std::vector<std::uint8_t> pixels;
  bool is_verified = false;
};

// The same with memory of its own for each output.
class TwoOutputs final : public RecordView {
 public:
  TwoOutputs(Field in, std::vector<std::byte> bytes, std::vector<Field> out)
      : in_(std::move(in)), out_(std::move(out)), bytes_(std::move(bytes)) {
    for (const Field& field : out_) outputs.emplace_back(field.row_bytes());
  }
  std::uint64_t id() const override { return 0; }
  std::uint64_t epoch() const override { return 0; }
  bool verified() const override { return false; }
  std::size_t inputs() const override { return 1; }
  FieldView in(std::size_t) const override {
    return {&in_, const_cast<std::byte*>(bytes_.data()), static_cast<std::int64_t>(bytes_.size()), true};
  }
  FieldView out(std::size_t i) override { return {&out_[i], reinterpret_cast<std::byte*>(outputs[i].data()), 1, true}; }
  FieldView out(std::size_t i, std::int64_t) override { return out(i); }
  void absent(std::size_t) override {}

 private:
  Field in_;
  std::vector<Field> out_;
  std::vector<std::byte> bytes_;

 public:
  std::vector<std::vector<std::uint8_t>> outputs;
};

std::unique_ptr<RecordStage> make(std::string_view name, const ParamMap& params) {
  StageRegistry registry;
  register_image_stages(registry);
  std::unique_ptr<Stage> stage = registry.require(name).make(params, "it");
  return std::unique_ptr<RecordStage>(dynamic_cast<RecordStage*>(stage.release()));
}

const Schema kEncoded{Field::encoded("bytes"), Field::fixed("label", DType::kI64)};

Draws some_draws(std::uint64_t record = 4) { return Draws(1, 2, record, draw_key("crop")); }

LoneRecord decode_record(const RecordStage& stage, std::vector<std::byte> bytes) {
  return LoneRecord(kEncoded.fields()[0], std::move(bytes), stage.bind(kEncoded).writes[0]);
}

TEST(DecodeStage, SaysWhatItReadsAndWrites) {
  const Bound random = make("image.decode", {{"size", {48, 64}}})->bind(kEncoded);
  EXPECT_EQ(random.reads, (std::vector<std::string>{"bytes"}));
  ASSERT_EQ(random.writes.size(), 1u);
  EXPECT_EQ(random.writes[0], Field::fixed("pixels", DType::kU8, {48, 64, 3}));
  EXPECT_TRUE(random.draws);
  EXPECT_FALSE(make("image.decode", {{"view", "center-crop"}})->bind(kEncoded).draws);
}

TEST(DecodeStage, WritesTheViewOfThePicture) {
  const Picture whole = made_picture(120, 90);
  const auto bytes = jpeg_of(whole);
  PictureDecoder decoder;
  Picture decoded;
  ASSERT_FALSE(decode_whole(decoder, bytes, decoded));
  const Size size{90, 120}, out{32, 40};
  Draws draws = some_draws();
  const View random = random_resized_crop(size, out, {}, draws);
  for (const auto& [name, view] : {std::pair<const char*, View>{"random-resized-crop", random},
                                   {"center-crop", center_crop(size, out, 0.875)},
                                   {"resize", resize_whole(size, out)}}) {
    const auto stage = make("image.decode", {{"view", name}, {"size", {32, 40}}});
    for (const bool verified : {false, true}) {
      LoneRecord record = decode_record(*stage, bytes);
      record.is_verified = verified;
      Scratch scratch;
      Draws again = some_draws();
      ASSERT_TRUE(stage->run(record, again, scratch).is_ok());
      EXPECT_EQ(record.pixels, resize_reference(decoded, view).rgb) << name << " verified " << verified;
    }
  }
}

// Views draw one after the other, so each is what a stage of its own would give, and more of them change none before.
TEST(DecodeStage, GivesSeveralViewsOfOnePicture) {
  const auto bytes = jpeg_of(made_picture(320, 240), {.sampling = ChromaSampling::k420});
  PictureDecoder decoder;
  Picture decoded;
  ASSERT_FALSE(decode_whole(decoder, bytes, decoded));
  const auto stage = make("image.decode", {{"size", {40, 48}}, {"views", 3}, {"small_views", 2}, {"small_size", 16}});
  const Bound bound = stage->bind(kEncoded);
  ASSERT_EQ(bound.writes.size(), 2u);
  EXPECT_EQ(bound.writes[0], Field::fixed("pixels", DType::kU8, {3, 40, 48, 3}));
  EXPECT_EQ(bound.writes[1], Field::fixed("small", DType::kU8, {2, 16, 16, 3}));

  Draws draws = some_draws(), again = some_draws();
  std::vector<std::uint8_t> expected;
  for (int i = 0; i < 3; ++i) {
    const auto view = resize_reference(decoded, random_resized_crop({240, 320}, {40, 48}, {}, draws));
    expected.insert(expected.end(), view.rgb.begin(), view.rgb.end());
  }
  std::vector<std::uint8_t> small;
  for (int i = 0; i < 2; ++i) {
    const auto view = resize_reference(
        decoded, random_resized_crop({240, 320}, {16, 16}, {.scale_low = 0.05, .scale_high = 0.32}, draws));
    small.insert(small.end(), view.rgb.begin(), view.rgb.end());
  }
  TwoOutputs record(kEncoded.fields()[0], bytes, bound.writes);
  Scratch scratch;
  ASSERT_TRUE(stage->run(record, again, scratch).is_ok());
  EXPECT_EQ(record.outputs[0], expected);
  EXPECT_EQ(record.outputs[1], small);
  EXPECT_THROW(make("image.decode", {{"view", "resize"}, {"views", 2}}), Error);
}

TEST(DecodeStage, RefusesWhatIsNoPictureAndGoesOn) {
  const auto stage = make("image.decode", {{"size", 16}});
  Scratch scratch;
  const auto good = jpeg_of(made_picture(64, 64));
  auto cut = good;
  cut.resize(cut.size() - 40);
  const std::string text = "hello, I am a text";
  std::vector<std::byte> words(text.size());
  std::memcpy(words.data(), text.data(), text.size());
  for (const auto& [bytes, reason] :
       {std::pair{std::vector<std::byte>{}, "empty"}, {words, "not an image"}, {cut, "truncated"}}) {
    LoneRecord bad = decode_record(*stage, bytes);
    Draws draws = some_draws();
    const Outcome outcome = stage->run(bad, draws, scratch);
    EXPECT_FALSE(outcome.is_ok());
    EXPECT_THAT(outcome.reason(), testing::StartsWith(reason));
    EXPECT_FALSE(bad.is_verified);
    LoneRecord fine = decode_record(*stage, good);
    EXPECT_TRUE(stage->run(fine, draws, scratch).is_ok());
    EXPECT_TRUE(fine.is_verified) << "all of it was looked at";
  }
}

TEST(DecodeStage, RefusesWrongParametersAndSchemas) {
  EXPECT_THROW(make("image.decode", {{"size", 0}}), Error);
  EXPECT_THROW(make("image.decode", {{"scale", {0.9, 0.1}}}), Error);
  EXPECT_THROW(make("image.decode", {{"view", "middle"}}), Error);
  EXPECT_THROW(make("image.decode", {{"siez", 3}}), Error);
  EXPECT_THROW(make("image.decode", {})->bind(Schema{Field::fixed("bytes", DType::kU8, {3})}), Error);
  EXPECT_THROW(make("image.decode", {})->bind(Schema{Field::fixed("label", DType::kI64)}), Error);
}

TEST(FlipStage, MirrorsInPlaceAndTwiceIsNothing) {
  for (const int channels : {3, 1, 4}) {
    const Field field = Field::fixed("pixels", DType::kU8, {2, 5, channels});
    const auto stage = make("image.flip", {{"p", 1.0}});
    LoneRecord record(field, {}, stage->bind(Schema{field}).writes[0]);
    for (std::size_t i = 0; i < record.pixels.size(); ++i) record.pixels[i] = static_cast<std::uint8_t>(i);
    const auto before = record.pixels;
    Scratch scratch;
    Draws draws = some_draws();
    ASSERT_TRUE(stage->run(record, draws, scratch).is_ok());
    for (int y = 0; y < 2; ++y)
      for (int x = 0; x < 5; ++x)
        for (int c = 0; c < channels; ++c)
          ASSERT_EQ(record.pixels[(y * 5 + x) * channels + c], before[(y * 5 + 4 - x) * channels + c]);
    ASSERT_TRUE(stage->run(record, draws, scratch).is_ok());
    EXPECT_EQ(record.pixels, before);
  }
}

TEST(FlipStage, MirrorsEveryWidthOnEveryTarget) {
  on_every_target([] {
    std::vector<std::uint8_t> room;
    for (int width = 1; width < 70; ++width) {
      std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width) * 3 * 2);
      for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 7);
      const auto before = pixels;
      mirror_rgb(pixels.data(), 2, width, room);
      for (int y = 0; y < 2; ++y)
        for (int i = 0; i < 3 * width; ++i)
          ASSERT_EQ(pixels[y * 3 * width + i], before[y * 3 * width + (width - 1 - i / 3) * 3 + i % 3]) << width;
    }
  });
}

TEST(FlipStage, MirrorsViewsOneByOne) {
  const Field field = Field::fixed("pixels", DType::kU8, {64, 1, 2, 3});
  const auto stage = make("image.flip", {{"p", 0.5}});
  LoneRecord record(field, {}, stage->bind(Schema{field}).writes[0]);
  for (std::size_t i = 0; i < record.pixels.size(); ++i) record.pixels[i] = static_cast<std::uint8_t>(i % 6);
  Scratch scratch;
  Draws draws = some_draws();
  ASSERT_TRUE(stage->run(record, draws, scratch).is_ok());
  int mirrored = 0;
  for (int view = 0; view < 64; ++view) {
    const std::uint8_t* p = record.pixels.data() + view * 6;
    mirrored += p[0] == 3;
    EXPECT_EQ(std::vector<std::uint8_t>(p, p + 6), p[0] == 3 ? (std::vector<std::uint8_t>{3, 4, 5, 0, 1, 2})
                                                             : (std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5}));
  }
  EXPECT_GT(mirrored, 15);
  EXPECT_LT(mirrored, 49);
}

// Each view is changed by itself: with p = 1/2 some are and some are not.
TEST(Augmentations, ChangeViewsOneByOne) {
  const Field field = Field::fixed("pixels", DType::kU8, {32, 4, 5, 3});
  for (const char* name : {"image.invert", "image.erase", "image.gaussian-blur", "image.sharpness"}) {
    const auto stage = make(name, {{"p", 0.5}});
    LoneRecord record(field, {}, stage->bind(Schema{field}).writes[0]);
    for (std::size_t i = 0; i < record.pixels.size(); ++i)
      record.pixels[i] = static_cast<std::uint8_t>(40 + i * i * 37 % 151);
    const auto before = record.pixels;
    Scratch scratch;
    Draws draws = some_draws();
    ASSERT_TRUE(stage->run(record, draws, scratch).is_ok());
    int changed = 0;
    for (int view = 0; view < 32; ++view)
      changed +=
          !std::equal(before.begin() + view * 60, before.begin() + (view + 1) * 60, record.pixels.begin() + view * 60);
    EXPECT_GT(changed, 4) << name;
    EXPECT_LT(changed, 28) << name;
  }
}

TEST(FlipStage, MirrorsAboutItsShareOfThePictures) {
  const Field field = Field::fixed("pixels", DType::kU8, {1, 2, 3});
  const auto stage = make("image.flip", {{"p", 0.25}});
  Scratch scratch;
  int mirrored = 0;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    LoneRecord record(field, {}, field);
    record.pixels = {1, 1, 1, 2, 2, 2};
    Draws draws = some_draws(i);
    ASSERT_TRUE(stage->run(record, draws, scratch).is_ok());
    mirrored += record.pixels[0] == 2;
  }
  EXPECT_NEAR(mirrored, 1000, 110);  // four deviations
}

}  // namespace
}  // namespace penstock::image
