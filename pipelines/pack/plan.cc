#include "pipelines/pack/plan.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/order/draws.h"
#include "pipelines/job/read_ahead.h"
#include "stages/image/resizer.h"

namespace penstock {
namespace {

constexpr uint64_t kPlanRecords = 64;       // of the sample that a plan reads
constexpr uint64_t kShareRecords = 512;     // of the one that a share of raw is chosen from
constexpr uint64_t kRecordOverhead = 2200;  // pages half used, index, names: at most half a page and a note a record
constexpr uint64_t kSpareBytes = 4_MiB;     // LMDB's free pages and the file system's own; data.mdb grows as written
constexpr double kMeasuredSeconds = 0.3;    // of decoding, an alternative
constexpr double kBudgetUsed = 0.98;        // the sample is not the whole

// Records spread evenly over the source, with what becomes of them.
struct Sample {
  RawChunk chunk;
  std::vector<RepackedPicture> pictures;
  std::span<const std::byte> stored(size_t i) const {
    return pictures[i].encoded.empty() ? chunk.records[i].bytes : std::span<const std::byte>(pictures[i].encoded);
  }
};

RawChunk read_sample(const io::Dataset& source, uint64_t most) {
  const uint64_t count = std::min(most, source.size());
  ReadAhead reader(source, count, [&](uint64_t place) { return place * source.size() / count; },
                   {.chunk_bytes = 256u << 20, .chunk_records = kShareRecords});
  return reader.next();
}

std::vector<RepackedPicture> repacked(const RawChunk& chunk, const RepackOptions& options, Cores& cores) {
  std::vector<RepackedPicture> pictures(chunk.records.size());
  parallel_for(cores, pictures.size(), 1, [&](size_t begin, size_t end) {
    Repacker repacker(options);
    for (size_t i = begin; i < end; ++i) {
      pictures[i].fault = chunk.records[i].fault;
      if (pictures[i].fault.empty()) pictures[i] = repacker.repack(chunk.records[i].bytes, false);
    }
  });
  return pictures;
}

double ratio_of(const Sample& sample) {
  double before = 0, after = 0;
  for (size_t i = 0; i < sample.pictures.size(); ++i) {
    if (!sample.pictures[i].fault.empty()) continue;
    before += static_cast<double>(sample.chunk.records[i].bytes.size());
    after += static_cast<double>(sample.stored(i).size());
  }
  return before > 0 ? after / before : 1;
}

// Random-resized-crops of the sample over the cores, again and again for a third of a second.
double decode_rate(const Sample& sample, Cores& cores) {
  constexpr int kSide = 224;
  Clock& clock = Clock::system();
  const double begin = clock.now_seconds();
  std::atomic<uint64_t> decoded{0};
  double seconds = 0;
  for (uint64_t round = 0; seconds < kMeasuredSeconds; ++round, seconds = clock.now_seconds() - begin)
    parallel_for(cores, sample.pictures.size(), 8, [&](size_t first, size_t end) {
      image::PictureDecoder decoder;
      image::Resizer resizer;
      std::vector<std::uint8_t> pixels(size_t{kSide} * kSide * 3);
      for (size_t i = first; i < end; ++i) {
        if (!sample.pictures[i].fault.empty() || decoder.open(sample.stored(i))) continue;
        Draws draws(1, round, i, draw_key("crop"));
        const image::Size size{decoder.header().height, decoder.header().width};
        resizer.start(image::random_resized_crop(size, {kSide, kSide}, {}, draws), pixels.data(), kSide * 3);
        decoded += !decoder.decode(resizer.source(), true, resizer);
      }
    });
  return static_cast<double>(decoded) / seconds;
}

// Of all values that are stored, against the originals at the same size.
double mean_psnr(const Sample& sample, const RepackOptions& options, Cores& cores) {
  RepackOptions lossless = options;
  lossless.encode = Encode::kRaw;
  const std::vector<RepackedPicture> originals = repacked(sample.chunk, lossless, cores);
  image::PictureDecoder decoder;
  image::Picture a, b;
  double squares = 0, values = 0;
  for (size_t i = 0; i < originals.size(); ++i) {
    if (!originals[i].fault.empty() || image::decode_whole(decoder, originals[i].encoded, a) ||
        image::decode_whole(decoder, sample.stored(i), b) || a.rgb.size() != b.rgb.size())
      continue;
    for (size_t k = 0; k < a.rgb.size(); ++k) {
      const double difference = static_cast<double>(a.rgb[k]) - static_cast<double>(b.rgb[k]);
      squares += difference * difference;
    }
    values += static_cast<double>(a.rgb.size());
  }
  return squares == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(255.0 * 255.0 * values / squares);
}

std::string words_of(const RepackOptions& options) {
  std::string words;
  if (options.size) words += ", " + std::to_string(options.size->height) + "x" + std::to_string(options.size->width);
  if (options.resize) words += ", " + std::to_string(*options.resize) + " px";
  if (options.quality) words += ", quality " + std::to_string(*options.quality);
  return words;
}

}  // namespace

void refuse_what_cannot_be_packed(const io::Dataset& source) {
  if (source.schema().index_of("bytes") == Schema::npos)
    throw Error(Code::kUsage, "'" + source.path() + "' holds arrays of pixels; encoded records are what is packed")
        .hint("it can be streamed and trained from as it is");
  if (source.max_record_bytes() > UINT32_MAX)
    throw Error(Code::kUsage, "'" + source.path() + "' has a record of " + bytes_text(source.max_record_bytes()) +
                                  "; a packed record has at most 4 GiB")
        .hint("leave it out, or split it");
}

PackOptions with_raw_share(const io::Dataset& source, PackOptions options, Cores& cores) {
  RepackOptions& as = options.encoding;
  if (as.encode == Encode::kKeep && (as.resize || as.size || as.quality)) as.encode = Encode::kJpeg;
  if (as.encode != Encode::kMixed) return options;
  if (!options.budget_bytes)
    throw Error(Code::kUsage, "a share of raw pixels is chosen from a budget of bytes, and none is given")
        .hint("say how large DEST may become: --budget 60GiB");
  const RawChunk chunk = read_sample(source, kShareRecords);
  std::vector<std::optional<RawCandidate>> found(chunk.records.size());
  parallel_for(cores, found.size(), 1, [&](size_t begin, size_t end) {
    Repacker repacker(as);
    for (size_t i = begin; i < end; ++i)
      if (chunk.records[i].fault.empty()) found[i] = repacker.candidate(chunk.records[i].bytes);
  });
  std::vector<RawCandidate> candidates;
  double jpeg_bytes = 0;
  for (const auto& candidate : found) {
    if (!candidate) continue;
    candidates.push_back(*candidate);
    jpeg_bytes += candidate->jpeg_bytes;
  }
  if (candidates.empty())
    throw Error(Code::kData,
                "none of " + std::to_string(found.size()) + " records of '" + source.path() + "' can be decoded");
  const auto records = static_cast<double>(source.size());
  const double room =
      kBudgetUsed * (static_cast<double>(*options.budget_bytes) - static_cast<double>(kSpareBytes)) / records -
      static_cast<double>(kRecordOverhead);
  const double least = jpeg_bytes / static_cast<double>(candidates.size());
  if (room < least)
    throw Error(Code::kUsage,
                "a budget of " + bytes_text(*options.budget_bytes) + " is less than all records as JPEG take")
        .hint("give at least " +
              bytes_text(static_cast<uint64_t>((least + kRecordOverhead) * records / kBudgetUsed) + kSpareBytes) +
              ", or make them smaller with --resize");
  as.raw_from = choose_raw_share(candidates, {.mean_bytes = room,
                                              .disk_bytes_per_second = options.disk_bytes_per_second,
                                              .cores = cores.count()})
                    .least_saved_per_byte;
  return options;
}

PackPlan plan_pack(const io::Dataset& source, const PackOptions& options, Cores& cores, io::FileSystem& fs) {
  refuse_what_cannot_be_packed(source);
  PackPlan plan{.records = source.size(), .source_bytes = source.bytes()};
  const PackOptions fitted = with_raw_share(source, options, cores);
  const double begin = Clock::system().now_seconds();
  Sample sample{read_sample(source, kPlanRecords), {}};
  if (options.checked) sample.pictures = repacked(sample.chunk, fitted.encoding, cores);
  const double seconds = Clock::system().now_seconds() - begin;
  plan.seconds = seconds / static_cast<double>(std::max<size_t>(1, sample.chunk.records.size())) *
                 static_cast<double>(source.size());
  plan.dest_bytes = static_cast<uint64_t>(static_cast<double>(source.bytes()) * ratio_of(sample)) +
                    source.size() * kRecordOverhead + kSpareBytes;
  plan.needed_bytes = plan.dest_bytes * (1 + uint64_t{options.shuffle} + uint64_t{options.format == "hdf5"});
  std::string folder = io::parent_of(options.dest);
  while (!fs.exists(folder)) folder = io::parent_of(folder);
  plan.free_bytes = fs.free_space(folder);
  return plan;
}

std::vector<PackAlternative> compare_encodings(const io::Dataset& source, const PackOptions& options, Cores& cores) {
  RepackOptions asked = options.encoding;
  if (!asked.size) asked.resize = asked.resize.value_or(256);
  RepackOptions jpeg = asked;
  jpeg.quality = asked.quality.value_or(90);
  std::vector<std::pair<Encode, RepackOptions>> ways = {{Encode::kKeep, {}},
                                                        {Encode::kIndexedJpeg, {}},
                                                        {Encode::kJpeg, jpeg},
                                                        {Encode::kIndexedJpeg, jpeg},
                                                        {Encode::kRaw, asked}};
  if (options.budget_bytes) ways.insert(ways.end() - 1, {Encode::kMixed, jpeg});
  static constexpr const char* kNames[] = {"keep", "jpeg", "raw", "mixed", "indexed-jpeg"};
  std::vector<PackAlternative> table;
  Sample sample{read_sample(source, kPlanRecords), {}};
  for (auto& [encode, way] : ways) {
    PackOptions one = options;
    one.encoding = way;
    one.encoding.encode = encode;
    one = with_raw_share(source, one, cores);
    sample.pictures = repacked(sample.chunk, one.encoding, cores);
    PackAlternative row{.name = kNames[static_cast<size_t>(encode)] + words_of(way)};
    row.bytes = static_cast<uint64_t>(static_cast<double>(source.bytes()) * ratio_of(sample));
    row.images_per_second = decode_rate(sample, cores);
    uint64_t raw = 0;
    for (size_t i = 0; i < sample.pictures.size(); ++i) {
      const auto bytes = sample.stored(i);
      raw += bytes.size() > 2 && bytes[0] == std::byte{'P'} && bytes[1] == std::byte{'6'};
    }
    row.raw_share = static_cast<double>(raw) / static_cast<double>(std::max<size_t>(1, sample.pictures.size()));
    row.psnr = mean_psnr(sample, one.encoding, cores);
    table.push_back(std::move(row));
  }
  return table;
}

}  // namespace penstock
