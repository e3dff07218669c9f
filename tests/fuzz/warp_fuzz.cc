#include <bit>

#include "stages/image/geometry/warp_pixels.h"
#include "tests/fuzz/fuzz_input.h"

// Any map of any picture: the bytes of the plain version, and none outside of the picture.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::fuzz;
  using namespace penstock::image::geometry;
  Numbers numbers(data, size);
  const auto word = [&] { return static_cast<std::uint32_t>(numbers.below(65536)); };
  const auto coefficient = [&]() -> double {  // of the usual size, or any f32, no numbers included
    if (numbers.below(4) != 0) return (numbers.below(4001) - 2000) / 700.0;
    return std::bit_cast<float>(word() << 16 | word());
  };
  const int width = 1 + numbers.below(70), height = 1 + numbers.below(20);
  Warp warp;
  for (auto* row : {&warp.x, &warp.y, &warp.w})
    for (double& value : *row) value = coefficient();
  if (numbers.below(2) == 0) warp.w = {0, 0, 1};
  const auto how = static_cast<Interpolation>(numbers.below(2));
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width) * height * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = size == 0 ? 0 : static_cast<std::uint8_t>(data[i % size] + i / size);
  std::vector<std::uint8_t> expected = pixels;
  static WarpScratch scratch;
  warp_picture({pixels.data(), width, height, std::ptrdiff_t{3} * width}, warp, how, {1, 2, 3}, scratch);
  reference::warp_picture({expected.data(), width, height, std::ptrdiff_t{3} * width}, warp, how, {1, 2, 3});
  require(pixels == expected);
  return 0;
}
