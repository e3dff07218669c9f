#include "engine/base/bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace penstock {
namespace {

TEST(Bytes, AreReadWithBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_bytes("4096")->bytes, 4096u);
  EXPECT_EQ(parse_bytes("512MiB")->bytes, 512_MiB);
  EXPECT_EQ(parse_bytes(" 2 gib ")->bytes, 2_GiB);
  EXPECT_EQ(parse_bytes("64k")->bytes, 64_KiB);
  EXPECT_EQ(parse_bytes("1.5GB")->bytes, 1500000000u);
  EXPECT_EQ(parse_bytes("0")->bytes, 0u);
}

TEST(Bytes, RefuseWhatIsNoSize) {
  for (const char* wrong : {"", "MiB", "-1MiB", "2 apples", "1MiB2", "1e400", "99999999TiB", "nan", "0x10"}) {
    EXPECT_FALSE(parse_bytes(wrong)) << wrong;
  }
}

TEST(Bytes, ExactTextsReadBackEqual) {
  for (const uint64_t bytes :
       {uint64_t{0}, uint64_t{1}, uint64_t{4097}, 3_KiB, 512_MiB, 1536_MiB, 50_GiB, 7_GiB * 1024}) {
    EXPECT_EQ(parse_bytes(exact_text(ByteSize{bytes}))->bytes, bytes);
  }
  EXPECT_EQ(exact_text(ByteSize{1536_MiB}), "1536MiB");
  EXPECT_EQ(exact_text(ByteSize{4097}), "4097B");
}

TEST(Durations, AreReadAloneAndTogether) {
  EXPECT_EQ(parse_duration("10min")->seconds, 600);
  EXPECT_EQ(parse_duration("11h")->seconds, 39600);
  EXPECT_EQ(parse_duration("1h30min")->seconds, 5400);
  EXPECT_EQ(parse_duration("1 h 30 min")->seconds, 5400);
  EXPECT_EQ(parse_duration("250ms")->seconds, 0.25);
  EXPECT_EQ(parse_duration("2d")->seconds, 172800);
  for (const char* wrong : {"", "10", "min", "10 parsecs", "-5s", "1h30"}) EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

TEST(Durations, ExactTextsReadBackEqual) {
  for (const double seconds : {0.0, 0.25, 1.0, 59.999, 600.0, 5400.0, 39600.0, 90061.5}) {
    EXPECT_EQ(parse_duration(exact_text(Duration{seconds}))->seconds, seconds);
  }
  EXPECT_EQ(exact_text(Duration{5400}), "1h30min");
}

TEST(Shares, AreReadAndWrittenInPercent) {
  EXPECT_EQ(parse_share("0.1%")->of_one, 0.001);
  EXPECT_EQ(parse_share("50 %")->of_one, 0.5);
  EXPECT_EQ(exact_text(Share{0.001}), "0.1%");
  for (const double share : {0.0, 0.001, 0.0025, 0.07, 1.0}) {
    EXPECT_EQ(parse_share(exact_text(Share{share}))->of_one, share) << exact_text(Share{share});
  }
  EXPECT_DOUBLE_EQ(parse_share(exact_text(Share{1.0 / 3}))->of_one, 1.0 / 3);
  for (const char* wrong : {"", "0.1", "101%", "-1%", "nan%"}) EXPECT_FALSE(parse_share(wrong)) << wrong;
}

TEST(TextsForPeople, KeepThreeFigures) {
  EXPECT_EQ(bytes_text(17), "17 B");
  EXPECT_EQ(bytes_text(1024), "1.00 KiB");
  EXPECT_EQ(bytes_text(1048575), "1.00 MiB");
  EXPECT_EQ(bytes_text(2_GiB - 50_MiB), "1.95 GiB");
  EXPECT_EQ(byte_rate_text(198.0 * (1 << 20)), "198 MiB/s");
  EXPECT_EQ(rate_text(1234.4, "images"), "1234 images/s");
  EXPECT_EQ(rate_text(0.519, "images"), "0.52 images/s");
  EXPECT_EQ(percent_text(0.97), "97 %");
  EXPECT_EQ(percent_text(0.0013), "0.13 %");
}

TEST(TextsForPeople, ShowDurationsInTwoUnits) {
  EXPECT_EQ(duration_text(0.25), "0.25 s");
  EXPECT_EQ(duration_text(42.14), "42.1 s");
  EXPECT_EQ(duration_text(59.97), "1 min 00 s");
  EXPECT_EQ(duration_text(185), "3 min 05 s");
  EXPECT_EQ(duration_text(3900), "1 h 05 min");
  EXPECT_EQ(duration_text(183600), "2 d 03 h");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "?");
  EXPECT_EQ(duration_text(-1), "?");
}

}  // namespace
}  // namespace penstock
