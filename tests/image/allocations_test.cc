// What the decode path asks of the allocator: nothing, once it has seen the largest picture. This file counts all of this program's
// calls of malloc and its kin, libjpeg's included.
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/order/draws.h"
#include "stages/image/picture_decoder.h"
#include "stages/image/png_encoder.h"
#include "stages/image/resizer.h"
#include "tests/image/photos.h"
#include "tests/support/data_dir.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__GLIBC__)
#define PENSTOCK_COUNTS_ALLOCATIONS 1

namespace {
std::uint64_t allocations = 0;
std::uint64_t allocated_bytes = 0;
void count(std::size_t bytes) {
  ++allocations;
  allocated_bytes += bytes;
}
}  // namespace

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void* malloc(std::size_t bytes) { return count(bytes), __libc_malloc(bytes); }
void* calloc(std::size_t n, std::size_t bytes) { return count(n * bytes), __libc_calloc(n, bytes); }
void* realloc(void* old, std::size_t bytes) { return count(bytes), __libc_realloc(old, bytes); }
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return count(bytes), __libc_memalign(alignment, bytes);
}
}
#endif

namespace penstock::image {
namespace {

// Crops of all pictures, the same ones each time.
[[maybe_unused]] void look_at_all(const std::vector<std::vector<std::byte>>& pictures, PictureDecoder& decoder,
                                  Resizer& resizer, std::vector<std::uint8_t>& out) {
  for (std::size_t i = 0; i < pictures.size(); ++i)
    for (const bool verified : {false, true}) {
      if (decoder.open(pictures[i])) std::abort();
      Draws draws(1, 1, i, draw_key("crop"));
      const Size size{decoder.header().height, decoder.header().width};
      resizer.start(random_resized_crop(size, {224, 224}, {}, draws), out.data(), 224 * 3);
      if (decoder.decode(resizer.source(), verified, resizer)) std::abort();
    }
}

TEST(Allocations, AreNoneForAPictureInSteadyState) {
#ifndef PENSTOCK_COUNTS_ALLOCATIONS
  GTEST_SKIP() << "sanitizers have allocators of their own";
#else
  std::vector<std::vector<std::byte>> pictures;
  for (const auto sampling : {ChromaSampling::k444, ChromaSampling::k420, ChromaSampling::k411})
    for (const bool progressive : {false, true})
      pictures.push_back(jpeg_of(made_picture(640, 480), {.progressive = progressive, .sampling = sampling}));
  for (unsigned seed = 1; seed <= 3; ++seed) pictures.push_back(encode_png(made_picture(320, 240, seed)));
  const auto folder = test::data_dir("imagenet-sample");
  if (!folder.empty())
    for (const auto& file : files_in(folder, {".JPEG"})) pictures.push_back(read_file(file));
  PictureDecoder decoder;
  Resizer resizer;
  std::vector<std::uint8_t> out(224 * 224 * 3);
  look_at_all(pictures, decoder, resizer, out);
  const std::uint64_t before = allocations;
  EXPECT_GT(before, 100u) << "the count counts";
  allocated_bytes = 0;
  look_at_all(pictures, decoder, resizer, out);
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(allocated_bytes, 0u);
#endif
}

}  // namespace
}  // namespace penstock::image
