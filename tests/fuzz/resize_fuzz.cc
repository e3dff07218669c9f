#include <algorithm>
#include <array>

#include "stages/image/resize_reference.h"
#include "stages/image/resizer.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  using namespace penstock::fuzz;
  Numbers numbers(data, size);
  // Sides up to 60,000, of few pixels in all.
  const auto side = [&] {
    return 1 + numbers.below(std::array{4, 70, 300, 60'000}[static_cast<std::size_t>(numbers.below(4))]);
  };
  image::Picture picture{side(), side(), {}};
  if (std::int64_t{picture.width} * picture.height > 100'000) return 0;
  picture.rgb.resize(static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height) * 3);
  for (std::size_t i = 0; i < picture.rgb.size(); ++i)
    picture.rgb[i] = size == 0 ? 0 : static_cast<std::uint8_t>(data[i % size] + i / size);
  image::View view;
  view.region = {0, 0, 1 + numbers.below(picture.width), 1 + numbers.below(picture.height)};
  view.region.x = numbers.below(picture.width - view.region.width + 1);
  view.region.y = numbers.below(picture.height - view.region.height + 1);
  view.full = {1 + numbers.below(400), 1 + numbers.below(400)};
  view.window = {0, 0, 1 + numbers.below(std::min(view.full.width, 40)),
                 1 + numbers.below(std::min(view.full.height, 40))};
  view.window.x = numbers.below(view.full.width - view.window.width + 1);
  view.window.y = numbers.below(view.full.height - view.window.height + 1);
  view.filter = static_cast<image::Filter>(numbers.below(3));

  static image::Resizer resizer;
  const image::Picture expected = image::resize_reference(picture, view);
  std::vector<std::uint8_t> out(expected.rgb.size());
  resizer.start(view, out.data(), static_cast<std::size_t>(view.window.width) * 3);
  const image::Rect source = resizer.source();
  std::vector<std::uint8_t> row;
  for (int y = 0; y < source.height; ++y) {
    const auto* from = picture.rgb.data() + (static_cast<std::size_t>(source.y + y) * picture.width + source.x) * 3;
    row.assign(from, from + source.width * 3);
    row.resize(row.size() + image::kRowPadding);
    resizer.row(y, row.data());
  }
  require(out == expected.rgb);
  return 0;
}
