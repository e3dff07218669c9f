#include "engine/order/philox.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

// The known answers for "philox4x32 10" of Random123's kat_vectors.
static_assert(philox4x32({0, 0, 0, 0}, {0, 0}) == PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});

TEST(Philox, GivesTheKnownAnswersOfRandom123) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, DerivesAnotherKeyForEveryInput) {
  const uint64_t key = derive_key(1, 2, 3, Purpose::kDraws);
  EXPECT_EQ(key, derive_key(1, 2, 3, Purpose::kDraws));
  EXPECT_NE(key, derive_key(2, 2, 3, Purpose::kDraws));
  EXPECT_NE(key, derive_key(1, 3, 3, Purpose::kDraws));
  EXPECT_NE(key, derive_key(1, 2, 4, Purpose::kDraws));
  EXPECT_NE(key, derive_key(1, 2, 3, Purpose::kReplacement));
  EXPECT_NE(key, derive_key(1, 2 + (uint64_t{1} << 32), 3, Purpose::kDraws));
}

}  // namespace
}  // namespace penstock
