#include "stages/table/prepare/record_sorter.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/base/error.h"
#include "io/file/checksum.h"

namespace penstock::table {
namespace {

bool before(const uint64_t* a, const uint64_t* b, size_t key_words) {
  return std::lexicographical_compare(a, a + key_words, b, b + key_words);
}

}  // namespace

// A file of blocks: words, their number and checksum before them.
class RecordSorter::RunWriter {
 public:
  RunWriter(const Options& options, const std::string& path) : file_(*options.fs, path, io::OpenMode::kCreate) {
    block_words_ = std::max<size_t>(1, kBlockBytes / 8 / options.words) * options.words;
    block_.reserve(block_words_);
  }
  void add(std::span<const uint64_t> record) {
    block_.insert(block_.end(), record.begin(), record.end());
    if (block_.size() == block_words_) flush();
  }
  uint64_t finish() {
    flush();
    file_.close();
    return at_;
  }

 private:
  void flush() {
    if (block_.empty()) return;
    const auto bytes = std::as_bytes(std::span(block_));
    const uint64_t head[2] = {block_.size(), io::checksum(bytes)};
    file_.write_at(at_, std::as_bytes(std::span(head)));
    file_.write_at(at_ + sizeof head, bytes);
    at_ += sizeof head + bytes.size();
    block_.clear();
  }

  io::File file_;
  std::vector<uint64_t> block_;
  size_t block_words_;
  uint64_t at_ = 0;
};

class RecordSorter::Run {
 public:
  Run(const Options& options, const std::string& path)
      : words_(options.words), file_(*options.fs, path, io::OpenMode::kRead), bytes_(file_.size()) {}
  /// False at the end.
  bool advance() {
    at_ += words_;
    if (at_ < block_.size()) return true;
    at_ = 0;
    if (offset_ == bytes_) return false;
    uint64_t head[2] = {};
    file_.read_exactly(offset_, std::as_writable_bytes(std::span(head)));
    const bool fits = head[0] > 0 && head[0] <= (bytes_ - offset_ - sizeof head) / 8 && head[0] % words_ == 0;
    if (fits) {
      block_.resize(head[0]);
      file_.read_exactly(offset_ + sizeof head, std::as_writable_bytes(std::span(block_)));
    }
    if (!fits || io::checksum(std::as_bytes(std::span(block_))) != head[1])
      throw Error(Code::kData, "'" + file_.path() + "' is not as it was written, at byte " + std::to_string(offset_))
          .hint("it is a temporary file of this preparation: start again, and look at the disk if it comes back");
    offset_ += sizeof head + head[0] * 8;
    return true;
  }
  const uint64_t* record() const { return block_.data() + at_; }

 private:
  size_t words_;
  io::File file_;
  uint64_t bytes_, offset_ = 0;
  std::vector<uint64_t> block_;
  size_t at_ = 0;
};

// For a heap whose top is the least.
struct RecordSorter::Later {
  size_t key_words;
  bool operator()(const std::unique_ptr<Run>& a, const std::unique_ptr<Run>& b) const {
    return before(b->record(), a->record(), key_words);
  }
};

RecordSorter::RecordSorter(Options options) : options_(std::move(options)) {
  PENSTOCK_CHECK(options_.words >= options_.key_words && options_.key_words > 0 && options_.fs != nullptr);
  options_.memory_bytes = std::max(options_.memory_bytes, kLeastMemory);
}

RecordSorter::~RecordSorter() {
  heap_.clear();
  given_.reset();
  for (const std::string& path : paths_) options_.fs->sys_unlink(path.c_str());
}

std::string RecordSorter::run_path() {
  options_.fs->make_folders(options_.folder);
  paths_.push_back(io::join_path(options_.folder, options_.name + "-" + std::to_string(run_number_++) + ".run"));
  return paths_.back();
}

void RecordSorter::add(std::span<const uint64_t> record) {
  PENSTOCK_CHECK(record.size() == options_.words);
  // A record, its place in the order, and what a growing vector holds twice while it moves.
  const uint64_t bytes = (held_.size() / options_.words + 1) * (options_.words * 8 + 4);
  if (bytes > options_.memory_bytes || held_.size() / options_.words == UINT32_MAX) spill();
  if (held_.size() == held_.capacity()) {
    const uint64_t most = options_.memory_bytes / (options_.words * 8 + 4) * options_.words;
    held_.reserve(std::min<uint64_t>(std::max<uint64_t>(held_.capacity() * 2, 64 * options_.words), most + options_.words));
  }
  held_.insert(held_.end(), record.begin(), record.end());
  ++records_;
}

void RecordSorter::order_held() {
  order_.resize(held_.size() / options_.words);
  std::iota(order_.begin(), order_.end(), 0);
  const size_t words = options_.words, key_words = options_.key_words;
  const uint64_t* const base = held_.data();
  std::sort(order_.begin(), order_.end(),
            [=](uint32_t a, uint32_t b) { return before(base + a * words, base + b * words, key_words); });
}

void RecordSorter::spill() {
  order_held();
  RunWriter run(options_, run_path());
  for (const uint32_t at : order_) run.add({held_.data() + at * options_.words, options_.words});
  spilled_bytes_ += run.finish();
  held_.clear();
  order_.clear();
  // A merge holds a block of each run: as many runs as the memory has room for, half of it.
  if (paths_.size() >= std::max<uint64_t>(4, options_.memory_bytes / 2 / kBlockBytes)) merge_runs();
}

// All runs so far become one.
void RecordSorter::merge_runs() {
  const std::vector<std::string> old = paths_;
  open_merge();
  RunWriter run(options_, run_path());
  while (const uint64_t* record = next_merged()) run.add({record, options_.words});
  spilled_bytes_ += run.finish();
  given_.reset();
  for (const std::string& path : old) options_.fs->unlink(path);
  paths_.erase(paths_.begin(), paths_.begin() + static_cast<std::ptrdiff_t>(old.size()));
}

void RecordSorter::open_merge() {
  heap_.clear();
  for (const std::string& path : paths_) {
    auto run = std::make_unique<Run>(options_, path);
    if (run->advance()) heap_.push_back(std::move(run));
  }
  std::make_heap(heap_.begin(), heap_.end(), Later{options_.key_words});
}

const uint64_t* RecordSorter::next_merged() {
  const Later later{options_.key_words};
  if (given_ && given_->advance()) {
    heap_.push_back(std::move(given_));
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  given_.reset();
  if (heap_.empty()) return nullptr;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  given_ = std::move(heap_.back());
  heap_.pop_back();
  return given_->record();
}

void RecordSorter::sort() {
  if (paths_.empty()) {
    order_held();
    return;
  }
  if (!held_.empty()) spill();
  std::vector<uint64_t>().swap(held_);
  open_merge();
}

const uint64_t* RecordSorter::next() {
  if (!paths_.empty()) return next_merged();
  return next_ < order_.size() ? held_.data() + order_[next_++] * options_.words : nullptr;
}

}  // namespace penstock::table
