#include "io/tier/window_maker.h"

#include <algorithm>

namespace penstock::io {
namespace {

constexpr uint64_t kPage = QueuedRead::kAlignment;
constexpr uint64_t kLongFrame = uint64_t{1} << 20;  // of dense reads: a request that every disk does at full rate
constexpr uint64_t kLeastFrame = 2 * kPage;
constexpr uint64_t kSsdWindows = uint64_t{64} << 20;
constexpr uint64_t kHddWindows = uint64_t{256} << 20;  // scattered reads on a hard disk: the more, the shorter the way
constexpr uint64_t kLongestRead = uint64_t{1} << 30;
constexpr uint64_t kFramesOfAWindow = 16;

uint64_t up(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

uint64_t mean_of(const WindowNeeds& needs) { return needs.bytes / std::max<uint64_t>(1, needs.records) + 1; }

// Frames that one record of `bytes` may touch: it begins anywhere in a page.
uint64_t frames_of(uint64_t bytes, uint64_t frame_bytes) { return (bytes + 2 * kPage - 2) / frame_bytes + 1; }

uint64_t frame_for(const WindowNeeds& needs) {
  if (needs.dense) return kLongFrame;
  return std::clamp(up(mean_of(needs) + kPage, kPage), kLeastFrame, kLongFrame);
}

void count_records(WindowShape& shape, const WindowNeeds& needs) {
  const uint64_t by_bytes = shape.window_bytes / mean_of(needs) + 1;
  shape.window_records = std::min({by_bytes * 2, needs.records, uint64_t{1} << 20});
}

// The least window of frames of that size.
WindowShape with_frames(const WindowNeeds& needs, uint64_t frame_bytes) {
  WindowShape shape;
  shape.dense = needs.dense;
  shape.whole_groups = needs.group_records > 0;
  shape.frame_bytes = frame_bytes;
  shape.frames = frames_of(needs.max_bytes, shape.frame_bytes) + 1;
  shape.most_frames = shape.frames;
  shape.window_bytes = std::max<uint64_t>(1, needs.max_bytes);
  count_records(shape, needs);
  return shape;
}

// Window bytes that the order wants, whatever there is.
uint64_t wanted_by(const WindowNeeds& needs, uint64_t wished) {
  uint64_t wanted = wished;
  if (wanted == 0 && needs.group_records > 0) {
    // Two groups: one is handed out while the next is read.
    const uint64_t group = std::min(needs.group_records, needs.records);
    wanted = 2 * (group * mean_of(needs) + group * mean_of(needs) / 32);
  } else if (wanted == 0) {
    wanted = needs.hdd && !needs.dense ? kHddWindows : kSsdWindows;
    wanted = std::max(wanted, uint64_t{4} * needs.depth * frame_for(needs));
  }
  wanted = std::min(wanted, 2 * (needs.bytes + needs.bytes / 32) + 8 * frame_for(needs));
  return std::max(wanted, 4 * needs.max_bytes);
}

}  // namespace

WindowShape least_shape(const WindowNeeds& needs) {
  return with_frames(needs, std::min(frame_for(needs), std::max(kLeastFrame, up(needs.max_bytes + kPage, kPage))));
}

WindowShape choose_shape(const WindowNeeds& needs, uint64_t available, uint64_t wished) {
  const WindowShape smallest = least_shape(needs);
  for (uint64_t wanted = wanted_by(needs, wished);; wanted -= wanted / 8) {
    // Frames as long as the disk likes them, but not so long that a window has only a few.
    uint64_t frame = frame_for(needs);
    while (frame > smallest.frame_bytes && wanted / frame < kFramesOfAWindow)
      frame = std::max(smallest.frame_bytes, up(frame / 2, kPage));
    const WindowShape least = with_frames(needs, frame);
    WindowShape shape = least;
    shape.frames = std::max(least.frames, wanted / shape.frame_bytes);
    // A dense window of half the frames; of scattered ones a quarter, so that the disk always has the next one's reads.
    shape.window_bytes = std::max(least.window_bytes, wanted / (needs.group_records > 0 ? 2 : 4));
    shape.most_frames = needs.group_records > 0 ? shape.frames
                                                : std::clamp<uint64_t>(shape.window_bytes / shape.frame_bytes + 1,
                                                                       least.frames - 1, shape.frames);
    count_records(shape, needs);
    if (shape.bytes() <= available) return shape;
    if (shape.frames == least.frames && frame == smallest.frame_bytes) return smallest;
  }
}

std::shared_ptr<Window> WindowMaker::make(uint64_t first) {
  // Records of the fast tier take a frame each: where they made the window before smaller, this one begins near its size.
  uint64_t last = std::min({walk_.group_end(first), first + shape_.window_records, first + 2 * fitted_});
  bool shrunk = false;
  for (;;) {
    std::shared_ptr<Window> window = plan(first, last);
    if (window->frames <= shape_.most_frames || last == first + 1) {
      fitted_ = shrunk ? std::max<uint64_t>(16, last - first) : std::max(fitted_, last - first);
      predicted_.resize(std::max(predicted_.size(), pending_.size()));
      for (size_t d = 0; d < pending_.size(); ++d) {
        predicted_[d].seconds += pending_[d].seconds;
        predicted_[d].bytes += pending_[d].bytes;
      }
      return window;
    }
    shrunk = true;
    // Fewer records, in proportion, and a little less still: their sizes differ.
    const uint64_t fits = std::min(shape_.most_frames, std::max<uint64_t>(1, shape_.frames / 2));
    const uint64_t count = (last - first) * fits / std::max<uint64_t>(1, window->frames);
    last = first + std::clamp<uint64_t>(count - count / 16, 1, last - first - 1);
  }
}

void WindowMaker::plan_tiers(Window& window) const {
  for (WindowRecord& record : window.records) {
    if (record.from == WindowRecord::From::kRam || record.length == 0) continue;
    const bool stored = record.from == WindowRecord::From::kSsd;
    const DiskModel& disk = stored ? store_files_->model(0) : files_.model(record.disk);
    if (tiers_.ram != nullptr && tiers_.ram_keeps.keeps(disk, record.length))
      record.for_ram = tiers_.ram->plan(record.id, record.length, this);
    record.for_store = !stored && (!record.for_ram || tiers_.store_holds_all) && tiers_.store != nullptr &&
                       tiers_.store_keeps.keeps(disk, record.length);
  }
}

std::shared_ptr<Window> WindowMaker::plan(uint64_t first, uint64_t last) {
  const std::vector<Stop> stops = walk_.stops(first, last);
  auto window = std::make_shared<Window>();
  window->first = first;
  window->last = last;
  window->left = last - first;
  window->records.resize(stops.size());
  std::vector<uint64_t> ids;
  std::vector<uint32_t> asked, stored;
  std::vector<Extent> stored_at;
  for (uint32_t i = 0; i < stops.size(); ++i) {
    WindowRecord& record = window->records[i];
    record.id = stops[i].id;
    record.place = stops[i].place;
    if (tiers_.elsewhere && tiers_.elsewhere(record.id)) {
      record.state = WindowRecord::State::kReady;
      continue;
    }
    if (tiers_.ram != nullptr) {
      // What this reader brings there itself, on its way before this record, is as good as there.
      if (const auto found = tiers_.ram->find(record.id);
          found && (found->coming_from == nullptr || found->coming_from == this)) {
        record.from = WindowRecord::From::kRam;
        record.resident = found->bytes;
        record.length = found->bytes.size();
        record.state = WindowRecord::State::kReady;
        continue;
      }
    }
    if (tiers_.store != nullptr) {
      if (const auto kept = tiers_.store->find(record.id); kept && kept->length > 0) {
        record.from = WindowRecord::From::kSsd;
        record.length = kept->length;
        record.checksum = kept->checksum;
        stored.push_back(i);
        stored_at.push_back({kept->file, kept->offset, kept->length});
        continue;
      }
    }
    record.from = WindowRecord::From::kDisk;
    ids.push_back(record.id);
    asked.push_back(i);
  }

  std::vector<Extent> at(ids.size());
  data_.extents(ids, at);
  std::vector<std::vector<Extent>> extents_of_disk;
  std::vector<std::vector<uint32_t>> records_of_disk;
  for (size_t k = 0; k < asked.size(); ++k) {
    WindowRecord& record = window->records[asked[k]];
    record.length = at[k].length;
    if (record.length == 0) {
      record.state = WindowRecord::State::kFailed;  // whoever hands it out asks the data set what is wrong with it
      continue;
    }
    const size_t disk = files_.disk(at[k].file);
    record.disk = static_cast<uint32_t>(disk);
    if (extents_of_disk.size() <= disk) {
      extents_of_disk.resize(disk + 1);
      records_of_disk.resize(disk + 1);
    }
    extents_of_disk[disk].push_back(at[k]);
    records_of_disk[disk].push_back(asked[k]);
  }
  pending_.assign(kFirstDisk + files_.disks(), {});
  const auto add = [&](ReadPlan plan, std::span<const uint32_t> records, size_t disk, bool from_store) {
    Predicted& sum = pending_[disk];
    sum.seconds += plan.seconds;
    sum.bytes += plan.read_bytes;
    window->add_reads(std::move(plan), records, disk, from_store, shape_.frame_bytes);
  };
  for (size_t disk = 0; disk < extents_of_disk.size(); ++disk) {
    const DiskModel& model = files_.model(disk);
    PhysicalPlace physical;
    if (model.kind == DiskKind::kHdd)
      physical = [this](uint32_t file, uint64_t offset) { return files_.physical(file, offset); };
    add(plan_reads(extents_of_disk[disk], model, kLongestRead, physical), records_of_disk[disk], kFirstDisk + disk,
        false);
  }
  if (!stored.empty()) { add(plan_reads(stored_at, store_files_->model(0), kLongestRead), stored, kStoreDisk, true); }
  return window;
}

}  // namespace penstock::io
