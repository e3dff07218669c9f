// The tests of the twins, on the GPU.
#include "tests/device/augment_cases.h"
#include "tests/device/cache_cases.h"
#include "tests/device/decode_cases.h"
#include "tests/device/feed_cases.h"
#include "tests/device/normalise_cases.h"

namespace penstock::device {

INSTANTIATE_TEST_SUITE_P(Gpu, NormaliseOnDevice, testing::Values("cuda:0"), device_word);
INSTANTIATE_TEST_SUITE_P(Gpu, CacheOnDevice, testing::Values("cuda:0"), device_word);
INSTANTIATE_TEST_SUITE_P(Gpu, AugmentOnDevice, testing::Values("cuda:0"), device_word);
INSTANTIATE_TEST_SUITE_P(Gpu, FeedOnDevice, testing::Values("cuda:0"), device_word);
INSTANTIATE_TEST_SUITE_P(Gpu, DecodeOnDevice, testing::Values("cuda:0"), device_word);

}  // namespace penstock::device
