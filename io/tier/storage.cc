#include "io/tier/storage.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/order/epoch_plan.h"
#include "io/file/checksum.h"
#include "io/tier/planned_reader.h"
#include "io/tier/store_format.h"

namespace penstock::io {
namespace {

constexpr uint64_t kAvailableUnlimited = uint64_t{1} << 40;

uint64_t free_ram(const Budgets& budgets) {
  const uint64_t limit = budgets.limit(Tier::kRam);
  return limit == 0 ? kAvailableUnlimited : limit - std::min(limit, budgets.used(Tier::kRam));
}

std::string real_path(const std::string& path) {
  std::error_code unknown;
  const auto real = std::filesystem::weakly_canonical(path, unknown);
  return unknown ? path : real.string();
}

WindowNeeds needs_of(const Dataset& data, const Journey& journey, const SourceFiles& files, bool has_store) {
  const PlanOptions& plan = journey.plan->options();
  WindowNeeds needs{.records = data.size(), .bytes = data.bytes(), .max_bytes = data.max_record_bytes()};
  if (has_store && !journey.cut.empty()) needs.max_bytes = std::max(needs.max_bytes, journey.cut_bytes);
  if (plan.order == Order::kBlock && journey.by_storage) needs.group_records = plan.block * plan.group_blocks;
  needs.dense = plan.order != Order::kFull && journey.by_storage && data.file_count() < data.size();
  for (size_t d = 0; d < files.disks(); ++d) needs.hdd = needs.hdd || files.model(d).kind == DiskKind::kHdd;
  const uint64_t mean = data.bytes() / std::max<uint64_t>(1, data.size()) + 1;
  if (!needs.hdd) needs.depth = std::max(16u, files.model(0).depth(mean));
  return needs;
}

}  // namespace

Storage::Storage(const Dataset& data, StorageOptions options)
    : data_(data), options_(std::move(options)), checked_(data.size() <= kMostChecked ? (data.size() + 63) / 64 : 0) {}

void Storage::note_verified(uint64_t id) const {
  if (id / 64 < checked_.size()) checked_[id / 64].fetch_or(uint64_t{1} << (id % 64), std::memory_order_relaxed);
}

Storage::~Storage() = default;

DiskModel Storage::disk(const std::string& path) const {
  return options_.disk_of ? options_.disk_of(path) : disk_of(data_.file_system(), path);
}

std::vector<std::string> Storage::notes() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all = notes_;
  for (const auto& [identity, store] : stores_) {
    if (store && !store->fault().empty()) all.push_back("the SSD tier " + store->fault());
  }
  return all;
}

void Storage::note(std::string text) const {
  const std::lock_guard lock(mutex_);
  if (std::find(notes_.begin(), notes_.end(), text) == notes_.end()) notes_.push_back(std::move(text));
}

uint64_t Storage::ram_records() const {
  const std::lock_guard lock(mutex_);
  return ram_ ? ram_->records() : 0;
}

uint64_t Storage::ssd_records() const {
  const std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (const auto& [identity, store] : stores_) sum += store ? store->kept_records() : 0;
  return sum;
}

uint64_t Storage::ssd_bytes() const {
  const std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (const auto& [identity, store] : stores_) sum += store ? store->kept_bytes() : 0;
  return sum;
}

bool Storage::flush() {
  const std::lock_guard lock(mutex_);
  bool whole = true;
  for (const auto& [identity, store] : stores_) whole = (store == nullptr || store->flush()) && whole;
  return whole;
}

RecordStore* Storage::store_of(const Journey& journey) const {
  if (!options_.ssd) return nullptr;
  const bool cut = !journey.cut.empty();
  RecordStoreOptions wanted{
      .folder = options_.ssd->folder,
      .quota_bytes = options_.ssd->quota_bytes,
      .wanted_bytes = cut ? data_.size() * journey.cut_bytes : data_.bytes(),
      .identity = Checksum().add("records").add(data_.state()).value(),
      .thing = Checksum().add("records").add(real_path(data_.path())).value(),
      .what = "the records of " + data_.path(),
      .records = data_.size(),
      .is_right = [this](uint64_t id, std::span<const std::byte> bytes) { return data_.fault_of(id, bytes).empty(); }};
  if (cut) {
    wanted.identity = Checksum().add("made").add(data_.state()).add(journey.cut).value();
    wanted.thing = Checksum().add("made").add(real_path(data_.path())).add(journey.cut).value();
    wanted.is_right = {};
    wanted.what = "what stage '" + journey.cut_stage + "' made of " + data_.path();
  }
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = stores_.try_emplace(wanted.identity);
  if (!is_new) {
    if (found->second) found->second->refresh();  // what another process has added since
    return found->second.get();
  }
  try {
    found->second = RecordStore::open(data_.file_system(), wanted);
    const uint64_t may = found->second->room() + found->second->kept_bytes();
    if (found->second->fills() && may < std::min(wanted.wanted_bytes, wanted.quota_bytes))
      notes_.push_back("the SSD tier keeps at most " + bytes_text(may) + ": its disk has " +
                       bytes_text(data_.file_system().free_space(wanted.folder)) + " free, of which " +
                       bytes_text(StoreFormat::kSpareBytes) +
                       " stay free, and other sets keep their part of the quota");
  } catch (const Error& error) {
    if (error.code() == Code::kUsage) throw;
    notes_.push_back("the SSD tier is left out: " + error.message());
  }
  return found->second.get();
}

std::unique_ptr<SourceFiles> Storage::source_files() const {
  return std::make_unique<SourceFiles>(
      data_.file_system(), data_.file_count(), data_.file_count() == data_.size(),
      [this](uint32_t file) { return data_.file_path(file); }, [this](const std::string& path) { return disk(path); },
      options_.direct);
}

Storage::Prediction Storage::predict_epoch(const EpochPlan& plan, Budgets& budgets, uint64_t most_windows) const {
  Prediction out;
  if (!data_.has_extents()) return out;
  const Journey journey{.plan = &plan, .batches = plan.steps_per_epoch()};
  const std::unique_ptr<SourceFiles> files = source_files();
  const WindowNeeds needs = needs_of(data_, journey, *files, false);
  const uint64_t available = free_ram(budgets);
  const WindowShape shape = choose_shape(needs, std::max(least_shape(needs).bytes(), available - available / 3),
                                         options_.window_bytes.value_or(0));
  out.window_bytes = shape.bytes();
  const JourneyWalk walk(journey, data_);
  const FastTiers none;
  WindowMaker maker(data_, walk, shape, *files, nullptr, none);
  uint64_t planned = 0;
  for (uint64_t window = 0; window < most_windows && planned < walk.size(); ++window)
    planned = maker.make(planned)->last;
  const double whole = planned > 0 ? static_cast<double>(walk.size()) / static_cast<double>(planned) : 0;
  for (size_t d = 0; d < files->disks(); ++d) {
    const size_t place = WindowMaker::kFirstDisk + d;
    const auto found = place < maker.predicted().size() ? maker.predicted()[place] : WindowMaker::Predicted{};
    out.disks.push_back(
        {files->model(d), found.seconds * whole, static_cast<uint64_t>(static_cast<double>(found.bytes) * whole)});
  }
  return out;
}

std::unique_ptr<Reader> Storage::start(const Journey& journey, Budgets& budgets) const {
  if (!data_.has_extents()) return data_.start(journey, budgets);
  std::unique_ptr<SourceFiles> files = source_files();
  RecordStore* store = store_of(journey);
  WindowNeeds needs = needs_of(data_, journey, *files, store != nullptr);
  std::optional<Reserve> table;
  if (store != nullptr) {
    const uint64_t takes = store->resident_bytes(), window = least_shape(needs).bytes(), free = free_ram(budgets);
    if (takes + window > free) {
      note("the SSD tier is left out: its table and what waits to be written take " + bytes_text(takes) +
           " of budget.ram beside a window of at least " + bytes_text(window) + ", and " + bytes_text(free) +
           " are left");
      store = nullptr;
      needs = needs_of(data_, journey, *files, false);
    } else {
      table.emplace(budgets, Need::ram(takes));
    }
  }
  const uint64_t available = free_ram(budgets);
  const uint64_t least = least_shape(needs).bytes();
  // The rest is for batches in flight and the RAM tier.
  WindowShape shape =
      choose_shape(needs, std::max(least, available - available / 3), options_.window_bytes.value_or(0));
  if (shape.bytes() > available) {
    throw Error(Code::kMemory, "the window that records are read into takes " + bytes_text(shape.bytes()) + " and " +
                                   bytes_text(available) + " are left")
        .hint("the least is " + bytes_text(least) + ", room for the largest record (" + bytes_text(needs.max_bytes) +
              ") and one more, on top of what batches and decoders need; raise budget.ram");
  }
  if (needs.group_records > 0 && needs.hdd) {
    const uint64_t group =
        std::min(needs.group_records, needs.records) * (needs.bytes / std::max<uint64_t>(1, needs.records));
    if (shape.frames * shape.frame_bytes < group)
      note("a block group of " + bytes_text(group) + " does not fit the window of " +
           bytes_text(shape.frames * shape.frame_bytes) +
           ": its blocks are read in pieces, with more seeks; raise budget.ram or lower data.block or "
           "data.group_blocks");
  }
  FastTiers tiers{.store = store};
  tiers.elsewhere = options_.elsewhere;
  tiers.store_holds_all = store != nullptr && store->room() + store->kept_bytes() >= data_.bytes();
  if (store != nullptr && journey.cut.empty())
    tiers.store_keeps = KeepRule::choose(data_, *files, needs.dense, options_.ssd->quota_bytes);
  if (journey.cut.empty() || store == nullptr) {
    tiers.ram = ram_tier(journey, budgets, available - shape.bytes());
    if (tiers.ram) tiers.ram_keeps = KeepRule::choose(data_, *files, needs.dense, tiers.ram->capacity());
  }
  return std::make_unique<PlannedReader>(*this, journey, budgets, std::move(tiers), std::move(table), shape,
                                         std::move(files));
}

uint64_t Storage::least_bytes(const Journey& journey) const {
  if (!data_.has_extents()) return data_.least_bytes(journey);
  return least_shape(needs_of(data_, journey, *source_files(), options_.ssd.has_value())).bytes();
}

std::shared_ptr<RamCache> Storage::ram_tier(const Journey& journey, Budgets& budgets, uint64_t left) const {
  const std::lock_guard lock(mutex_);
  const uint64_t whole = data_.bytes() + data_.size() * RamCache::kRowBytes + (uint64_t{8} << 20);
  const bool again = options_.epochs > 1 || journey.batches > journey.plan->steps_per_epoch();
  uint64_t wanted = options_.ram_bytes.value_or(again && budgets.limit(Tier::kRam) != 0 ? left / 2 : 0);
  wanted = std::min(wanted, whole);
  if (ram_ || wanted == 0) return ram_;
  if (std::optional<Credit> credit = budgets.try_take(Need::ram(wanted))) {
    ram_ = std::make_shared<RamCache>(wanted, std::move(*credit));
  } else if (options_.ram_bytes) {
    throw Error(Code::kMemory, "budget.ram has no room for a RAM tier of " + bytes_text(wanted))
        .hint("what is left beside batches, decoders and window is " + bytes_text(left));
  }
  return ram_;
}

}  // namespace penstock::io
