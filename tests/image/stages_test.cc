#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "engine/order/draws.h"
#include "stages/image/decode.h"
#include "stages/image/flip.h"
#include "stages/image/picture_decoder.h"
#include "stages/image/registry.h"
#include "stages/image/resize_reference.h"
#include "tests/image/photos.h"

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
    LoneRecord fine = decode_record(*stage, good);
    EXPECT_TRUE(stage->run(fine, draws, scratch).is_ok());
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
