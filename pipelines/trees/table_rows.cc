#include "pipelines/trees/table_rows.h"

#include <algorithm>
#include <cstring>

#include "engine/base/error.h"
#include "io/data/table_fields.h"

namespace penstock::trees {
namespace {

constexpr uint64_t kBlockBytes = 16ull << 20;
// Batches in flight and the block that is put together all come out of the same memory.
constexpr uint64_t kBlocksInMemory = 16;

const io::TableFields& fields_of(const io::Dataset& data) {
  if (const io::TableFields* fields = data.table_fields()) return *fields;
  throw Error(Code::kUsage, "'" + data.path() + "' is no table of rows, and trees grow on nothing else")
      .hint("give a table (CSV, Parquet, a packed one) with a recipe that has a [table]");
}

/// The part of a batch that a field is, as floats; empty where it has no such field.
std::span<const float> floats(const Batch& batch, std::string_view field) {
  if (batch.schema().find(field) == nullptr) return {};
  return batch[field].as<float>();
}

}  // namespace

classic::TreeFeatures features_of(const io::Dataset& data, pipelines::TreeCategories categories) {
  const io::TableFields& fields = fields_of(data);
  classic::TreeFeatures features;
  for (const io::CategoryField& field : fields.categories) {
    features.names.push_back(field.name);
    features.categorical.push_back(categories == pipelines::TreeCategories::kCategorical);
  }
  for (const std::string& name : fields.numbers) {
    features.names.push_back(name);
    features.categorical.push_back(false);
  }
  if (features.size() == 0)
    throw Error(Code::kUsage, "'" + data.path() + "' has no column to learn from but its target");
  return features;
}

classic::TreesTask task_of(const io::Dataset& data) {
  switch (fields_of(data).task) {
    case Task::kClasses: return classic::TreesTask::kClasses;
    case Task::kBinary: return classic::TreesTask::kBinary;
    case Task::kRegression: return classic::TreesTask::kRegression;
  }
  return classic::TreesTask::kRegression;
}

uint64_t block_rows(uint64_t wanted, size_t features, uint64_t rows, uint64_t ram_bytes) {
  const uint64_t row = features * sizeof(float);
  uint64_t block = wanted > 0 ? wanted : std::max<uint64_t>(1, kBlockBytes / row);
  if (ram_bytes > 0 && wanted == 0) block = std::min(block, std::max<uint64_t>(1, ram_bytes / kBlocksInMemory / row));
  return std::clamp<uint64_t>(block, 1, std::max<uint64_t>(1, rows));
}

void put_rows(const Batch& batch, std::vector<float>& out) {
  const std::span<const float> numbers = floats(batch, "cont");
  const std::span<const int32_t> codes = batch.schema().find("cat") != nullptr
                                             ? std::span<const int32_t>(batch["cat"].as<int32_t>())
                                             : std::span<const int32_t>();
  const size_t n = batch.size();
  if (n == 0) return out.clear();
  const size_t c = codes.size() / n, d = numbers.size() / n;
  out.resize(n * (c + d));
  float* to = out.data();
  for (size_t i = 0; i < n; ++i, to += c + d) {
    const int32_t* code = codes.data() + i * c;
    for (size_t k = 0; k < c; ++k) to[k] = static_cast<float>(code[k]);
    if (d > 0) std::memcpy(to + c, numbers.data() + i * d, d * sizeof(float));
  }
}

void put_targets(const Batch& batch, std::vector<float>& out) {
  const std::span<const float> target = floats(batch, "target");
  out.assign(target.begin(), target.end());
  if (!out.empty() || batch.schema().find("label") == nullptr) return;
  for (const int64_t label : batch["label"].as<int64_t>()) out.push_back(static_cast<float>(label));
}

TableRows::TableRows(const Graph& graph, const Source& source, RunOptions run, std::stop_token stop)
    : graph_(graph), source_(source), options_(std::move(run)), stop_(std::move(stop)) {
  options_.order = Order::kSequential;
  options_.last = Last::kKeep;
  options_.epoch = options_.step = 0;
  options_.epochs = 1;
  // A replacement would be a row that counts twice.
  if (options_.faults.on_fault == OnFault::kReplace) options_.faults.on_fault = OnFault::kSkip;
}

void TableRows::reset() {
  batch_ = Batch();
  give_up_.reset();
  run_.reset();  // gives back what it read ahead before the next one takes its floor
}

classic::RowBlock TableRows::next() {
  batch_ = Batch();
  if (!run_) {
    run_.emplace(Run::start(graph_, source_, options_));
    give_up_.emplace(stop_, [this] { run_->stop(); });
    ++passes_;
  }
  Clock& clock = options_.clock != nullptr ? *options_.clock : Clock::system();
  do {
    const double asked = clock.now_seconds();
    batch_ = run_->next();
    waited_seconds_ += clock.now_seconds() - asked;
    if (passes_ == 1 && batch_)
      rejections_.insert(rejections_.end(), batch_.rejections().begin(), batch_.rejections().end());
  } while (batch_ && batch_.size() == 0);  // all its records were refused
  if (!batch_) return {};
  classic::RowBlock block{.rows = batch_.size()};
  if (batch_.schema().find("cat") == nullptr) {
    block.values = floats(batch_, "cont");
  } else {
    put_rows(batch_, rows_);
    block.values = rows_;
  }
  put_targets(batch_, targets_);
  block.targets = targets_;
  block.weights = floats(batch_, "weight");
  return block;
}

std::optional<Report> TableRows::report() const { return run_ ? std::optional(run_->report()) : std::nullopt; }

}  // namespace penstock::trees
