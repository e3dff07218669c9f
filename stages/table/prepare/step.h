// Steps bound to columns, and how they are made from what the recipe says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/file/file_system.h"
#include "io/table/table.h"
#include "stages/table/prepare/frame.h"
#include "stages/table/prepare/spec.h"

namespace penstock::table {

/// What happened in a step, in rows unless said otherwise.
struct StepCounts {
  std::string step;         ///< "step 1 (join store.csv)"
  uint64_t never = 0;       ///< found no partner
  uint64_t twice = 0;       ///< rows of the joined file whose key had come before
  uint64_t dropped = 0;     ///< left out
  uint64_t unreadable = 0;  ///< texts that are no date or number
  uint64_t outside = 0;  ///< dates, weeks and numbers out of range; divisions by 0, logarithms of what is not positive
  uint64_t no_key = 0;   ///< without group or time, so without what the step makes
  StepCounts& operator+=(const StepCounts& other);
  /// "step 1 (join store.csv): 3 rows found no partner"; "" where there is nothing to tell.
  std::string text() const;
};

/// What steps may need of the world.
struct StepWorld {
  /// Opens a small table to join.
  std::function<std::unique_ptr<io::Table>(const std::string& path)> open;
  io::FileSystem* fs = nullptr;
  /// Folders in which the files of joins are looked for, in this order.
  std::vector<std::string> folders;
  /// Memory for all joined tables together, and what is left of it.
  uint64_t join_bytes = 0, join_bytes_left = 0;
  /// Of the tables joined so far: what a result depends on.
  std::vector<uint64_t> fingerprints;
  /// What a user should know of them: rows that cannot be read, what their own steps counted.
  std::vector<std::string> notes;
};

/// Common to all: the columns read and made.
class Step {
 public:
  explicit Step(std::string title) : title_(std::move(title)) {}
  virtual ~Step() = default;
  /// "step 2 (date)".
  const std::string& title() const { return title_; }
  const std::vector<size_t>& reads() const { return reads_; }
  const std::vector<size_t>& makes() const { return makes_; }
  /// Whether rows may be left out: steps below do not see them.
  virtual bool drops() const { return false; }
  /// What was counted when it was bound.
  virtual StepCounts counts() const { return {.step = title_ + made_}; }

 protected:
  /// A column to read. Throws Error kUsage where there is none.
  size_t read(const Columns& columns, std::string_view name);
  /// The same, refused by Error kUsage unless it is a number: int, real, bool, or with `dates` date or time.
  size_t read_number(const Columns& columns, std::string_view name, bool dates);
  /// A column to make from those read so far; `passes` more must rows be seen to know it.
  void make(Columns& columns, std::string name, io::ColumnType type, unsigned passes = 0);

  std::string title_;
  std::string
      made_;  ///< " of 'Since'", or with more of them " of 'Date_year' and 3 more": the columns made, for people
  std::string first_made_;
  std::vector<size_t> reads_, makes_;
};

/// Works on each row by itself.
class RowStep : public Step {
 public:
  using Step::Step;
  /// Fills the columns it makes; blocks for them are there, empty. Thread-safe.
  virtual void run(Frame& frame, StepCounts& counts) const = 0;
};

/// Sees the rows of one group after the other in the order of time.
class GroupStep : public Step {
 public:
  using Step::Step;
  /// The state of one group. One thread.
  class State {
   public:
    virtual ~State() = default;
    /// A new group begins.
    virtual void reset() = 0;
    /// The next row. Times never fall; of equal ones, in the order of the rows. Fills made[i], and sets missing[i] (false before), for each column made:
    /// 8 bytes, whatever the type. `value` means nothing without has_value.
    virtual void next(int64_t time, bool has_value, uint64_t value, uint64_t* made, bool* missing) = 0;
  };
  virtual std::unique_ptr<State> make_state() const = 0;
  /// What a row is worth to this step, 8 bytes whatever the type; false: nothing. Thread-safe.
  virtual bool value_of(const Frame& frame, size_t row, uint64_t& value) const = 0;
  /// Time runs backwards: next() gets -time, and what comes later is seen first.
  virtual bool backwards() const { return false; }

  const std::vector<size_t>& by() const { return by_; }
  size_t time() const { return time_; }

 protected:
  /// Reads `by` and `time`, which must be a date, a time or an int.
  void read_keys(const Columns& columns, const std::vector<std::string>& by, std::string_view time);

  std::vector<size_t> by_;
  size_t time_ = 0;
};

/// One of the two.
struct BoundStep {
  std::unique_ptr<RowStep> row = {};
  std::unique_ptr<GroupStep> group = {};
  const Step& step() const { return row ? static_cast<const Step&>(*row) : *group; }
};

/// A kind of step, by its name in `do`.
struct StepKind {
  std::string name;
  std::string meaning;
  std::vector<ParamDoc> (*docs)();
  /// Reads the parameters and gives them back with all defaults filled in. Throws Error kUsage.
  ParamMap (*resolve)(const ParamMap& params, std::string_view who, const Where& where);
  /// Binds to the columns so far and adds those it makes. Throws Error kUsage where columns are missing, of another type or come twice;
  /// joins also kData, kIo, and kMemory where the small table is none.
  BoundStep (*bind)(const ParamMap& params, std::string title, Columns& columns, StepWorld& world);
};
const std::vector<StepKind>& step_kinds();
/// Throws Error kUsage naming the nearest kind.
const StepKind& step_kind(std::string_view name, const Where& where = {});

/// Binds all, in order. `prefix` begins their titles.
std::vector<BoundStep> bind_steps(const std::vector<PrepareStep>& steps, Columns& columns, StepWorld& world,
                                  const std::string& prefix = "");

}  // namespace penstock::table
