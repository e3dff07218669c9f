#include "models/nets/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "engine/base/error.h"

namespace penstock::nets {
namespace {

using testing::HasSubstr;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// A file with that header and that many bytes of data.
std::string file_of(const std::string& header, size_t data_bytes) {
  std::string out(8, '\0');
  const uint64_t size = header.size();
  std::memcpy(out.data(), &size, 8);
  return out + header + std::string(data_bytes, 'x');
}

std::string complaint(const std::string& file) {
  try {
    decode_safetensors(bytes_of(file), "w.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kData);
    EXPECT_THAT(error.what(), HasSubstr("w.safetensors"));
    return error.what();
  }
  return "nothing was wrong";
}

TEST(Safetensors, GivesBackWhatItTook) {
  const float weights[6] = {1, 2, 3, 4, 5, 6};
  const int64_t count = -3;
  const uint8_t flags[3] = {0, 7, 255};
  const std::vector<StoredTensor> in = {{"b", DType::kU8, {3}, std::as_bytes(std::span(flags))},
                                        {"a/w", DType::kF32, {2, 3}, std::as_bytes(std::span(weights))},
                                        {"none", DType::kBF16, {0, 4}, {}},
                                        {"n", DType::kI64, {}, std::as_bytes(std::span(&count, 1))}};
  const Metadata metadata = {{"quote\"", "line\nslash\\ \x01 ümlaut"}, {"empty", ""}};
  const auto bytes = encode_safetensors(in, metadata);
  const StoredState out = decode_safetensors(bytes, "memory");
  EXPECT_EQ(out.metadata, metadata);
  ASSERT_EQ(out.tensors.size(), in.size());
  for (const StoredTensor& tensor : in) {
    const StoredTensor* found = out.find(tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    EXPECT_EQ(found->dtype, tensor.dtype);
    EXPECT_EQ(found->shape, tensor.shape);
    EXPECT_TRUE(std::equal(found->bytes.begin(), found->bytes.end(), tensor.bytes.begin(), tensor.bytes.end()));
    EXPECT_EQ((found->bytes.data() - bytes.data()) % static_cast<ptrdiff_t>(size_of(tensor.dtype)), 0) << "aligned";
  }
  EXPECT_EQ(out.find("missing"), nullptr);
}

TEST(Safetensors, TheOrderOfTheInputDoesNotMatter) {
  const float x[2] = {1, 2};
  const StoredTensor a{"a", DType::kF32, {2}, std::as_bytes(std::span(x))};
  const StoredTensor b{"b", DType::kF32, {1}, std::as_bytes(std::span(x, 1))};
  EXPECT_EQ(encode_safetensors({a, b}, {}), encode_safetensors({b, a}, {}));
}

TEST(Safetensors, ReadsWhatThePythonLibraryWrote) {
  std::ifstream in(PENSTOCK_SOURCE_DIR "/tests/models/golden/small.safetensors", std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  const StoredState state = decode_safetensors(bytes_of(file), "small");
  EXPECT_EQ(state.metadata.at("note"), "quote \" slash \\ line\nümlaut 🙂");
  ASSERT_EQ(state.tensors.size(), 6u);
  EXPECT_EQ(state.find("f32")->shape, (std::vector<int64_t>{2, 3}));
  float last = 0;
  std::memcpy(&last, state.find("f32")->bytes.data() + 20, 4);
  EXPECT_EQ(last, 1.25f);
  int64_t scalar = 0;
  std::memcpy(&scalar, state.find("i64")->bytes.data(), 8);
  EXPECT_EQ(scalar, -7);
  EXPECT_EQ(state.find("bf16")->dtype, DType::kBF16);
  EXPECT_EQ(state.find("f16")->dtype, DType::kF16);
  EXPECT_EQ(std::to_integer<int>(state.find("u8")->bytes[2]), 255);
  EXPECT_TRUE(state.find("empty")->bytes.empty());
}

TEST(Safetensors, NamesWhatIsWrong) {
  const auto one = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return "{\"w\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
  };
  EXPECT_EQ(complaint(file_of(one("F32", "[2]", "[0,8]"), 8)), "nothing was wrong");
  EXPECT_THAT(complaint("short"), HasSubstr("fewer than the 8"));
  EXPECT_THAT(complaint(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10)), HasSubstr("header claims"));
  EXPECT_THAT(complaint(file_of(one("F32", "[2]", "[0,8]"), 7)), HasSubstr("outside"));
  EXPECT_THAT(complaint(file_of(one("F32", "[2]", "[8,0]"), 8)), HasSubstr("outside"));
  EXPECT_THAT(complaint(file_of(one("F32", "[3]", "[0,8]"), 8)), HasSubstr("does not fill"));
  EXPECT_THAT(complaint(file_of(one("F32", "[4611686018427387904,4]", "[0,8]"), 8)), HasSubstr("does not fill"));
  EXPECT_THAT(complaint(file_of(one("F99", "[2]", "[0,8]"), 8)), HasSubstr("unknown type 'F99'"));
  EXPECT_THAT(complaint(file_of(one("F32", "[2]", "[0,8]"), 9)), HasSubstr("1 bytes at the end belong to no tensor"));
  EXPECT_THAT(complaint(file_of(one("F32", "[-2]", "[0,8]"), 8)), HasSubstr("not negative"));
  EXPECT_THAT(complaint(file_of(one("F32", "[2.5]", "[0,8]"), 8)), HasSubstr("byte"));
  EXPECT_THAT(complaint(file_of(one("F32", "[2]", "[0,8,9]"), 8)), HasSubstr("two numbers"));
  EXPECT_THAT(complaint(file_of("{\"w\":{\"dtype\":\"F32\"}}", 0)), HasSubstr("lacks"));
  EXPECT_THAT(complaint(file_of("{\"w\":{\"colour\":\"red\"}}", 0)), HasSubstr("unknown key 'colour'"));
  EXPECT_THAT(complaint(file_of("{\"__metadata__\":{\"a\":1}}", 0)), HasSubstr("expected '\"'"));
  EXPECT_THAT(complaint(file_of("{} {}", 0)), HasSubstr("closing brace"));
  EXPECT_THAT(complaint(file_of("{\"w", 0)), HasSubstr("does not end"));
  EXPECT_THAT(complaint(file_of("{\"\\ud800\":1}", 0)), HasSubstr("surrogate"));
  EXPECT_THAT(complaint(file_of("not json", 0)), HasSubstr("expected '{'"));
}

TEST(Safetensors, RefusesOverlapsGapsAndNamesGivenTwice) {
  const auto two = [](const std::string& first, const std::string& second, const std::string& name = "b") {
    return "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + first + "},\"" + name +
           "\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + second + "}}";
  };
  EXPECT_EQ(complaint(file_of(two("[0,4]", "[4,8]"), 8)), "nothing was wrong");
  EXPECT_THAT(complaint(file_of(two("[0,4]", "[3,7]"), 7)), HasSubstr("overlaps"));
  EXPECT_THAT(complaint(file_of(two("[0,4]", "[0,4]"), 4)), HasSubstr("overlaps"));
  EXPECT_THAT(complaint(file_of(two("[0,4]", "[5,9]"), 9)), HasSubstr("gap"));
  EXPECT_THAT(complaint(file_of(two("[0,4]", "[4,8]", "a"), 8)), HasSubstr("'a' stands twice"));
}

TEST(Safetensors, EveryCutFileIsRefused) {
  const float x[8] = {};
  const auto bytes = encode_safetensors({{"w", DType::kF32, {8}, std::as_bytes(std::span(x))}}, {{"k", "v"}});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(decode_safetensors(std::span(bytes).first(size), "cut"), Error) << size;
  }
}

}  // namespace
}  // namespace penstock::nets
