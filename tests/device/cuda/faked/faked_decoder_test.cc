// A lane whose GPU has nvJPEG, without a GPU: no kernel runs, so what is looked at is what it decodes and keeps.
#include <gtest/gtest.h>

#include <numeric>

#include "engine/cuda/cuda_device.h"
#include "stages/image/picture_decoder.h"
#include "tests/device/feed_run.h"
#include "tests/support/cuda/fake_cuda.h"
#include "tests/support/cuda/fake_nvjpeg.h"

namespace penstock::device {
namespace {

TEST(FakedDecoder, AProgramWithCudaHasNvjpegForItsGpus) {
  test::reset_fake_cuda();
  test::fake_nvjpeg_start() = NVJPEG_STATUS_SUCCESS;
  const auto gpu = make_cuda_device(0), simulated = open_device("sim:0");
  EXPECT_EQ(make_device_decoder(*gpu)->name(), "nvJPEG");
  EXPECT_EQ(make_device_decoder(*simulated)->name(), "libjpeg-turbo");
  EXPECT_EQ(test::fake_nvjpeg_alive(), 0);
}

// The made-up nvJPEG knows no real JPEG and refuses each by its header.
TEST(FakedDecoder, WhatNvjpegGivesBackIsDecodedOnTheCpu) {
  test::reset_fake_cuda();
  test::fake_nvjpeg_start() = NVJPEG_STATUS_SUCCESS;
  PngSource source(6, [](const image::Picture& picture, uint64_t) { return image::jpeg_of(picture); });
  source.is_verified = true;
  const auto device = make_cuda_device(0);
  {
    const auto stream = device->make_stream();
    const auto held = make_held();
    held->join(*device, bytes_in_cache(source));
    const auto share = make_share();
    StageRegistry registry;
    image::register_image_stages(registry);
    const GraphSpec spec = with_device(GraphSpec{}.add("image.decode", {{"size", ValueArray{8, 8}}, {"exact", true}}),
                                       /*holds=*/true, "nvjpeg");
    const FedChain chain = fed_chain(spec.stages()).value();
    Graph graph = spec.bind(source.schema(), registry);
    feed_graph(graph, chain, held, share);
    const FeedView view(chain.augment, 11);
    penstock::Run run = penstock::Run::start(graph, source, {.batch = 6, .cores = std::make_shared<Cores>(2)});
    const Batch batch = run.next();
    LaneDecoder decoder(*device, share, held.get(), 0);
    std::vector<size_t> rows(batch.size());
    std::iota(rows.begin(), rows.end(), 0);
    decoder.start({.batch = batch, .rows = rows, .planner = &view.planner(), .seed = 11});
    EXPECT_NE(decoder.finish(*stream), nullptr);
    const DecodeCounts counts = share->counts();
    EXPECT_EQ(counts.given_back, 6u);
    EXPECT_EQ(counts.cpu.records, 6u);
    EXPECT_EQ(counts.lanes.records, 0u);
    image::PictureDecoder plain;
    for (const uint64_t id : batch.ids()) {
      const CachedImage kept = held->find(0, id);
      ASSERT_NE(kept.rgb, nullptr) << id;
      image::Picture wanted;
      ASSERT_FALSE(decode_whole(plain, source.encoded[id], wanted));
      EXPECT_TRUE(std::equal(wanted.rgb.begin(), wanted.rgb.end(), kept.rgb)) << id;
    }
    stream->synchronize();
    held->leave();
  }
  EXPECT_TRUE(test::fake_cuda().nothing_alive());
}

}  // namespace
}  // namespace penstock::device
