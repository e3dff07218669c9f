// A data set, its storage and a run's way through them, without a run.
#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/memory/budget.h"
#include "engine/order/epoch_plan.h"
#include "io/file/checksum.h"
#include "io/tar/tar_dataset.h"
#include "io/tar/tar_writer.h"
#include "io/tier/storage.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {

/// The bytes that record `id` of the test's set has; `version` makes another set of it.
inline std::string record_of(uint64_t id, uint64_t mean, uint64_t version) {
  std::string out(mean / 2 + (id * 2654435761u) % mean, '\0');
  uint64_t state = id + 1 + version * 1'000'003;
  for (size_t i = 0; i + 8 <= out.size(); i += 8) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    std::memcpy(out.data() + i, &state, 8);
  }
  return out;
}

/// Packs `records` records of `mean` bytes in the middle.
inline void pack_records(const std::string& path, uint64_t records, uint64_t mean, uint64_t version = 0) {
  RecordWriterOptions options;
  options.head.schema = Dataset::picture_schema();
  options.head.classes = {"only"};
  options.head.source_fingerprint = 7 + version;
  options.head.expected_records = records;
  const auto writer = open_tar_writer(path, options);
  for (uint64_t id = 0; id < records; ++id) {
    const std::string bytes = record_of(id, mean, version);
    writer->append({.id = id,
                    .name = std::to_string(id),
                    .label = 0,
                    .verified = true,
                    .source_position = id,
                    .bytes = bytes_of(bytes)});
  }
  writer->finish();
}

/// What came of a journey.
struct Went {
  uint64_t records = 0;
  uint64_t bytes = 0;
  uint64_t sum = 0;  ///< of all records in order
  std::map<uint64_t, std::string> rejected;
  std::vector<TierUse> tiers;

  const TierUse& tier(std::string_view name) const {
    for (const TierUse& use : tiers) {
      if (use.name == name) return use;
    }
    throw Error(Code::kInternal, "there is no tier " + std::string(name));
  }
};

class OneBatch final : public Intake {
 public:
  explicit OneBatch(size_t count) : bytes(count), reasons(count), labels(count) {}
  size_t count() const override { return bytes.size(); }
  std::byte* row(size_t field, size_t i) override {
    return field == Dataset::kLabelField ? reinterpret_cast<std::byte*>(&labels[i]) : nullptr;
  }
  std::byte* rows(size_t, size_t i, size_t rows) override {
    bytes[i].resize(rows);
    return reinterpret_cast<std::byte*>(bytes[i].data());
  }
  void lend(size_t, size_t i, std::span<const std::byte> lent) override {
    bytes[i].assign(reinterpret_cast<const char*>(lent.data()), lent.size());
  }
  void absent(size_t, size_t) override {}
  void reject(size_t i, std::string reason) override { reasons[i] = std::move(reason); }

  std::vector<std::string> bytes, reasons;
  std::vector<int64_t> labels;
};

/// `epochs` epochs from `epoch` on through a reader of the storage, or `most_steps`. `each` is called before each step.
inline Went go(const Storage& storage, PlanOptions options, Budgets& budgets, uint64_t epoch = 0, uint64_t epochs = 1,
               const std::function<void(uint64_t step)>& each = {}, uint64_t most_steps = UINT64_MAX) {
  options.records = storage.size();
  const EpochPlan plan(options);
  const uint64_t steps = std::min(most_steps, plan.steps_per_epoch() * epochs);
  const auto reader = storage.start({.plan = &plan, .epoch = epoch, .batches = steps}, budgets);
  reader->begin();
  Went went;
  Checksum sum;
  std::vector<uint64_t> positions, ids;
  for (uint64_t step = 0; step < steps; ++step) {
    if (each) each(step);
    const StepSlice share = plan.batch(epoch + step / plan.steps_per_epoch(), step % plan.steps_per_epoch());
    positions.resize(share.count);
    ids.resize(share.count);
    for (uint64_t i = 0; i < share.count; ++i) positions[i] = share.first + i;
    plan.records(share.epoch, share.first, ids);
    if (options.order != Order::kFull) storage.ids_at(ids);
    OneBatch batch(ids.size());
    reader->read({.ids = ids, .epoch = share.epoch, .positions = positions}, batch);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!batch.reasons[i].empty()) {
        went.rejected[ids[i]] = batch.reasons[i];
        continue;
      }
      ++went.records;
      went.bytes += batch.bytes[i].size();
      sum.add(ids[i]).add(batch.bytes[i]);
    }
  }
  went.sum = sum.value();
  went.tiers = reader->tiers();
  return went;
}

/// The sum that go() must come to.
inline uint64_t sum_of(PlanOptions options, uint64_t records, uint64_t mean, uint64_t version = 0, uint64_t epoch = 0) {
  options.records = records;
  const EpochPlan plan(options);
  Checksum sum;
  for (uint64_t position = 0; position < plan.steps_per_epoch() * options.batch && position < records; ++position) {
    const uint64_t id = plan.record_at(epoch, position);
    sum.add(id).add(record_of(id, mean, version));
  }
  return sum.value();
}

}  // namespace penstock::io
