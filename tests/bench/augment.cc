// What each augmentation costs on a picture of 224 x 224 that is in the cache, on one thread: bytes of the picture that are
// read and written, nanoseconds and clock cycles a pixel, and what the plain version (the oracle of the tests) takes.
// Seconds are the thread's own (CPU time), rounds alternate between the kinds; medians. Every call works on a fresh copy of the same
// picture; the copy is timed alone and taken off. The clock is measured by a chain of additions, a cycle each.
//   bench_augment [ROUNDS]
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "engine/order/draws.h"
#include "stages/image/augment/blur.h"
#include "stages/image/augment/colour_ops.h"
#include "stages/image/augment/colour_reference.h"
#include "stages/image/augment/erase.h"
#include "stages/image/augment/mix.h"
#include "stages/image/flip_kernel.h"
#include "stages/image/geometry/pad_crop.h"
#include "stages/image/policy/sets.h"

namespace {

using namespace penstock;
using namespace penstock::image;
using namespace penstock::image::augment;

constexpr int kSide = 224;
constexpr int kPixels = kSide * kSide;
constexpr int kCalls = 14;  // of a fast kind in a round: two cycles of RandAugment's operations

struct Kind {
  std::string name;
  double bytes;  // of the picture, read and written, a pixel
  std::function<void(PixelView)> fast;
  std::function<void(PixelView)> plain = nullptr;
  std::vector<double> fast_ns = {}, plain_ns = {};  // a pixel
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

double gigahertz() {
  constexpr int kSteps = 4'000'000;
  std::uint64_t x = 1;
  const double begin = cpu_seconds();
  for (int i = 0; i < kSteps; ++i) {  // eight additions, each of which waits for the one before
    for (int k = 0; k < 8; ++k) {
      x += 3;
      asm volatile("" : "+r"(x));
    }
  }
  return 8.0 * kSteps / (cpu_seconds() - begin) * 1e-9;
}

// Smooth shapes with noise, as photographs have.
std::vector<std::uint8_t> made_picture() {
  std::vector<std::uint8_t> rgb(3 * kPixels);
  Draws draws(1, 2, 3, 4);
  for (int i = 0; i < 3 * kPixels; ++i) {
    const int x = i / 3 % kSide, y = i / 3 / kSide;
    rgb[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>((x * (2 + i % 3) / 3 + y + static_cast<int>(draws.below(40))) & 255);
  }
  return rgb;
}

std::vector<Kind> kinds(RowScratch& rows, BlurScratch& blurs, const std::vector<std::uint8_t>& other) {
  namespace plain = reference;
  std::vector<Kind> all;
  all.push_back(
      {"brightness", 6, [](PixelView v) { brightness(v, 1.3); }, [](PixelView v) { plain::brightness(v, 1.3); }});
  all.push_back({"contrast", 9, [](PixelView v) { contrast(v, 1.3); }, [](PixelView v) { plain::contrast(v, 1.3); }});
  all.push_back(
      {"saturation", 6, [](PixelView v) { saturation(v, 1.3); }, [](PixelView v) { plain::saturation(v, 1.3); }});
  all.push_back({"hue", 6, [](PixelView v) { hue(v, 0.1); }, [](PixelView v) { plain::hue(v, 0.1); }});
  all.push_back({"jitter of all four", 27,
                 [](PixelView v) {
                   brightness(v, 1.3);
                   contrast(v, 0.8);
                   saturation(v, 1.2);
                   hue(v, 0.1);
                 },
                 [](PixelView v) {
                   plain::brightness(v, 1.3);
                   plain::contrast(v, 0.8);
                   plain::saturation(v, 1.2);
                   plain::hue(v, 0.1);
                 }});
  all.push_back({"grayscale", 6, grayscale, plain::grayscale});
  all.push_back({"invert", 6, invert, plain::invert});
  all.push_back({"posterise", 6, [](PixelView v) { posterise(v, 4); }, [](PixelView v) { plain::posterise(v, 4); }});
  all.push_back({"solarise", 6, [](PixelView v) { solarise(v, 128); }, [](PixelView v) { plain::solarise(v, 128); }});
  all.push_back({"equalise", 9, equalise, plain::equalise});
  all.push_back({"autocontrast", 9, autocontrast, plain::autocontrast});
  all.push_back(
      {"sharpness", 6, [&](PixelView v) { sharpness(v, 2, rows); }, [](PixelView v) { plain::sharpness(v, 2); }});
  for (const int side : {3, 9, 23})
    all.push_back({"blur " + std::to_string(side) + "x" + std::to_string(side), 6,
                   [&blurs, side](PixelView v) { gaussian_blur(v, side, 1.5, blurs); },
                   [side](PixelView v) { plain::gaussian_blur(v, side, 1.5); }});
  all.push_back({"erase, a quarter", 0.75, [](PixelView v) {
                   Draws draws(1, 2, 3, 4);
                   fill(v, {56, 56, 112, 112}, {.colour = {1, 2, 3}}, draws);
                 }});
  all.push_back({"erase, a quarter, noise", 0.75, [](PixelView v) {
                   Draws draws(1, 2, 3, 4);
                   fill(v, {56, 56, 112, 112}, {.random = true}, draws);
                 }});
  all.push_back({"mixup", 9, [&other](PixelView v) { mix_values(v.data, other.data(), 3 * kPixels, 77); }});
  return all;
}

// Moves read and write the picture once more: they work on a copy. RandAugment: the mean of all its operations at magnitude 9, two
// a picture.
void add_moves(std::vector<Kind>& all, policy::PolicyScratch& scratch) {
  using namespace geometry;
  const Warp turned = affine({.angle = 17, .scale = 1.1, .shear = {5, 0}, .centre = {kSide / 2.0, kSide / 2.0}});
  const Quad corners{{{0, 0}, {kSide - 1, 0}, {kSide - 1, kSide - 1}, {0, kSide - 1}}};
  const Warp seen = perspective(corners, {{{20, 9}, {210, 30}, {190, 220}, {4, 200}}}).value();
  const auto add = [&](const std::string& name, const Warp& warp, Interpolation how) {
    all.push_back({name, 12, [&scratch, warp, how](PixelView v) { warp_picture(v, warp, how, {}, scratch.warp); },
                   [warp, how](PixelView v) { geometry::reference::warp_picture(v, warp, how, {}); }});
  };
  add("affine, nearest", turned, Interpolation::kNearest);
  add("affine, bilinear", turned, Interpolation::kBilinear);
  add("perspective, nearest", seen, Interpolation::kNearest);
  add("perspective, bilinear", seen, Interpolation::kBilinear);
  all.push_back({"flip", 6, [row = std::vector<std::uint8_t>()](PixelView v) mutable {
                   mirror_rgb(v.data, v.height, v.width, row);
                 }});
  for (const auto& [name, border] :
       {std::pair{"pad-crop, constant", Border::kConstant}, std::pair{"pad-crop, reflect", Border::kReflect}})
    all.push_back({name, 12, [&scratch, border = border](PixelView v) {
                     const auto bytes = 3 * v.pixels();
                     auto* copy = scratch.rows.take<std::uint8_t>(bytes);
                     std::memcpy(copy, v.data, bytes);
                     cut_window({copy, v.width, v.height, v.stride}, 20, -13, {v.height, v.width}, border, {}, v.data);
                   }});
  all.push_back({"rand-augment", 2 * (5 * 12 + 5 * 6 + 3 * 9) / 14.0, [&scratch, call = 0](PixelView v) mutable {
                   for (int i = 0; i < 2; ++i, ++call) {
                     const auto operation = static_cast<policy::Operation>(call % policy::kOperations);
                     policy::apply(operation, policy::rand_magnitude(operation, 9, 31, kSide, kSide), v, {}, scratch);
                   }
                 }});
}

// Mixup of a batch of 256 pictures that is in memory, not in the cache: milliseconds.
double mixup_batch_ms() {
  constexpr std::size_t kCount = 256, kBytes = 3 * kPixels;
  std::vector<std::uint8_t> batch(kCount * kBytes, 99);
  std::vector<double> all;
  for (int round = 0; round < 5; ++round) {
    const double begin = cpu_seconds();
    for (std::size_t i = kCount; i-- > 1;) mix_values(&batch[i * kBytes], &batch[(i - 1) * kBytes], kBytes, 77);
    all.push_back((cpu_seconds() - begin) * 1e3);
  }
  return median(all);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 15;
  const std::vector<std::uint8_t> picture = made_picture();
  std::vector<std::uint8_t> work = picture;
  const PixelView view{work.data(), kSide, kSide, std::ptrdiff_t{3} * kSide};
  RowScratch rows;
  BlurScratch blurs;
  policy::PolicyScratch moves;
  std::vector<Kind> all = kinds(rows, blurs, picture);
  add_moves(all, moves);
  all.insert(all.begin(), Kind{"copy", 6, [](PixelView) {}});

  const auto time = [&](const std::function<void(PixelView)>& change, int calls) {
    const double begin = cpu_seconds();
    for (int i = 0; i < calls; ++i) {
      std::memcpy(work.data(), picture.data(), picture.size());
      change(view);
    }
    return (cpu_seconds() - begin) * 1e9 / calls / kPixels;
  };
  std::vector<double> clocks;
  for (int round = -1; round < rounds; ++round) {  // round -1 warms up
    const double clock = gigahertz();
    if (round >= 0) clocks.push_back(clock);
    for (Kind& kind : all) {
      const double fast = time(kind.fast, kCalls), plain = kind.plain && round < 3 ? time(kind.plain, 1) : 0;
      if (round >= 0) kind.fast_ns.push_back(fast);
      if (round >= 0 && plain > 0) kind.plain_ns.push_back(plain);
    }
  }

  const double clock = median(clocks), copy = median(all.front().fast_ns);
  std::printf("%d rounds, one thread, 224 x 224, %.2f GHz; copying takes %.3f ns a pixel, taken off below\n", rounds,
              clock, copy);
  std::printf("%-26s %12s %10s %14s %13s %20s\n", "", "bytes/pixel", "ns/pixel", "cycles/pixel", "cycles/byte",
              "plain, cycles/pixel");
  for (std::size_t k = 1; k < all.size(); ++k) {
    const Kind& kind = all[k];
    const double ns = median(kind.fast_ns) - copy;
    std::printf("%-26s %12.4g %10.3f %14.2f %13.3f", kind.name.c_str(), kind.bytes, ns, ns * clock,
                ns * clock / kind.bytes);
    if (kind.plain_ns.empty())
      std::printf("\n");
    else
      std::printf(" %20.1f\n", (median(kind.plain_ns) - copy) * clock);
  }
  std::printf("mixup of a batch of 256 in memory: %.1f ms\n", mixup_batch_ms());
  return 0;
}
