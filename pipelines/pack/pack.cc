#include "pipelines/pack/pack.h"

#include <algorithm>
#include <bit>
#include <future>
#include <memory>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/order/permutation.h"
#include "io/data/open.h"
#include "io/data/open_writer.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "pipelines/job/read_ahead.h"
#include "pipelines/job/subset.h"
#include "pipelines/pack/buckets.h"
#include "pipelines/pack/plan.h"
#include "pipelines/pack/rejected_log.h"

namespace penstock {
namespace {

struct Packed {
  RawChunk chunk;
  std::vector<RepackedPicture> pictures;
};

uint64_t options_hash(const PackOptions& options) {
  const RepackOptions& as = options.encoding;
  if (as.keeps_everything() && !options.shuffle && options.checked) return 0;
  io::Checksum sum;
  sum.add("resize").add(static_cast<uint64_t>(as.resize.value_or(0)));
  sum.add("quality").add(static_cast<uint64_t>(as.quality.value_or(0)));
  sum.add("shuffle").add(uint64_t{options.shuffle}).add(options.shuffle ? options.seed : 0);
  if (!options.checked) sum.add("unchecked");
  if (as.size) sum.add("size").add(static_cast<uint64_t>(as.size->height)).add(static_cast<uint64_t>(as.size->width));
  if (as.encode != Encode::kKeep && as.encode != Encode::kJpeg) sum.add("encode").add(static_cast<uint64_t>(as.encode));
  if (as.encode == Encode::kMixed) sum.add("raw from").add(std::bit_cast<uint64_t>(as.raw_from));
  return sum.value();
}

// The next chunk with every picture of it decoded.
Packed work_on_next(ReadAhead& reader, const io::Dataset& source, const PackOptions& options, Cores& cores) {
  Packed packed{reader.next(), {}};
  packed.pictures.resize(packed.chunk.records.size());
  parallel_for(cores, packed.pictures.size(), 1, [&](size_t begin, size_t end) {
    Repacker repacker(options.encoding);
    for (size_t i = begin; i < end; ++i) {
      const RawRecord& record = packed.chunk.records[i];
      if (!record.fault.empty())
        packed.pictures[i].fault = record.fault;
      else if (options.checked)
        packed.pictures[i] = repacker.repack(record.bytes, source.verified(record.id));
    }
  });
  return packed;
}

RejectedRecord rejected(const io::Dataset& source, uint64_t id, std::string reason) {
  const Location at = source.locate(id);
  return {id, source.name(id), at.file, at.offset, std::move(reason)};
}

void stop_if_asked(const std::stop_token& stop, const std::string& dest) {
  if (!stop.stop_requested()) return;
  throw Error(Code::kCancelled, "stopped; what was packed is safe in '" + dest + ".partial'")
      .hint("run the same command again to go on");
}

void check_room(io::FileSystem& fs, const std::string& dest, uint64_t needed) {
  std::string folder = io::parent_of(dest);
  while (!fs.exists(folder)) folder = io::parent_of(folder);
  const uint64_t free = fs.free_space(folder);
  if (free >= needed) return;
  throw Error(Code::kIo,
              "'" + folder + "' has " + bytes_text(free) + " free, packing takes about " + bytes_text(needed))
      .hint("free some space, choose another DEST, or make the pictures smaller with --resize");
}

uint64_t shuffle_memory(const io::Dataset& source, const PackOptions& options) {
  constexpr uint64_t kUsual = uint64_t{1} << 30;
  return options.memory_bytes.value_or(std::max(kUsual, ShuffleBuckets::least_memory(source.bytes())));
}

ShuffleBuckets::Plan shuffle_plan(const io::Dataset& source, const PackOptions& options) {
  return {.folder = options.dest + ".shuffle",
          .identity = data_digest(source) + " " + std::to_string(options_hash(options)),
          .places = source.size(),
          .bytes = source.bytes(),
          .memory_bytes = shuffle_memory(source, options)};
}

/// Everything about one packing. Places are in the order of writing, ids in the source's.
class Packing {
 public:
  Packing(const io::Dataset& source, const PackOptions& options, Cores& cores, io::FileSystem& fs)
      : source_(source),
        options_(options),
        cores_(cores),
        fs_(fs),
        writer_(io::open_writer(options.format, options.dest,
                                {.head = {.schema = source.schema(),
                                          .classes = source.class_names(),
                                          .source_fingerprint = source.fingerprint(),
                                          .options_hash = options_hash(options),
                                          .expected_records = source.size()},
                                 .commit_bytes = options.commit_bytes},
                                fs)) {}

  PackResult run(ProgressSink& progress, const std::stop_token& stop) {
    if (writer_->already_complete()) return finished_before();
    result_.already = writer_->committed();
    if (options_.shuffle)
      pack_shuffled(progress, stop);
    else
      pack_as_stored(progress, stop);
    progress.end();
    return std::move(result_);
  }

 private:
  /// Gives each record from `from` on to take(record, picture), in the source's order, while the next are read and worked on, and says
  /// after_chunk(position) behind each chunk.
  template <class Take, class AfterChunk>
  void each_record(uint64_t from, const char* doing, ProgressSink& progress, const std::stop_token& stop, Take&& take,
                   AfterChunk&& after_chunk) {
    ReadAhead reader(source_, source_.size() - from, [from](uint64_t place) { return from + place; });
    progress.begin(doing, source_.size(), "records", from);
    auto next = std::async(std::launch::async, [&] { return work_on_next(reader, source_, options_, cores_); });
    while (true) {
      const Packed packed = next.get();
      if (packed.chunk.records.empty()) break;
      stop_if_asked(stop, options_.dest);
      next = std::async(std::launch::async, [&] { return work_on_next(reader, source_, options_, cores_); });
      for (size_t i = 0; i < packed.pictures.size(); ++i) {
        result_.source_bytes += packed.chunk.records[i].bytes.size();
        result_.kept += packed.pictures[i].is_kept;
        take(packed.chunk.records[i], packed.pictures[i]);
      }
      const uint64_t position = from + packed.chunk.first + packed.chunk.records.size();
      after_chunk(position);
      progress.update(position, bad_ids_.empty() ? "" : std::to_string(bad_ids_.size()) + " left out");
    }
  }

  static std::span<const std::byte> bytes_of(const RawRecord& record, const RepackedPicture& picture) {
    return picture.encoded.empty() ? record.bytes : std::span<const std::byte>(picture.encoded);
  }

  void count_written(std::span<const std::byte> bytes) {
    result_.dest_bytes += bytes.size();
    result_.raw += bytes.size() > 2 && bytes[0] == std::byte{'P'} && bytes[1] == std::byte{'6'};
  }

  bool take_fault(const RawRecord& record, const RepackedPicture& picture, RejectedLog& log) {
    if (picture.fault.empty()) return false;
    log.add(rejected(source_, record.id, picture.fault));
    bad_ids_.push_back(record.id);
    return true;
  }

  // A record's id in DEST: its place among the good ones.
  uint64_t new_id(uint64_t id) const {
    return id - static_cast<uint64_t>(std::lower_bound(bad_ids_.begin(), bad_ids_.end(), id) - bad_ids_.begin());
  }

  void take_log(const RejectedLog& log) {
    for (const RejectedRecord& record : log.records()) bad_ids_.push_back(record.id);
    std::sort(bad_ids_.begin(), bad_ids_.end());
  }

  void finish(const RejectedLog& log) {
    result_.records = writer_->size();
    if (result_.records == 0) refuse_all(log);
    writer_->finish();
    result_.rejected = log.records();
    result_.rejected_file = log.path();
  }

  void pack_as_stored(ProgressSink& progress, const std::stop_token& stop) {
    const uint64_t from = writer_->resume_source_position();
    RejectedLog log(fs_, options_.dest, from);
    take_log(log);
    each_record(
        from, "packing", progress, stop,
        [&](const RawRecord& record, const RepackedPicture& picture) {
          if (take_fault(record, picture, log)) return;
          const auto bytes = bytes_of(record, picture);
          writer_->append({.id = new_id(record.id),
                           .name = source_.name(record.id),
                           .label = record.label,
                           .verified = is_verified(record.id),
                           .source_position = record.id,
                           .bytes = bytes});
          count_written(bytes);
        },
        [](uint64_t) {});
    finish(log);
  }

  void pack_shuffled(ProgressSink& progress, const std::stop_token& stop) {
    ShuffleBuckets buckets(fs_, shuffle_plan(source_, options_));
    RejectedLog log(fs_, options_.dest, buckets.scattered());
    take_log(log);
    scatter(buckets, log, progress, stop);
    write_buckets(buckets, progress, stop);
    finish(log);
    buckets.remove();
  }

  void scatter(ShuffleBuckets& buckets, RejectedLog& log, ProgressSink& progress, const std::stop_token& stop) {
    if (buckets.is_complete()) return;
    const Permutation order(source_.size(), options_.seed);
    uint64_t position = buckets.scattered();
    try {
      each_record(
          position, "scattering", progress, stop,
          [&](const RawRecord& record, const RepackedPicture& picture) {
            if (take_fault(record, picture, log)) return;
            buckets.add({.place = order.position_of(record.id),
                         .id = record.id,
                         .label = record.label,
                         .name = source_.name(record.id)},
                        bytes_of(record, picture));
          },
          [&](uint64_t reached) {
            position = reached;
            if (buckets.unmarked_bytes() >= std::max(options_.commit_bytes, shuffle_memory(source_, options_) / 2))
              buckets.mark(position, false);
          });
    } catch (const Error& error) {
      if (error.code() == Code::kCancelled) buckets.mark(position, false);
      throw;
    }
    buckets.mark(position, true);
  }

  // The second pass: file after file, the next read while one is written.
  void write_buckets(const ShuffleBuckets& buckets, ProgressSink& progress, const std::stop_token& stop) {
    const uint64_t from = writer_->resume_source_position();
    uint64_t b = 0;
    while (b + 1 < buckets.count() && buckets.first_place(b + 1) <= from) ++b;
    progress.begin("packing", source_.size(), "records", from);
    auto next = std::async(std::launch::async, [&, b] { return buckets.take(b); });
    for (; b < buckets.count(); ++b) {
      const std::vector<ShuffledRecord> records = next.get();
      stop_if_asked(stop, options_.dest);
      if (b + 1 < buckets.count()) next = std::async(std::launch::async, [&, b] { return buckets.take(b + 1); });
      for (const ShuffledRecord& record : records) {
        if (record.place < from) continue;
        writer_->append({.id = new_id(record.id),
                         .name = record.name,
                         .label = record.label,
                         .verified = is_verified(record.id),
                         .source_position = record.place,
                         .bytes = record.bytes});
        count_written(record.bytes);
      }
      progress.update(b + 1 < buckets.count() ? buckets.first_place(b + 1) : source_.size());
    }
  }

  bool is_verified(uint64_t id) const { return options_.checked || source_.verified(id); }

  PackResult finished_before() {
    result_.already_complete = true;
    result_.rejected = RejectedLog::read(fs_, options_.dest);
    result_.rejected_file = result_.rejected.empty() ? "" : RejectedLog::path_of(options_.dest);
    result_.records = result_.already = io::open(options_.dest, {.split = io::Split::kAll}, fs_)->size();
    if (options_.shuffle)  // of a run that was killed just before it did so
      ShuffleBuckets::remove_left_over(fs_, options_.dest + ".shuffle");
    return std::move(result_);
  }

  [[noreturn]] void refuse_all(const RejectedLog& log) const {
    throw Error(Code::kData, "none of the " + std::to_string(source_.size()) + " records of '" + source_.path() +
                                 "' can be decoded; the first: " + log.records().front().reason)
        .hint("see " + log.path());
  }

  const io::Dataset& source_;
  const PackOptions& options_;
  Cores& cores_;
  io::FileSystem& fs_;
  std::unique_ptr<io::RecordWriter> writer_;
  std::vector<uint64_t> bad_ids_;  ///< sorted
  PackResult result_;
};

}  // namespace

PackResult pack(const io::Dataset& source, const PackOptions& options, Cores& cores, ProgressSink& progress,
                std::stop_token stop, io::FileSystem& fs) {
  refuse_what_cannot_be_packed(source);
  PackOptions clean = with_raw_share(source, options, cores);  // names of files beside DEST are made from its name
  while (clean.dest.size() > 1 && clean.dest.back() == '/') clean.dest.pop_back();
  if (options.shuffle && !fs.exists(clean.dest)) ShuffleBuckets::require(fs, shuffle_plan(source, clean));
  if (!fs.exists(clean.dest) && !fs.exists(clean.dest + ".partial")) {
    check_room(fs, clean.dest, plan_pack(source, clean, cores, fs).needed_bytes);
  }
  return Packing(source, clean, cores, fs).run(progress, stop);
}

}  // namespace penstock
