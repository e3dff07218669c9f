// What a parameter may be, beyond its type; and the messages for values that it may not be.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/graph/value.h"

namespace penstock {

/// Numbers from `low` to `high`, both included unless `above_low`. Sizes are in bytes, durations in seconds.
struct ParamRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool above_low = false;

  bool holds(double v) const { return (above_low ? v > low : v >= low) && v <= high; }
};

/// All rules of one parameter. Rules of an array hold for each of its items.
struct ParamRules {
  std::optional<ParamRange> range = {};
  std::vector<std::string> words = {};  ///< the names of an enum or of the strings that are allowed
  std::vector<int64_t> codes = {};      ///< the enum's values, one for each word; empty for strings
  bool not_empty = false;
  bool required = false;

  /// What holds for the items of an array with these rules.
  ParamRules for_items() const {
    ParamRules rules = *this;
    rules.not_empty = false;
    return rules;
  }
  /// "0 to 1", "at least 1", "a | b"; "" for anything.
  std::string allowed() const;
};

/// What reads the value, for messages.
struct ParamSite {
  std::string path;  ///< "data.val.fraction", "crop.size"
  Where where;

  static ParamSite of(std::string_view who, std::string_view key, const Where& where);
};

struct RangeRule {
  ParamRange range;
  void apply(ParamRules& rules) const { rules.range = range; }
};
inline RangeRule in_range(double low, double high) { return {{low, high, false}}; }
inline RangeRule at_least(double low) { return {{.low = low}}; }
inline RangeRule above(double low) { return {{.low = low, .above_low = true}}; }
/// 0 < v <= high.
inline RangeRule above_up_to(double low, double high) { return {{low, high, true}}; }

struct WordsRule {
  std::vector<std::string> words;
  std::vector<int64_t> codes;
  void apply(ParamRules& rules) const {
    rules.words = words;
    rules.codes = codes;
  }
};
/// one_of<Order>({{"block", Order::kBlock}, {"full", Order::kFull}})
template <class Enum>
WordsRule one_of(std::initializer_list<std::pair<std::string_view, Enum>> choices) {
  WordsRule rule;
  for (const auto& [word, value] : choices) {
    rule.words.emplace_back(word);
    rule.codes.push_back(static_cast<int64_t>(value));
  }
  return rule;
}
/// For strings: one_of({"bf16", "f32"}).
inline WordsRule one_of(std::initializer_list<std::string_view> words) {
  WordsRule rule;
  for (const std::string_view word : words) rule.words.emplace_back(word);
  return rule;
}
/// For strings whose choices are known only when the program runs.
inline WordsRule one_of(std::vector<std::string> words) { return {std::move(words), {}}; }

struct NotEmptyRule {
  void apply(ParamRules& rules) const { rules.not_empty = true; }
};
/// Strings, arrays and tables with something in them.
inline NotEmptyRule not_empty() { return {}; }

struct RequiredRule {
  void apply(ParamRules& rules) const { rules.required = true; }
};
/// Must be given: there is no default.
inline RequiredRule required() { return {}; }

/// "a number" -> "number".
std::string without_article(std::string_view type);

/// Error kUsage: "recipe.toml:4: data.batch must be an integer of at least 1, not -3".
[[noreturn]] void fail_value(const Value& value, const std::string& type, const ParamRules& rules,
                             const ParamSite& site);
/// Error kUsage: "recipe.toml:4: stage.name is missing (which stage it is)".
[[noreturn]] void fail_missing(std::string_view key, std::string_view meaning, std::string_view who,
                               const Where& where);
/// Error kUsage for the first key of `map` (in the order of the file) that is not in `known`:
/// "recipe.toml:4: unknown key data.btach; the nearest right one is 'batch'".
void refuse_unknown(const ValueMap& map, const std::vector<std::string>& known, std::string_view who);

}  // namespace penstock
