#include "io/tier/planned_reader.h"

#include <algorithm>
#include <cerrno>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace penstock::io {
namespace {

// In flight on a hard disk: enough that the next request is there when one ends, few enough that they stay one stream.
constexpr unsigned kHddDepth = 8;
constexpr unsigned kLeastSsdDepth = 16;

SourceFiles::DiskOf disk_of_option(const Storage& storage, const std::function<DiskModel(const std::string&)>& given) {
  if (given) return given;
  return [&storage](const std::string& path) { return disk_of(storage.data().file_system(), path); };
}

}  // namespace

PlannedReader::PlannedReader(const Storage& storage, const Journey& journey, Budgets& budgets, FastTiers tiers,
                             std::optional<Reserve> table, WindowShape shape, std::unique_ptr<SourceFiles> files)
    : storage_(storage),
      data_(storage.data()),
      fast_(std::move(tiers)),
      store_(fast_.store),
      ram_(fast_.ram.get()),
      shape_(shape),
      cut_(!journey.cut.empty()),
      table_(std::move(table)),
      reserve_(budgets, Need::ram(shape.bytes())),
      walk_(journey, storage.data()),
      files_(std::move(files)),
      store_files_(store_ == nullptr ? nullptr
                                     : std::make_unique<SourceFiles>(
                                           storage.data().file_system(), 1, false,
                                           [store = store_](uint32_t file) { return store->file_path(file); },
                                           disk_of_option(storage, storage.options_.disk_of), storage.options_.direct)),
      maker_(data_, walk_, shape_, *files_, store_files_.get(), fast_),
      frames_(shape.frames, shape.frame_bytes) {}

PlannedReader::~PlannedReader() {
  stop();
  if (thread_.joinable()) thread_.join();
  for (Disk& disk : disks_) {
    if (disk.queue) disk.queue->stop();
  }
  for (Disk& disk : disks_) {
    if (disk.queue) disk.queue->forget(frames_.memory());
  }
  // What will not come now.
  for (const std::shared_ptr<Window>& window : windows_) {
    for (const WindowRecord& record : window->records) {
      if (record.for_ram) ram_->give_up(record.id);
    }
  }
}

void PlannedReader::begin() {
  thread_ = std::thread([this] { run(); });
}

void PlannedReader::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (WindowWaiter* waiter : waiters_) waiter->wake.notify_all();
  }
  frames_.stop();
  changed_.notify_all();
  room_.notify_all();
}

void PlannedReader::fail(std::exception_ptr error) {
  {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    for (WindowWaiter* waiter : waiters_) waiter->wake.notify_all();
  }
  changed_.notify_all();
}

void PlannedReader::run() {
  try {
    for (uint64_t next = 0; next < walk_.size();) {
      if (!wait_for_place()) return;
      const std::shared_ptr<Window> window = maker_.make(next);
      maker_.plan_tiers(*window);
      {
        const std::lock_guard lock(mutex_);
        windows_.push_back(window);
        predicted_ = maker_.predicted();
      }
      changed_.notify_all();
      issue(window);
      next = window->last;
    }
  } catch (...) { fail(std::current_exception()); }
}

bool PlannedReader::wait_for_place() {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return stopped_ || windows_.size() < shape_.windows; });
  return !stopped_;
}

PlannedReader::Disk& PlannedReader::disk(size_t place) {
  const std::lock_guard lock(mutex_);
  if (disks_.size() <= place) disks_.resize(place + 1);
  Disk& disk = disks_[place];
  if (!disk.queue) {
    const bool is_store = place == WindowMaker::kStoreDisk;
    const DiskModel& model = is_store ? store_files_->model(0) : files_->model(place - WindowMaker::kFirstDisk);
    disk.depth = model.kind == DiskKind::kHdd ? kHddDepth : std::max(kLeastSsdDepth, model.depth(shape_.frame_bytes));
    disk.queue = make_read_queue(data_.file_system(), disk.depth);
    disk.queue->lend(frames_.memory(), frames_.bytes());
    disk.named = (is_store ? "the SSD tier (" : "the data set's disk (") + model.name + ", " +
                 (model.kind == DiskKind::kHdd ? "hard disk" : "ssd") + ") is read by ";
  }
  return disk;
}

/// All reads of a window, each disk's in its own order, all disks at once.
void PlannedReader::issue(const std::shared_ptr<Window>& window) {
  std::vector<Cursor> cursors(window->of_disk.size());
  for (size_t place = 0; place < cursors.size(); ++place) {
    if (!window->of_disk[place].empty()) disk(place);
  }
  for (;;) {
    bool left = false, issued = false;
    for (size_t place = 0; place < cursors.size(); ++place) {
      if (cursors[place].read >= window->of_disk[place].size()) continue;
      left = true;
      // Twice the depth: the queue has the next ones at hand whenever some end, and this thread need not wake for each.
      Disk& disk = disks_[place];
      while (cursors[place].read < window->of_disk[place].size() && disk.queue->pending() < 2 * disk.depth) {
        if (!issue_next(window, place, cursors[place])) return;
        issued = true;
      }
    }
    if (!left) return;
    if (issued) continue;
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] {
      if (stopped_) return true;
      for (size_t place = 0; place < cursors.size(); ++place) {
        if (cursors[place].read < window->of_disk[place].size() &&
            disks_[place].queue->pending() <= disks_[place].depth)
          return true;
      }
      return false;
    });
    if (stopped_) return;
  }
}

/// False where the reader was stopped.
bool PlannedReader::issue_next(const std::shared_ptr<Window>& window, size_t place, Cursor& cursor) {
  const uint32_t number = window->of_disk[place][cursor.read];
  WindowRead& read = window->reads[number];
  const size_t k = cursor.frame;
  if (++cursor.frame == read.frames.size()) {
    cursor.frame = 0;
    ++cursor.read;
  }
  WindowRead::Frame& frame = read.frames[k];
  if (frame.users == 0) return true;  // a hole as long as a frame
  const std::optional<uint32_t> taken = frames_.take();
  if (!taken) return false;
  frame.frame = *taken;
  QueuedRead request;
  try {
    request.file = (read.from_store ? *store_files_ : *files_).open(read.plan.file);
  } catch (const Error&) {
    landed(*window, number, k, -EIO);  // whoever hands its records out hears what is wrong
    return true;
  }
  const uint64_t begin = k * shape_.frame_bytes, from = std::max(begin, read.lead);
  request.offset = read.plan.offset - read.lead + from;
  request.bytes = std::min(begin + shape_.frame_bytes, read.lead + read.plan.bytes) - from;
  request.dest = frames_.data(*taken) + (from - begin);
  request.done = [this, window, number, k](int64_t result) { landed(*window, number, k, result); };
  Disk& disk = disks_[place];
  disk.queue->submit(std::move(request));
  if (!disk.named.empty()) {  // now it is known whether its files can be read past the page cache
    storage_.note(disk.named + disk.queue->how());
    disk.named.clear();
  }
  return true;
}

/// Under the mutex.
void PlannedReader::there(WindowRecord& record) {
  record.state = record.failed ? WindowRecord::State::kFailed : WindowRecord::State::kReady;
  if (record.waiter != nullptr && --record.waiter->left == 0) record.waiter->wake.notify_one();
}

void PlannedReader::landed(Window& window, uint32_t number, size_t k, int64_t result) {
  std::vector<WindowRecord*> for_store;
  bool has_room = false;
  {
    const std::lock_guard lock(mutex_);
    const WindowRead& read = window.reads[number];
    const uint64_t begin = k * shape_.frame_bytes;
    for (uint32_t p = read.frames[k].first_piece; p <= read.frames[k].last_piece; ++p) {
      const PlannedRead::Piece& piece = read.plan.pieces[p];
      const uint64_t end = piece.at + piece.length;
      if (end <= begin || piece.at >= begin + shape_.frame_bytes) continue;
      WindowRecord& record = window.records[piece.record];
      const uint64_t needed = std::min(end, begin + shape_.frame_bytes) - std::max(begin, read.lead);
      if (result < 0 || static_cast<uint64_t>(result) < needed) record.failed = true;
      if (--record.pending > 0) continue;
      if (record.for_store && !record.failed && !cut_)
        for_store.push_back(&record);
      else
        there(record);
    }
    const Disk& disk = disks_[read.disk];
    has_room = disk.queue->pending() <= disk.depth + 1;  // this one still counts
  }
  if (has_room) room_.notify_one();
  if (for_store.empty()) return;
  // The SSD tier gets them as the disk gives them, and not when they are handed out: a block group is handed out in a rush, once it is whole. Until they are
  // said to be there nobody gives their frames back.
  std::vector<std::span<const std::byte>> parts;
  for (const WindowRecord* record : for_store) {
    parts.clear();
    each_part(window, *record, [&](std::span<const std::byte> part) { parts.push_back(part); });
    store_->put(record->id, parts);
  }
  const std::lock_guard lock(mutex_);
  for (WindowRecord* record : for_store) there(*record);
}

std::vector<TierUse> PlannedReader::tiers() const {
  std::vector<TierUse> out;
  const std::lock_guard lock(mutex_);
  const auto use_of = [&](size_t place, TierUse& tier) {
    if (place < disks_.size() && disks_[place].queue) {
      const ReadQueue::Use use = disks_[place].queue->use();
      tier.bytes_read = use.bytes;
      tier.reads = use.reads;
      tier.busy_seconds = use.busy_seconds;
    }
    if (place < predicted_.size() && predicted_[place].seconds > 0)
      tier.predicted_bytes_per_second = static_cast<double>(predicted_[place].bytes) / predicted_[place].seconds;
    if (place < predicted_.size()) tier.predicted_seconds = predicted_[place].seconds;
  };
  bool source_on_ssd = false;
  const size_t disks = files_->disks();
  for (size_t d = 0; d < disks; ++d) {
    const DiskModel& model = files_->model(d);
    TierUse tier;
    tier.name = std::string(name_of(model.kind == DiskKind::kHdd ? Tier::kHdd : Tier::kSsd));
    source_on_ssd = source_on_ssd || model.kind == DiskKind::kSsd;
    if (disks > 1) tier.name += ":" + model.name;
    if (d < from_disk_.size()) {
      tier.hits = from_disk_[d].hits;
      tier.bytes_needed = from_disk_[d].bytes;
    }
    use_of(WindowMaker::kFirstDisk + d, tier);
    out.push_back(std::move(tier));
  }
  if (store_ != nullptr) {
    TierUse tier;
    tier.name = source_on_ssd ? "ssd:cache" : "ssd";
    tier.hits = from_ssd_.hits;
    tier.bytes_needed = from_ssd_.bytes;
    tier.misses = served_ - from_ssd_.hits - from_ram_.hits;
    tier.kept = store_->kept_records();
    use_of(WindowMaker::kStoreDisk, tier);
    out.push_back(std::move(tier));
  }
  if (ram_) {
    TierUse tier;
    tier.name = "ram";
    tier.hits = from_ram_.hits;
    tier.bytes_needed = tier.bytes_read = from_ram_.bytes;
    tier.misses = served_ - from_ram_.hits;
    tier.kept = ram_->records();
    out.push_back(std::move(tier));
  }
  return out;
}

}  // namespace penstock::io
