#include "tests/device/cache_cases.h"

namespace penstock::device {

INSTANTIATE_TEST_SUITE_P(Here, CacheOnDevice, testing::Values("cpu", "sim:0"), device_word);

}  // namespace penstock::device
