// How much of plain decoding the image stage costs, on one thread, over the photographs of imagenet-sample:
// full decode by libjpeg-turbo (the ceiling), full decode, random-resized-crop 224 unverified and verified, center-crop 224, resizing alone.
// Seconds are the thread's own (CPU time), and rounds alternate between the kinds, so that a busy machine changes little
// in the ratios; medians and their spread.
//   bench_image_decode_bench [ROUNDS]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "engine/order/draws.h"
#include "stages/image/picture_decoder.h"
#include "stages/image/resizer.h"
#include "stages/image/view.h"
#include "tests/support/data_dir.h"

namespace {

using namespace penstock;
using namespace penstock::image;

constexpr int kSide = 224;

struct Kind {
  std::string name;
  std::function<void()> round;  // all photographs once
  std::vector<double> images_per_second = {};
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 7;
  const auto folder = test::data_dir("imagenet-sample");
  std::vector<std::vector<std::byte>> photographs;
  if (!folder.empty())
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".JPEG") continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text((std::istreambuf_iterator<char>(file)), {});
      const auto* data = reinterpret_cast<const std::byte*>(text.data());
      photographs.emplace_back(data, data + text.size());
    }
  if (photographs.empty()) {
    std::puts("no data set imagenet-sample: set PENSTOCK_DATA");
    return 0;
  }

  PictureDecoder decoder, libjpeg(false, JpegPath::kLibjpeg);
  Resizer resizer;
  std::vector<std::uint8_t> out(kSide * kSide * 3);
  int faults = 0;
  std::uint64_t epoch = 0;
  const auto crops = [&](bool verified) {
    for (std::size_t i = 0; i < photographs.size(); ++i) {
      faults += static_cast<bool>(decoder.open(photographs[i]));
      Draws draws(1, epoch, i, draw_key("crop"));
      const Size size{decoder.header().height, decoder.header().width};
      resizer.start(random_resized_crop(size, {kSide, kSide}, {}, draws), out.data(), kSide * 3);
      faults += static_cast<bool>(decoder.decode(resizer.source(), verified, resizer));
    }
  };
  std::vector<Picture> pictures(photographs.size());
  for (std::size_t i = 0; i < photographs.size(); ++i) {
    faults += static_cast<bool>(decode_whole(decoder, photographs[i], pictures[i]));
    pictures[i].rgb.resize(pictures[i].rgb.size() + kRowPadding);
  }
  std::vector<Kind> kinds;
  const auto whole = [&](PictureDecoder& with) {
    for (const auto& bytes : photographs) faults += static_cast<bool>(check_whole(with, bytes));
  };
  kinds.push_back({"full decode by libjpeg-turbo", [&] { whole(libjpeg); }});
  kinds.push_back({"full decode", [&] { whole(decoder); }});
  kinds.push_back({"random-resized-crop", [&] { crops(false); }});
  kinds.push_back({"random-resized-crop, verified", [&] { crops(true); }});
  kinds.push_back({"center-crop", [&] {
                     for (const auto& bytes : photographs) {
                       faults += static_cast<bool>(decoder.open(bytes));
                       const Size size{decoder.header().height, decoder.header().width};
                       resizer.start(center_crop(size, {kSide, kSide}, 0.875), out.data(), kSide * 3);
                       faults += static_cast<bool>(decoder.decode(resizer.source(), false, resizer));
                     }
                   }});
  kinds.push_back(
      {"resizing of those random crops alone", [&] {
         for (std::size_t i = 0; i < pictures.size(); ++i) {
           Draws draws(1, epoch, i, draw_key("crop"));
           const Picture& p = pictures[i];
           resizer.start(random_resized_crop({p.height, p.width}, {kSide, kSide}, {}, draws), out.data(), kSide * 3);
           const Rect& r = resizer.source();
           for (int y = 0; y < r.height; ++y)
             resizer.row(y, p.rgb.data() + (static_cast<std::size_t>(r.y + y) * p.width + r.x) * 3);
         }
       }});

  for (int round = -1; round < rounds; ++round, ++epoch)  // round -1 warms up
    for (Kind& kind : kinds) {
      const double begin = cpu_seconds();
      kind.round();
      const double seconds = cpu_seconds() - begin;
      if (round >= 0) kind.images_per_second.push_back(static_cast<double>(photographs.size()) / seconds);
    }

  const double ceiling = median(kinds.front().images_per_second);
  std::printf("%zu photographs, %d rounds, one thread, %d faults\n", photographs.size(), rounds, faults);
  for (const Kind& kind : kinds) {
    const auto [low, high] = std::minmax_element(kind.images_per_second.begin(), kind.images_per_second.end());
    const double rate = median(kind.images_per_second);
    std::printf("%-38s %8.1f images/s (%.1f..%.1f)  %.3f of the ceiling, %.3f of its time\n", kind.name.c_str(), rate,
                *low, *high, rate / ceiling, ceiling / rate);
  }
  return faults == 0 ? 0 : 1;
}
