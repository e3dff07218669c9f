#include "pipelines/pack/pack.h"

#include <algorithm>
#include <future>
#include <memory>
#include <sstream>
#include <string_view>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/order/permutation.h"
#include "io/data/lmdb_dataset.h"
#include "io/data/lmdb_writer.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "pipelines/job/read_ahead.h"
#include "pipelines/job/subset.h"
#include "pipelines/pack/rejected_log.h"
#include "pipelines/pack/repack.h"

namespace penstock {
namespace {

constexpr uint64_t kPlanRecords = 64;       // of the sample that a plan reads
constexpr uint64_t kRecordOverhead = 2200;  // pages half used, index, names: at most half a page and a note a record
constexpr uint64_t kSpareBytes = 4_MiB;     // LMDB's free pages and the file system's own; data.mdb grows as written

struct Packed {
  RawChunk chunk;
  std::vector<RepackedPicture> pictures;
};

uint64_t options_hash(const PackOptions& options) {
  if (!options.resize && !options.quality && !options.shuffle) return 0;
  io::Checksum sum;
  sum.add("resize").add(static_cast<uint64_t>(options.resize.value_or(0)));
  sum.add("quality").add(static_cast<uint64_t>(options.quality.value_or(0)));
  sum.add("shuffle").add(uint64_t{options.shuffle}).add(options.shuffle ? options.seed : 0);
  return sum.value();
}

// The next chunk with every picture of it decoded.
Packed work_on_next(ReadAhead& reader, const io::Dataset& source, const PackOptions& options, Cores& cores) {
  Packed packed{reader.next(), {}};
  packed.pictures.resize(packed.chunk.records.size());
  parallel_for(cores, packed.pictures.size(), 1, [&](size_t begin, size_t end) {
    Repacker repacker(options.resize, options.quality);
    for (size_t i = begin; i < end; ++i) {
      const RawRecord& record = packed.chunk.records[i];
      packed.pictures[i] = record.fault.empty() ? repacker.repack(record.bytes, source.verified(record.id))
                                                : RepackedPicture{record.fault, {}};
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

uint64_t expected_bytes(const io::Dataset& source, double ratio) {
  return static_cast<uint64_t>(static_cast<double>(source.bytes()) * ratio) + source.size() * kRecordOverhead +
         kSpareBytes;
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

/// How far the pass that looks for damaged records came: DEST.checked, "digest count". It is on disk before the pass goes on, so a
/// killed one need not begin again.
class CheckedMark {
 public:
  CheckedMark(io::FileSystem& fs, const io::Dataset& source, const std::string& dest)
      : fs_(fs),
        path_(io::join_path(io::parent_of(dest), io::base_name(dest) + ".checked")),
        digest_(data_digest(source)) {}

  uint64_t read() const {
    if (!fs_.exists(path_)) return 0;
    std::istringstream words(io::read_file(fs_, path_));
    std::string digest;
    uint64_t count = 0;
    return words >> digest >> count && digest == digest_ ? count : 0;
  }
  void write(uint64_t count) const {
    io::write_file(fs_, path_, std::string_view(digest_ + " " + std::to_string(count) + "\n"));
  }
  void remove() const {
    if (fs_.exists(path_)) fs_.unlink(path_);
  }

 private:
  io::FileSystem& fs_;
  std::string path_;
  std::string digest_;
};

/// Finds the damaged records from `from` on before anything is packed: with a shuffle, a record's id cannot be told otherwise.
void find_rejected(const io::Dataset& source, const PackOptions& options, Cores& cores, uint64_t from,
                   const CheckedMark& mark, RejectedLog& log, ProgressSink& progress, const std::stop_token& stop) {
  ReadAhead reader(source, source.size() - from, [from](uint64_t place) { return from + place; });
  PackOptions only_look = options;
  only_look.resize.reset();
  only_look.quality.reset();
  if (from == source.size()) return;
  progress.begin("checking", source.size(), "images", from);
  for (uint64_t done = from;;) {
    const Packed packed = work_on_next(reader, source, only_look, cores);
    if (packed.chunk.records.empty()) break;
    stop_if_asked(stop, options.dest);
    for (size_t i = 0; i < packed.pictures.size(); ++i) {
      if (!packed.pictures[i].fault.empty())
        log.add(rejected(source, packed.chunk.records[i].id, packed.pictures[i].fault));
    }
    mark.write(done += packed.chunk.records.size());
    progress.update(done);
  }
  progress.end();
}

/// Everything about one packing. Places are in the order of writing, ids in the source's.
class Packing {
 public:
  Packing(const io::Dataset& source, const PackOptions& options, Cores& cores, io::FileSystem& fs)
      : source_(source), options_(options), cores_(cores), fs_(fs), order_(source.size(), options.seed) {
    writer_ = io::LmdbWriter::open(options.dest,
                                   {.head = {.schema = source.schema(),
                                             .classes = source.class_names(),
                                             .source_fingerprint = source.fingerprint(),
                                             .options_hash = options_hash(options),
                                             .expected_records = source.size()},
                                    .commit_bytes = options.commit_bytes},
                                   fs);
  }

  PackResult run(ProgressSink& progress, const std::stop_token& stop) {
    if (writer_->already_complete()) return finished_before();
    const uint64_t from = writer_->resume_source_position();
    result_.already = writer_->committed();
    const CheckedMark mark(fs_, source_, options_.dest);
    const uint64_t checked = !options_.shuffle ? from : from > 0 ? source_.size() : mark.read();
    RejectedLog log(fs_, options_.dest, checked);
    if (options_.shuffle) find_rejected(source_, options_, cores_, checked, mark, log, progress, stop);
    for (const RejectedRecord& record : log.records()) bad_ids_.push_back(record.id);
    std::sort(bad_ids_.begin(), bad_ids_.end());

    ReadAhead reader(source_, source_.size() - from, [this, from](uint64_t place) { return id_at(from + place); });
    progress.begin("packing", source_.size(), "images", from);
    auto next = std::async(std::launch::async, [&] { return work_on_next(reader, source_, options_, cores_); });
    while (true) {
      const Packed packed = next.get();
      if (packed.chunk.records.empty()) break;
      stop_if_asked(stop, options_.dest);
      next = std::async(std::launch::async, [&] { return work_on_next(reader, source_, options_, cores_); });
      write(packed, from, log);
      progress.update(from + packed.chunk.first + packed.chunk.records.size(),
                      log.records().empty() ? "" : std::to_string(log.records().size()) + " left out");
    }
    result_.records = writer_->size();
    if (result_.records == 0) refuse_all(log);
    writer_->finish();
    mark.remove();
    progress.end();
    result_.rejected = log.records();
    result_.rejected_file = log.path();
    return std::move(result_);
  }

 private:
  uint64_t id_at(uint64_t place) const { return options_.shuffle ? order_.at(place) : place; }

  void write(const Packed& packed, uint64_t from, RejectedLog& log) {
    for (size_t i = 0; i < packed.pictures.size(); ++i) {
      const RawRecord& record = packed.chunk.records[i];
      const RepackedPicture& picture = packed.pictures[i];
      result_.source_bytes += record.bytes.size();
      if (!picture.fault.empty()) {
        if (!options_.shuffle) {
          log.add(rejected(source_, record.id, picture.fault));
          bad_ids_.push_back(record.id);
        } else if (!std::binary_search(bad_ids_.begin(), bad_ids_.end(), record.id)) {
          throw Error(Code::kData, "'" + source_.name(record.id) + "' changed while it was packed: " + picture.fault)
              .hint("remove '" + options_.dest + ".partial' and pack again");
        }
        continue;
      }
      const std::span<const std::byte> bytes =
          picture.encoded.empty() ? record.bytes : std::span<const std::byte>(picture.encoded);
      const auto before = std::lower_bound(bad_ids_.begin(), bad_ids_.end(), record.id) - bad_ids_.begin();
      writer_->append({.id = record.id - static_cast<uint64_t>(before),
                       .name = source_.name(record.id),
                       .label = record.label,
                       .verified = true,
                       .source_position = from + packed.chunk.first + i,
                       .bytes = bytes});
      result_.dest_bytes += bytes.size();
    }
  }

  PackResult finished_before() {
    result_.already_complete = true;
    result_.rejected = RejectedLog::read(fs_, options_.dest);
    result_.rejected_file = result_.rejected.empty() ? "" : RejectedLog::path_of(options_.dest);
    result_.records = result_.already = io::LmdbDataset::open(fs_, options_.dest)->size();
    CheckedMark(fs_, source_, options_.dest).remove();  // of a run that was killed just before it did so
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
  const Permutation order_;
  std::unique_ptr<io::LmdbWriter> writer_;
  std::vector<uint64_t> bad_ids_;  ///< sorted
  PackResult result_;
};

}  // namespace

PackResult pack(const io::Dataset& source, const PackOptions& options, Cores& cores, ProgressSink& progress,
                std::stop_token stop, io::FileSystem& fs) {
  PackOptions clean = options;  // names of files beside DEST are made from its name
  while (clean.dest.size() > 1 && clean.dest.back() == '/') clean.dest.pop_back();
  if (!fs.exists(clean.dest) && !fs.exists(clean.dest + ".partial")) {
    check_room(fs, clean.dest, plan_pack(source, clean, cores, fs).dest_bytes);
  }
  return Packing(source, clean, cores, fs).run(progress, stop);
}

PackPlan plan_pack(const io::Dataset& source, const PackOptions& options, Cores& cores, io::FileSystem& fs) {
  PackPlan plan{.records = source.size(), .source_bytes = source.bytes()};
  const uint64_t count = std::min<uint64_t>(kPlanRecords, source.size());
  uint64_t before = 0, after = 0, good = 0;
  const double begin = Clock::system().now_seconds();
  ReadAhead reader(source, count, [&](uint64_t place) { return place * source.size() / count; });
  const Packed packed = work_on_next(reader, source, options, cores);
  for (size_t i = 0; i < packed.pictures.size(); ++i) {
    if (!packed.pictures[i].fault.empty()) continue;
    ++good;
    before += packed.chunk.records[i].bytes.size();
    after +=
        packed.pictures[i].encoded.empty() ? packed.chunk.records[i].bytes.size() : packed.pictures[i].encoded.size();
  }
  const double seconds = Clock::system().now_seconds() - begin;
  plan.seconds = seconds / static_cast<double>(std::max<size_t>(1, packed.pictures.size())) *
                 static_cast<double>(source.size()) * (options.shuffle ? 2 : 1);
  plan.dest_bytes = expected_bytes(source, before > 0 ? static_cast<double>(after) / static_cast<double>(before) : 1);
  std::string folder = io::parent_of(options.dest);
  while (!fs.exists(folder)) folder = io::parent_of(folder);
  plan.free_bytes = fs.free_space(folder);
  return plan;
}

}  // namespace penstock
