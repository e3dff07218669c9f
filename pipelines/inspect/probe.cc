#include "pipelines/inspect/probe.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "pipelines/job/read_ahead.h"
#include "stages/image/picture_decoder.h"

namespace penstock {
namespace {

constexpr uint64_t kHeldBytes = 256_MiB;
constexpr double kDecodeSeconds = 3;
constexpr uint64_t kCopyBytes = 128_MiB;

void stop_if_asked(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(Code::kCancelled, "the probe was stopped");
}

// Records spread evenly, as many as may be held.
RawChunk hold(const io::Dataset& data, uint64_t images) {
  const uint64_t count = std::min(images, data.size());
  std::vector<uint64_t> ids;
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t id = i * data.size() / count;
    bytes += data.record_bytes(id);
    if (!ids.empty() && bytes > kHeldBytes) break;
    ids.push_back(id);
  }
  return read_raw(data, ids);
}

uint64_t decode_all(const RawChunk& chunk, Cores& cores) {
  std::atomic<uint64_t> refused{0};
  parallel_for(cores, chunk.records.size(), 8, [&](size_t begin, size_t end) {
    image::PictureDecoder decoder(false, image::JpegPath::kLibjpeg);  // what everybody has: the yardstick
    for (size_t i = begin; i < end; ++i) {
      const RawRecord& record = chunk.records[i];
      if (!record.fault.empty() || image::check_whole(decoder, record.bytes)) ++refused;
    }
  });
  return refused;
}

}  // namespace

DecodeRates probe_decode(const io::Dataset& data, Cores& cores, uint64_t images, std::stop_token stop) {
  const RawChunk chunk = hold(data, images);
  DecodeRates rates;
  rates.images = chunk.records.size();
  for (const RawRecord& record : chunk.records) rates.mean_bytes += static_cast<double>(record.bytes.size());
  rates.mean_bytes /= static_cast<double>(std::max<uint64_t>(1, rates.images));

  Clock& clock = Clock::system();
  std::vector<double> passes;
  const double begin = clock.now_seconds();
  do {
    stop_if_asked(stop);
    const double started = clock.now_seconds();
    rates.refused = decode_all(chunk, cores);
    passes.push_back(static_cast<double>(rates.images - rates.refused) / (clock.now_seconds() - started));
  } while (passes.size() < 3 || clock.now_seconds() - begin < kDecodeSeconds);
  passes.erase(passes.begin());  // the first warms caches and the cores' clocks
  std::sort(passes.begin(), passes.end());
  rates.slowest = passes.front();
  rates.fastest = passes.back();
  rates.images_per_second = passes[passes.size() / 2];
  return rates;
}

double probe_memcpy(Cores& cores) {
  std::vector<char> from(kCopyBytes, 1), to(kCopyBytes, 2);
  Clock& clock = Clock::system();
  double best = 0;
  for (int pass = 0; pass < 4; ++pass) {
    const double begin = clock.now_seconds();
    parallel_for(cores, kCopyBytes / 1_MiB, 1, [&](size_t first, size_t last) {
      std::memcpy(to.data() + first * 1_MiB, from.data() + first * 1_MiB, (last - first) * 1_MiB);
    });
    best = std::max(best, static_cast<double>(kCopyBytes) / (clock.now_seconds() - begin));
  }
  return best;
}

}  // namespace penstock
