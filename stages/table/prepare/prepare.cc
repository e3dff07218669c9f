#include "stages/table/prepare/prepare.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/base/error.h"
#include "engine/graph/params.h"
#include "io/file/checksum.h"
#include "stages/table/prepare/condition.h"
#include "stages/table/prepare/group_pass.h"

namespace penstock::table {
namespace {

// A block of one source that is worked on by one thread.
struct Part {
  const io::Table* table = nullptr;
  bool from_history = false;
  uint64_t piece = 0, first = 0;  ///< first: among all rows, history's before the table's
  size_t from = 0, count = 0;     ///< of the piece
  std::shared_ptr<const io::RawRows> raw = {};
  Frame frame = {};
  std::vector<StepCounts> counts = {};
  std::vector<GroupRecords> records = {};
  std::vector<io::BadRow> bad = {};
};

}  // namespace

class Preparation::Impl {
 public:
  Impl(const PrepareSpec& spec, const io::Table& table, PrepareOptions options)
      : spec_(spec), table_(table), options_(std::move(options)) {
    bind_sources();
    world_ = {.open = options_.open,
              .fs = options_.fs,
              .folders = options_.folders,
              .join_bytes = options_.join_bytes,
              .join_bytes_left = options_.join_bytes};
    steps_ = bind_steps(spec_.steps, columns_, world_);
    require_known();
    find_levels();
    std::vector<size_t> read;
    if (options_.filter) where_ = conditions_of(spec_.where, columns_, "prepare.where", read);
    for (const size_t column : read) last_level_ = std::max(last_level_, columns_[column].level);
    choose_columns();
  }

  const io::TableSchema& schema() const { return schema_; }

  uint64_t fingerprint() const {
    io::Checksum sum;
    sum.add(kPrepareVersion).add(canonical_text(to_map<PrepareSpec>(spec_)));
    sum.add(table_.fingerprint()).add(table_.rows()).add(table_.schema().text());
    const io::Table* history = options_.history;
    sum.add(history != nullptr ? history->fingerprint() : 0).add(history != nullptr ? history->rows() : 0);
    for (const uint64_t joined : world_.fingerprints) sum.add(joined);
    sum.add(schema_.text()).add(options_.target).add(uint64_t{options_.filter});
    return sum.value();
  }

  PrepareReport run(const std::function<void(const io::TableBlock&)>& take) {
    report_.rows_in = table_.rows();
    report_.notes = world_.notes;
    report_.where_dropped.assign(where_.size(), 0);
    report_.passes = last_level_ + 1;
    for (const BoundStep& step : steps_) report_.steps.push_back(step.step().counts());
    for (unsigned level = 0; level <= last_level_; ++level) pass(level, take);
    for (const auto& each : passes_)
      for (const auto& pass : each) report_.spilled_bytes += pass->spilled_bytes();
    return std::move(report_);
  }

 private:
  // Columns of the table and, where there is one, of the history: by name, of equal types.
  void bind_sources() {
    const std::string who = "the table '" + table_.path() + "'";
    for (const io::ColumnSpec& spec : table_.schema().columns())
      columns_.add({.spec = spec, .from_target = spec.name == options_.target}, who);
    if (options_.history != nullptr) {
      for (const io::ColumnSpec& spec : options_.history->schema().columns()) {
        const size_t at = columns_.index_of(spec.name);
        if (at == io::TableSchema::npos) {
          columns_.add({.spec = spec, .from_target = spec.name == options_.target}, who);
        } else if (columns_[at].spec.type != spec.type) {
          throw Error(Code::kUsage, "column '" + spec.name + "' is " +
                                        std::string(io::name_of(columns_[at].spec.type)) + " in '" + table_.path() +
                                        "', and " + std::string(io::name_of(spec.type)) + " in '" +
                                        options_.history->path() + "', which is known before")
              .hint("open both with the same schema file");
        }
      }
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string& name = columns_[i].spec.name;
      places_[0].push_back(table_.schema().index_of(name));
      places_[1].push_back(options_.history != nullptr ? options_.history->schema().index_of(name)
                                                       : io::TableSchema::npos);
    }
    sources_ = columns_.size();
  }

  // Columns that only the history has are missing in all rows of the table: fine for the target and for what nobody reads.
  void require_known() const {
    for (size_t i = 0; i < sources_; ++i) {
      const std::string& name = columns_[i].spec.name;
      if (places_[0][i] != io::TableSchema::npos || name == options_.target) continue;
      std::string reader = std::ranges::count(options_.needed, name) > 0 ? "the model" : "";
      for (const BoundStep& bound : steps_)
        if (std::ranges::count(bound.step().reads(), i) > 0) reader = bound.step().title();
      if (!reader.empty()) table_.schema().require(name, reader, table_.path());
    }
  }

  // A group step waits for what it reads, and for steps above it that leave rows out.
  void find_levels() {
    unsigned dropping = 0;
    for (const BoundStep& bound : steps_) {
      const Step& step = bound.step();
      unsigned level = 0;
      for (const size_t column : step.reads()) level = std::max(level, columns_[column].level);
      if (bound.group) level = std::max(level, dropping);
      levels_.push_back(level);
      if (step.drops()) dropping = std::max(dropping, level);
      last_level_ = std::max(last_level_, bound.group ? level + 1 : level);
    }
    std::vector<std::vector<const GroupStep*>> by_level(last_level_ + 1);
    for (size_t i = 0; i < steps_.size(); ++i)
      if (steps_[i].group) by_level[levels_[i]].push_back(steps_[i].group.get());
    size_t count = 0;
    for (auto& steps : by_level) count += together(steps).size();
    passes_.resize(by_level.size());
    for (size_t level = 0; level < by_level.size(); ++level)
      for (auto& steps : together(by_level[level]))
        passes_[level].push_back(std::make_unique<GroupPass>(
            std::move(steps),
            GroupPass::Options{.memory_bytes = options_.sort_bytes / (2 * std::max<size_t>(1, count)),
                               .folder = options_.scratch_folder,
                               .name = "sort-" + std::to_string(level) + "-" + std::to_string(passes_[level].size()),
                               .fs = options_.fs}));
  }

  void choose_columns() {
    if (!spec_.keep.empty() && !spec_.drop.empty())
      throw Error(Code::kUsage, "prepare.keep and prepare.drop are both there").hint("say one of them");
    const auto absent = [&](const std::string& name) {
      return name == options_.target && columns_.index_of(name) == io::TableSchema::npos;
    };
    for (const std::string& name : spec_.keep)
      if (!absent(name)) taken_.push_back(columns_.require(name, "prepare.keep"));
    std::vector<size_t> left;
    for (const std::string& name : spec_.drop) {
      // Rows to predict need not have what is dropped anyway.
      if (columns_.index_of(name) != io::TableSchema::npos || options_.filter)
        left.push_back(columns_.require(name, "prepare.drop"));
    }
    if (spec_.keep.empty())
      for (size_t i = 0; i < columns_.size(); ++i)
        if (std::find(left.begin(), left.end(), i) == left.end()) taken_.push_back(i);
    std::vector<io::ColumnSpec> specs;
    for (const size_t i : taken_) specs.push_back(columns_[i].spec);
    if (!options_.row_column.empty()) specs.push_back({options_.row_column, io::ColumnType::kInt});
    schema_ = io::TableSchema(std::move(specs));
  }

  std::vector<Part> parts_of(const io::Table& table, bool from_history, uint64_t first) const {
    std::vector<Part> parts;
    for (uint64_t piece = 0; piece < table.pieces(); ++piece) {
      const uint64_t begin = table.piece_begin(piece), end = table.piece_begin(piece + 1);
      for (uint64_t row = begin; row < end; row += options_.block_rows)
        parts.push_back({.table = &table,
                         .from_history = from_history,
                         .piece = piece,
                         .first = first + row,
                         .from = static_cast<size_t>(row - begin),
                         .count = static_cast<size_t>(std::min(options_.block_rows, end - row))});
    }
    return parts;
  }

  void pass(unsigned level, const std::function<void(const io::TableBlock&)>& take) {
    const bool last = level == last_level_;
    const uint64_t history = options_.history != nullptr ? options_.history->rows() : 0;
    std::vector<Part> parts;
    if (history > 0 && !last) parts = parts_of(*options_.history, true, 0);
    for (Part& part : parts_of(table_, false, history)) parts.push_back(std::move(part));
    const size_t wave = options_.cores != nullptr ? 2 * options_.cores->count() : 1;
    std::shared_ptr<const io::RawRows> raw;
    for (size_t begin = 0; begin < parts.size(); begin += wave) {
      const size_t end = std::min(parts.size(), begin + wave);
      for (size_t i = begin; i < end; ++i) {
        Part& part = parts[i];
        if (raw == nullptr || i == 0 || parts[i - 1].piece != part.piece || parts[i - 1].table != part.table)
          raw = part.table->fetch(part.piece, wanted(part.from_history));
        part.raw = raw;
        start(part, level);
      }
      const auto work = [&](size_t from, size_t to) {
        for (size_t i = from; i < to; ++i) this->work(parts[begin + i], level);
      };
      if (options_.cores != nullptr) {
        parallel_for(*options_.cores, end - begin, 1, work);
      } else {
        work(0, end - begin);
      }
      for (size_t i = begin; i < end; ++i) {
        finish(parts[i], level, take);
        done_ += parts[i].count;
        parts[i] = {};
        if (options_.progress) options_.progress(done_, (history + table_.rows()) * last_level_ + table_.rows());
      }
    }
    if (last) return;
    for (const auto& group : passes_[level]) group->work();
  }

  // Places in the table (or the history) of the columns that it has.
  std::vector<size_t> wanted(bool from_history) const {
    std::vector<size_t> all;
    for (const size_t place : places_[from_history])
      if (place != io::TableSchema::npos) all.push_back(place);
    return all;
  }

  // What must be done in the order of the rows: results of the group steps before.
  void start(Part& part, unsigned level) {
    part.frame.first = part.first;
    part.frame.rows = part.count;
    part.frame.columns.resize(columns_.size());
    for (size_t i = 0; i < columns_.size(); ++i) part.frame.columns[i].type = columns_[i].spec.type;
    for (unsigned before = 0; before < level; ++before)
      for (const auto& group : passes_[before]) group->fill(part.frame);
  }

  void work(Part& part, unsigned level) const {
    Frame& frame = part.frame;
    io::TableBlock block;
    part.raw->decode(part.from, part.count, block);
    frame.sources.push_back(part.raw);
    frame.dropped.assign(frame.rows, 0);
    for (const io::BadRow& bad : block.bad) {
      frame.dropped[bad.row] = 1;
      for (io::ColumnBlock& column : block.columns) set_missing(column, bad.row);
    }
    part.bad = std::move(block.bad);
    size_t next = 0;
    for (size_t i = 0; i < sources_; ++i) {
      if (places_[part.from_history][i] != io::TableSchema::npos) {
        frame.columns[i] = std::move(block.columns[next++]);
        continue;
      }
      frame.columns[i] = made_column(columns_[i].spec.type, frame.rows);
      for (size_t row = 0; row < frame.rows; ++row) set_missing(frame.columns[i], row);
    }
    for (size_t i = 0; i < steps_.size(); ++i) {
      part.counts.push_back({});
      if (steps_[i].row && levels_[i] <= level) steps_[i].row->run(frame, part.counts.back());
    }
    if (level < last_level_)
      for (const auto& group : passes_[level]) part.records.push_back(group->records_of(frame));
  }

  void finish(Part& part, unsigned level, const std::function<void(const io::TableBlock&)>& take) {
    if (level < last_level_) {
      for (size_t i = 0; i < passes_[level].size(); ++i) {
        passes_[level][i]->add(part.records[i]);
        if (part.from_history) continue;
        for (size_t s = 0; s < steps_.size(); ++s)
          if (steps_[s].group.get() == passes_[level][i]->steps().front())
            report_.steps[s].no_key += part.records[i].no_key;
      }
      return;
    }
    for (size_t i = 0; i < steps_.size(); ++i) report_.steps[i] += part.counts[i];
    Frame& frame = part.frame;
    std::vector<size_t> rows;
    auto bad = part.bad.begin();
    for (size_t row = 0; row < frame.rows; ++row) {
      if (bad != part.bad.end() && bad->row == row) {  // keeps its place, so that whoever reads it says why it is none
        report_.bad.push_back({report_.rows_out + rows.size(), std::move((bad++)->reason)});
        rows.push_back(row);
        continue;
      }
      if (frame.dropped[row]) continue;
      size_t failed = 0;
      while (failed < where_.size() && where_[failed].holds(frame, row)) ++failed;
      if (failed < where_.size()) {
        ++report_.where_dropped[failed];
      } else {
        rows.push_back(row);
      }
    }
    report_.rows_out += rows.size();
    if (!rows.empty()) take(chosen(frame, rows));
  }

  io::TableBlock chosen(Frame& frame, const std::vector<size_t>& rows) const {
    io::TableBlock block;
    block.rows = rows.size();
    const auto pick = [&](auto& from) {
      if (from.empty() || rows.size() == frame.rows) return;
      for (size_t i = 0; i < rows.size(); ++i) from[i] = from[rows[i]];
      from.resize(rows.size());
    };
    for (const size_t i : taken_) {
      io::ColumnBlock& column = block.columns.emplace_back(std::move(frame.columns[i]));
      pick(column.ints);
      pick(column.reals);
      pick(column.texts);
      pick(column.codes);
      pick(column.missing);
    }
    if (options_.row_column.empty()) return block;
    const uint64_t history = options_.history != nullptr ? options_.history->rows() : 0;
    io::ColumnBlock& numbers = block.columns.emplace_back();
    numbers.type = io::ColumnType::kInt;
    for (const size_t row : rows) numbers.ints.push_back(static_cast<int64_t>(frame.first - history + row));
    return block;
  }

  PrepareSpec spec_;
  const io::Table& table_;
  PrepareOptions options_;
  StepWorld world_;
  Columns columns_;
  size_t sources_ = 0;             ///< of them, those that the tables have
  std::vector<size_t> places_[2];  ///< of each of these in the table, and in the history
  std::vector<BoundStep> steps_;
  std::vector<unsigned> levels_;  ///< the pass in which all that a step reads is known
  unsigned last_level_ = 0;
  std::vector<std::vector<std::unique_ptr<GroupPass>>> passes_;  ///< by level
  std::vector<Condition> where_;
  std::vector<size_t> taken_;
  io::TableSchema schema_;
  PrepareReport report_;
  uint64_t done_ = 0;
};

Preparation::Preparation(const PrepareSpec& spec, const io::Table& table, PrepareOptions options)
    : impl_(std::make_unique<Impl>(spec, table, std::move(options))) {}
Preparation::~Preparation() = default;
const io::TableSchema& Preparation::schema() const { return impl_->schema(); }
uint64_t Preparation::fingerprint() const { return impl_->fingerprint(); }
PrepareReport Preparation::run(const std::function<void(const io::TableBlock&)>& take) { return impl_->run(take); }

}  // namespace penstock::table
