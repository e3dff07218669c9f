// do = "since" and do = "until".
#include <utility>

#include "engine/base/error.h"
#include "stages/table/prepare/condition.h"
#include "stages/table/prepare/group_steps.h"

namespace penstock::table {
namespace {

// Units since the last event at an earlier time. Backwards, times come negated, and it is the next one at a later time.
// Where none is known: missing, or counted from the moment before the group's first, as if it had come then.
class SinceState final : public GroupStep::State {
 public:
  explicit SinceState(Beyond beyond) : beyond_(beyond) {}
  void reset() override { *this = SinceState(beyond_); }
  void next(int64_t time, bool has_value, uint64_t, uint64_t* made, bool* missing) override {
    if (!last_ && !begun_ && beyond_ == Beyond::kCount) last_ = time - 1;
    begun_ = true;
    // An event counts from the next moment on: its own is not past.
    if (pending_ && time > *pending_) last_ = std::exchange(pending_, std::nullopt);
    if (last_) {
      made[0] = static_cast<uint64_t>(time) - static_cast<uint64_t>(*last_);
    } else {
      missing[0] = true;
    }
    if (has_value) pending_ = time;
  }

 private:
  Beyond beyond_;
  bool begun_ = false;
  std::optional<int64_t> last_, pending_;
};

template <class Params>
class EventStep final : public GroupStep {
 public:
  static constexpr bool kUntil = std::is_same_v<Params, UntilParams>;

  EventStep(const Params& params, std::string title, Columns& columns)
      : GroupStep(std::move(title)), event_(params.event, columns, title_), beyond_(params.beyond) {
    const std::string& event_column = columns[event_.column()].spec.name;
    if (kUntil && columns[event_.column()].from_target)
      throw Error(Code::kUsage,
                  title_ + " looks into the future of '" + event_column + "', which is the target or made from it")
          .hint("`until` is for calendars that are known ahead; `since` looks back");
    reads_.push_back(event_.column());
    read_keys(columns, params.by, params.time);
    make(columns, params.name.empty() ? event_column + (kUntil ? "_until" : "_since") : params.name,
         io::ColumnType::kInt, 1);
  }

  std::unique_ptr<State> make_state() const override { return std::make_unique<SinceState>(beyond_); }
  bool value_of(const Frame& frame, size_t row, uint64_t& value) const override {
    value = 1;
    return event_.holds(frame, row);
  }
  bool backwards() const override { return kUntil; }

 private:
  Condition event_;
  Beyond beyond_;
};

template <class P>
void describe_event(ParamTable<P>& t) {
  t.add("event", &P::event, "a comparison that holds at an event: \"Promo = 1\"", required(), not_empty());
  t.add("by", &P::by, "columns of the group; none: all rows are one");
  t.add("time", &P::time, "a date, time or int", required(), not_empty());
  t.add("name", &P::name, "of the new column; default: the event's column and _since or _until");
  t.add("beyond", &P::beyond,
        "where the table knows of no event: missing, or count: as if one came on the day outside of it",
        one_of<Beyond>({{"missing", Beyond::kMissing}, {"count", Beyond::kCount}}));
}

}  // namespace

void SinceParams::describe(ParamTable<SinceParams>& t) { describe_event(t); }
void UntilParams::describe(ParamTable<UntilParams>& t) { describe_event(t); }

BoundStep bind(const SinceParams& params, std::string title, Columns& columns, StepWorld&) {
  return {.group = std::make_unique<EventStep<SinceParams>>(params, std::move(title), columns)};
}
BoundStep bind(const UntilParams& params, std::string title, Columns& columns, StepWorld&) {
  return {.group = std::make_unique<EventStep<UntilParams>>(params, std::move(title), columns)};
}

}  // namespace penstock::table
