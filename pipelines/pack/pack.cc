#include "pipelines/pack/pack.h"

#include <algorithm>
#include <bit>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/order/permutation.h"
#include "io/data/open.h"
#include "io/data/open_writer.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "pipelines/job/subset.h"
#include "pipelines/job/together.h"
#include "pipelines/pack/buckets.h"
#include "pipelines/pack/plan.h"
#include "pipelines/pack/rejected_log.h"
#include "pipelines/pack/worked_chunks.h"

namespace penstock {
namespace {

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

RejectedRecord rejected(const io::Dataset& source, uint64_t id, std::string reason) {
  const Location at = source.locate(id);
  return {id, source.name(id), at.file, at.offset, std::move(reason)};
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

/// Everything about one packing. Places are in the order of writing, ids in the source's. What is about DEST is at the root alone.
class Packing {
 public:
  Packing(const io::Dataset& source, const PackOptions& options, Cores& cores, Together& together, io::FileSystem& fs)
      : source_(source), options_(options), cores_(cores), together_(together), fs_(fs) {
    together_.at_root([&] {
      writer_ = io::open_writer(options.format, options.dest,
                                {.head = {.schema = source.schema(),
                                          .classes = source.class_names(),
                                          .source_fingerprint = source.fingerprint(),
                                          .options_hash = options_hash(options),
                                          .expected_records = source.size()},
                                 .commit_bytes = options.commit_bytes},
                                fs);
      if (writer_->already_complete())
        finished_before();
      else
        result_.already = writer_->committed();
    });
    result_.already_complete = together_.number(result_.already_complete) != 0;
  }

  PackResult run(ProgressSink& progress, const std::stop_token& stop) {
    if (result_.already_complete) return std::move(result_);
    if (options_.shuffle)
      pack_shuffled(progress, stop);
    else
      pack_as_stored(progress, stop);
    progress.end();
    return std::move(result_);
  }

 private:
  void stop_if_asked(const std::stop_token& stop) {
    if (!together_.any({stop.stop_requested()})[0]) return;
    throw Error(Code::kCancelled, "stopped; what was packed is safe in '" + options_.dest + ".partial'")
        .hint("run the same command again to go on");
  }

  /// Gives the root each record from `from` on as take(record), in the source's order, while the next are read and worked on, and says
  /// after_chunk(position) behind each round of chunks.
  template <class Take, class AfterChunk>
  void each_record(uint64_t from, const char* doing, ProgressSink& progress, const std::stop_token& stop, Take&& take,
                   AfterChunk&& after_chunk) {
    WorkedChunks chunks(source_, {.encoding = options_.encoding, .checked = options_.checked, .from = from}, cores_,
                        together_);
    progress.begin(doing, source_.size(), "records", from);
    uint64_t position = from;
    while (std::optional<WorkedChunk> chunk = chunks.next()) {
      stop_if_asked(stop);
      together_.at_root([&] {
        for (const WorkedRecord& record : chunk->records) {
          result_.source_bytes += record.source_bytes;
          result_.kept += record.is_kept;
          take(record);
        }
        position += chunk->records.size();
        after_chunk(position);
      });
      progress.update(position, bad_ids_.empty() ? "" : std::to_string(bad_ids_.size()) + " left out");
    }
  }

  void count_written(std::span<const std::byte> bytes) {
    result_.dest_bytes += bytes.size();
    result_.raw += bytes.size() > 2 && bytes[0] == std::byte{'P'} && bytes[1] == std::byte{'6'};
  }

  bool take_fault(const WorkedRecord& record) {
    if (record.fault.empty()) return false;
    log_->add(rejected(source_, record.id, record.fault));
    bad_ids_.push_back(record.id);
    return true;
  }

  // A record's id in DEST: its place among the good ones.
  uint64_t new_id(uint64_t id) const {
    return id - static_cast<uint64_t>(std::lower_bound(bad_ids_.begin(), bad_ids_.end(), id) - bad_ids_.begin());
  }

  void open_log(uint64_t from) {
    log_.emplace(fs_, options_.dest, from);
    for (const RejectedRecord& record : log_->records()) bad_ids_.push_back(record.id);
    std::sort(bad_ids_.begin(), bad_ids_.end());
  }

  void finish() {
    result_.records = writer_->size();
    if (result_.records == 0) refuse_all();
    writer_->finish();
    result_.rejected = log_->records();
    result_.rejected_file = log_->path();
  }

  void pack_as_stored(ProgressSink& progress, const std::stop_token& stop) {
    uint64_t from = 0;
    together_.at_root([&] {
      from = writer_->resume_source_position();
      open_log(from);
    });
    each_record(
        together_.number(from), "packing", progress, stop,
        [&](const WorkedRecord& record) {
          if (take_fault(record)) return;
          writer_->append({.id = new_id(record.id),
                           .name = source_.name(record.id),
                           .label = record.label,
                           .verified = is_verified(record.id),
                           .source_position = record.id,
                           .bytes = record.bytes});
          count_written(record.bytes);
        },
        [](uint64_t) {});
    together_.at_root([&] { finish(); });
  }

  void pack_shuffled(ProgressSink& progress, const std::stop_token& stop) {
    std::optional<ShuffleBuckets> buckets;
    together_.at_root([&] {
      buckets.emplace(fs_, shuffle_plan(source_, options_));
      open_log(buckets->scattered());
    });
    if (together_.number(buckets && buckets->is_complete()) == 0) scatter(buckets, progress, stop);
    write_buckets(buckets, progress, stop);
    together_.at_root([&] {
      finish();
      buckets->remove();
    });
  }

  void scatter(std::optional<ShuffleBuckets>& buckets, ProgressSink& progress, const std::stop_token& stop) {
    const Permutation order(source_.size(), options_.seed);
    uint64_t position = together_.number(buckets ? buckets->scattered() : 0);
    try {
      each_record(
          position, "scattering", progress, stop,
          [&](const WorkedRecord& record) {
            if (take_fault(record)) return;
            buckets->add({.place = order.position_of(record.id),
                          .id = record.id,
                          .label = record.label,
                          .name = source_.name(record.id),
                          .bytes = {}},
                         record.bytes);
          },
          [&](uint64_t reached) {
            position = reached;
            if (buckets->unmarked_bytes() >= std::max(options_.commit_bytes, shuffle_memory(source_, options_) / 2))
              buckets->mark(position, false);
          });
    } catch (const Error& error) {
      if (error.code() == Code::kCancelled && buckets) buckets->mark(position, false);
      throw;
    }
    together_.at_root([&] { buckets->mark(position, true); });
  }

  // The second pass, the root's: file after file, the next read while one is written. The others are told of each, so that none waits too long.
  void write_buckets(const std::optional<ShuffleBuckets>& buckets, ProgressSink& progress,
                     const std::stop_token& stop) {
    const uint64_t from = together_.is_root() ? writer_->resume_source_position() : 0;
    const uint64_t count = together_.number(buckets ? buckets->count() : 0);
    uint64_t b = 0;
    while (buckets && b + 1 < count && buckets->first_place(b + 1) <= from) ++b;
    b = together_.number(b);
    progress.begin("packing", source_.size(), "records", from);
    std::future<std::vector<ShuffledRecord>> next;
    const auto begin_next = [&](uint64_t bucket) {
      if (buckets && bucket < count)
        next = std::async(std::launch::async, [&buckets, bucket] { return buckets->take(bucket); });
    };
    begin_next(b);
    for (; b < count; ++b) {
      stop_if_asked(stop);
      together_.at_root([&] {
        const std::vector<ShuffledRecord> records = next.get();
        begin_next(b + 1);
        for (const ShuffledRecord& record : records)
          if (record.place >= from) append_shuffled(record);
        progress.update(b + 1 < count ? buckets->first_place(b + 1) : source_.size());
      });
    }
  }

  void append_shuffled(const ShuffledRecord& record) {
    writer_->append({.id = new_id(record.id),
                     .name = record.name,
                     .label = record.label,
                     .verified = is_verified(record.id),
                     .source_position = record.place,
                     .bytes = record.bytes});
    count_written(record.bytes);
  }

  bool is_verified(uint64_t id) const { return options_.checked || source_.verified(id); }

  void finished_before() {
    result_.already_complete = true;
    result_.rejected = RejectedLog::read(fs_, options_.dest);
    result_.rejected_file = result_.rejected.empty() ? "" : RejectedLog::path_of(options_.dest);
    result_.records = result_.already = io::open(options_.dest, {.split = io::Split::kAll}, fs_)->size();
    if (options_.shuffle)  // of a run that was killed just before it did so
      ShuffleBuckets::remove_left_over(fs_, options_.dest + ".shuffle");
  }

  [[noreturn]] void refuse_all() const {
    throw Error(Code::kData, "none of the " + std::to_string(source_.size()) + " records of '" + source_.path() +
                                 "' can be decoded; the first: " + log_->records().front().reason)
        .hint("see " + log_->path());
  }

  const io::Dataset& source_;
  const PackOptions& options_;
  Cores& cores_;
  Together& together_;
  io::FileSystem& fs_;
  std::unique_ptr<io::RecordWriter> writer_;
  std::optional<RejectedLog> log_;
  std::vector<uint64_t> bad_ids_;  ///< sorted
  PackResult result_;
};

/// What must be right before anything is written, and the choices that are made once for all processes.
PackOptions prepare(const io::Dataset& source, const PackOptions& options, Cores& cores, Together& together,
                    io::FileSystem& fs) {
  refuse_what_cannot_be_packed(source);
  together.require_same("SOURCE", data_digest(source) + " of " + std::to_string(source.bytes()) + " bytes",
                        "give all processes the same SOURCE");
  const auto require_same_way = [&](const PackOptions& way) {
    together.require_same("way to pack", std::to_string(options_hash(way)), "give all processes the same options");
  };
  require_same_way(options);
  PackOptions clean = options;
  together.at_root([&] {
    clean = with_raw_share(source, options, cores);
    while (clean.dest.size() > 1 && clean.dest.back() == '/')
      clean.dest.pop_back();  // names of files beside DEST are made from its name
    if (options.shuffle && !fs.exists(clean.dest)) ShuffleBuckets::require(fs, shuffle_plan(source, clean));
    if (!fs.exists(clean.dest) && !fs.exists(clean.dest + ".partial"))
      check_room(fs, clean.dest, plan_pack(source, clean, cores, fs).needed_bytes);
  });
  RepackOptions& as = clean.encoding;
  as.encode = static_cast<Encode>(together.number(static_cast<uint64_t>(as.encode)));
  as.raw_from = std::bit_cast<double>(together.number(std::bit_cast<uint64_t>(as.raw_from)));
  require_same_way(clean);  // what an encoding left to be chosen is the same only now
  return clean;
}

}  // namespace

PackResult pack(const io::Dataset& source, const PackOptions& options, Cores& cores, ProgressSink& progress,
                std::stop_token stop, io::FileSystem& fs) {
  Together together(options.processes);
  const PackOptions clean = prepare(source, options, cores, together, fs);
  return Packing(source, clean, cores, together, fs).run(progress, stop);
}

}  // namespace penstock
