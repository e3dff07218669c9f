// A run whose batches lanes put together on a device, against the batches of the CPUs alone.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "stages/device/fed_chain.h"
#include "stages/device/lane_feed.h"
#include "tests/device/png_source.h"

namespace penstock::device {

/// What the pictures of a PngSource take in a cache.
inline uint64_t bytes_in_cache(const PngSource& source) {
  uint64_t bytes = 0;
  for (const image::Picture& picture : source.pictures) bytes += (picture.rgb.size() + 15) / 16 * 16;
  return bytes;
}

inline std::shared_ptr<HeldPictures> make_held(uint64_t staging_bytes = 8 << 20) {
  Budgets budgets;
  return std::make_shared<HeldPictures>(budgets.take(Need::ram(staging_bytes)));
}

inline std::shared_ptr<DecodeShare> make_share(bool hybrid = false) {
  return std::make_shared<DecodeShare>(DecodeShare::Options{.hybrid = hybrid, .share = {.fixed = 0.5}});
}

/// What holds, and who decodes, in the places of the spec's own.
inline GraphSpec with_device(const GraphSpec& spec, bool holds, const std::string& decoder) {
  GraphSpec fed;
  for (StageSpec stage : spec.stages()) {
    if (stage.name == "image.decode" && holds) stage.cache = "gpu";
    if (stage.name == "image.decode") stage.params["decoder"] = decoder;
    fed.add(stage);
  }
  return fed;
}

/// Two lanes over one device that share each batch, or one rank's share of it, for three epochs: everything that a lane gets is compared with what the CPUs' stages give.
/// `capacity`: of each lane's cache; none: nothing is held. Returns the pictures that were uploaded in each epoch. With a `share` lanes decode.
class FeedRun {
 public:
  FeedRun(Device& device, Stream& stream, const PngSource& source)
      : device_(device), stream_(stream), source_(source) {}

  std::vector<uint64_t> epochs_of(const AugmentCase& of, std::optional<uint64_t> capacity, uint32_t rank = 0,
                                  uint32_t ranks = 1) {
    const RunOptions options{.seed = 11, .last = Last::kKeep, .batch = 13, .epochs = 3};
    const auto wanted = image::run_over(source_, of.spec, options);
    held = capacity ? make_held() : nullptr;
    UploadRing ring(device_), second_ring(device_);
    for (int lane = 0; lane < 2 && held; ++lane) held->join(device_, *capacity);
    LaneFeed first(device_, ring, held.get(), 0, share), second(device_, second_ring, held.get(), 1, share);

    StageRegistry registry;
    image::register_image_stages(registry);
    const GraphSpec spec = with_device(of.spec, held != nullptr, share ? "nvjpeg" : "cpu");
    const FedChain chain = fed_chain(spec.stages()).value();
    Graph graph = spec.bind(source_.schema(), registry);
    feed_graph(graph, chain, held, share);
    const FeedView view(chain.augment, options.seed);
    std::vector<uint64_t> uploads;
    size_t b = 0;
    for (uint64_t epoch = 0; epoch < options.epochs; ++epoch) {
      // A run an epoch, as a training has it: no record is decoded twice at once.
      Run run = Run::start(graph, source_,
                           {.seed = options.seed,
                            .last = options.last,
                            .batch = options.batch,
                            .rank = rank,
                            .ranks = ranks,
                            .epoch = epoch,
                            .cores = std::make_shared<Cores>(2)});
      const uint64_t before = first.uploaded() + second.uploaded();
      for (Batch batch = run.next(); batch; batch = run.next(), ++b) {
        if (batch.size() == 0) continue;
        const image::SeenBatch want =
            share_of(wanted.at(b), batch.positions().front() - batch.first_position(), batch.size());
        EXPECT_TRUE(std::ranges::equal(batch.ids(), want.ids));
        if (!want.labels_b.empty()) {
          EXPECT_TRUE(std::ranges::equal(batch["label_b"].as<int64_t>(), want.labels_b)) << of.name;
          EXPECT_TRUE(std::ranges::equal(batch["mix"].as<float>(), want.shares)) << of.name;
        }
        const auto n = static_cast<int64_t>(batch.size()), half = n / 2;
        compare(first, view, batch, 0, half, want, of.name);
        compare(second, view, batch, half, n - half, want, of.name);
      }
      uploads.push_back(first.uploaded() + second.uploaded() - before);
    }
    EXPECT_EQ(b, wanted.size());
    made = first.made() + second.made();
    decoded = first.decoded() + second.decoded();
    stream_.synchronize();
    if (!held) return uploads;
    text = held->text();
    held->leave();
    return uploads;
  }

  std::shared_ptr<DecodeShare> share;
  int most_off = 0;  ///< that a value may differ by: decoders differ
  std::shared_ptr<HeldPictures> held;
  uint64_t made = 0, decoded = 0;
  std::string text;

 private:
  static image::SeenBatch share_of(const image::SeenBatch& whole, size_t first, size_t count) {
    const auto part = [&](const auto& all) {
      const auto from = all.begin() + static_cast<ptrdiff_t>(all.empty() ? 0 : first);
      return std::decay_t<decltype(all)>(from, from + static_cast<ptrdiff_t>(all.empty() ? 0 : count));
    };
    return {part(whole.ids), part(whole.pixels), part(whole.labels), part(whole.labels_b), part(whole.shares)};
  }
  void compare(LaneFeed& feed, const FeedView& view, const Batch& batch, int64_t first, int64_t count,
               const image::SeenBatch& want, const std::string& name) {
    if (count == 0) return;
    const LaneFeed::Part part = feed.prepare(view, batch, first, count, "pixels");
    const uint8_t* made_here = feed.make(stream_, part);
    const size_t each = want.pixels[0].size();
    std::vector<uint8_t> pixels(each * static_cast<size_t>(count));
    stream_.copy(pixels.data(), made_here, pixels.size());
    if (part.place != nullptr) part.place->used_by(stream_);
    stream_.synchronize();
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
      const auto& wanted = want.pixels[static_cast<size_t>(first) + i];
      const auto near = [&](uint8_t a, uint8_t b) { return std::abs(a - b) <= most_off; };
      ASSERT_TRUE(std::equal(wanted.begin(), wanted.end(), pixels.begin() + static_cast<ptrdiff_t>(i * each), near))
          << name << ", epoch " << batch.epoch() << ", record " << batch.ids()[static_cast<size_t>(first) + i];
    }
  }

  Device& device_;
  Stream& stream_;
  const PngSource& source_;
};

}  // namespace penstock::device
