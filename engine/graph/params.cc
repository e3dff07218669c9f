#include "engine/graph/params.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/nearest.h"

namespace penstock {
namespace {

std::string at(const Where& where) {
  const std::string text = where.text();
  return text.empty() ? "" : text + ": ";
}

std::string path_of(std::string_view who, std::string_view key) {
  return who.empty() ? std::string(key) : std::string(who) + "." + std::string(key);
}

std::string plain(double v) {
  return std::abs(v) < 1e15 && v == std::floor(v) ? Value(static_cast<int64_t>(v)).text() : Value(v).text();
}

std::string range_text(const ParamRange& range) {
  if (std::isfinite(range.high) && range.above_low) return "above " + plain(range.low) + ", up to " + plain(range.high);
  if (std::isfinite(range.high) && std::isfinite(range.low)) return plain(range.low) + " to " + plain(range.high);
  if (std::isfinite(range.high)) return "at most " + plain(range.high);
  return (range.above_low ? "above " : "at least ") + plain(range.low);
}

/// "from 0 to 1", "of at least 1", "above 0": to follow "a number ".
std::string range_phrase(const ParamRange& range) {
  const std::string text = range_text(range);
  if (range.above_low) return text;
  return (std::isfinite(range.high) && std::isfinite(range.low) ? "from " : "of ") + text;
}

std::string words_phrase(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += quoted_text(words[i]);
  }
  return text;
}

}  // namespace

std::string ParamRules::allowed() const {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " | ") + word;
  if (!words.empty()) return text;
  if (range) return range_text(*range);
  return not_empty ? "not empty" : "";
}

ParamSite ParamSite::of(std::string_view who, std::string_view key, const Where& where) {
  return {path_of(who, key), where};
}

std::string without_article(std::string_view type) {
  for (const std::string_view article : {"an ", "a "}) {
    if (type.substr(0, article.size()) == article) return std::string(type.substr(article.size()));
  }
  return std::string(type);
}

void fail_value(const Value& value, const std::string& type, const ParamRules& rules, const ParamSite& site) {
  std::string expected = type;
  if (!rules.words.empty()) {
    expected = words_phrase(rules.words);
    if (type.starts_with("an array")) expected = type + " out of " + expected;
  } else if (rules.range) {
    expected += " " + range_phrase(*rules.range);
  }
  if (rules.not_empty) expected += " that is not empty";
  std::string message = at(site.where) + site.path + " must be " + expected + ", not " + value.text();
  const std::string* word = value.get_if<std::string>();
  if (word != nullptr && !rules.words.empty()) {
    const std::string nearest = nearest_name(*word, rules.words);
    if (!nearest.empty()) message += "; the nearest right one is '" + nearest + "'";
  }
  throw Error(Code::kUsage, message);
}

void fail_missing(std::string_view key, std::string_view meaning, std::string_view who, const Where& where) {
  throw Error(Code::kUsage, at(where) + path_of(who, key) + " is missing" +
                                (meaning.empty() ? "" : " (" + std::string(meaning) + ")"));
}

void refuse_unknown(const ValueMap& map, const std::vector<std::string>& known, std::string_view who) {
  const ValueMap::value_type* first = nullptr;
  for (const auto& entry : map) {
    if (std::find(known.begin(), known.end(), entry.first) != known.end()) continue;
    if (first == nullptr || entry.second.where.line < first->second.where.line) first = &entry;
  }
  if (first == nullptr) return;
  throw Error(Code::kUsage, at(first->second.where) + "unknown key " + path_of(who, key_text(first->first)) +
                                nearest_hint(first->first, known));
}

namespace param_codec {

int64_t read_integer(const Value& value, const ParamRules& rules, const ParamSite& site, int64_t low, int64_t high) {
  const int64_t* v = value.get_if<int64_t>();
  const std::string type = ParamCodec<int64_t>::one();
  if (v == nullptr || (rules.range && !rules.range->holds(static_cast<double>(*v)))) {
    fail_value(value, type, rules, site);
  }
  if (*v < low || *v > high) {
    ParamRules limits;
    limits.range = high == std::numeric_limits<int64_t>::max()
                       ? ParamRange{.low = static_cast<double>(low)}
                       : ParamRange{static_cast<double>(low), static_cast<double>(high)};
    fail_value(value, type, limits, site);
  }
  return *v;
}

double read_number(const Value& value, const ParamRules& rules, const ParamSite& site, double largest) {
  double v = 0;
  if (const int64_t* integer = value.get_if<int64_t>()) {
    v = static_cast<double>(*integer);
  } else if (const double* number = value.get_if<double>()) {
    v = *number;
  } else {
    fail_value(value, ParamCodec<double>::one(), rules, site);
  }
  // std::abs(nan) > x is false, hence the negation.
  if (!(std::abs(v) <= largest)) fail_value(value, "a finite number", rules, site);
  if (rules.range && !rules.range->holds(v)) fail_value(value, ParamCodec<double>::one(), rules, site);
  return v;
}

std::string read_string(const Value& value, const ParamRules& rules, const ParamSite& site) {
  const std::string* v = value.get_if<std::string>();
  const bool known = rules.words.empty() ||
                     (v != nullptr && std::find(rules.words.begin(), rules.words.end(), *v) != rules.words.end());
  if (v == nullptr || !known || (rules.not_empty && v->empty())) {
    fail_value(value, ParamCodec<std::string>::one(), rules, site);
  }
  return *v;
}

int64_t read_word(const Value& value, const ParamRules& rules, const ParamSite& site) {
  PENSTOCK_CHECK(rules.codes.size() == rules.words.size() && !rules.words.empty());
  const std::string* v = value.get_if<std::string>();
  const auto it = v == nullptr ? rules.words.end() : std::find(rules.words.begin(), rules.words.end(), *v);
  if (it == rules.words.end()) fail_value(value, "a word", rules, site);
  return rules.codes[static_cast<size_t>(it - rules.words.begin())];
}

std::optional<Value> write_word(int64_t code, const ParamRules& rules) {
  const auto it = std::find(rules.codes.begin(), rules.codes.end(), code);
  PENSTOCK_CHECK(it != rules.codes.end());
  return Value(rules.words[static_cast<size_t>(it - rules.codes.begin())]);
}

std::map<std::string, std::string> read_names(const Value& value, const ParamRules& rules, const ParamSite& site) {
  const ValueMap* table = value.get_if<ValueMap>();
  if (table == nullptr) fail_value(value, ParamCodec<std::map<std::string, std::string>>::one(), rules, site);
  std::map<std::string, std::string> names;
  for (const auto& [key, item] : *table) {
    names[key] = read_string(item, {.not_empty = true}, ParamSite::of(site.path, key_text(key), item.where));
  }
  return names;
}

ValueArray read_array(const Value& value, const std::string& type, const ParamRules& rules, const ParamSite& site,
                      bool one_will_do) {
  if (const ValueArray* array = value.get_if<ValueArray>()) {
    if (rules.not_empty && array->empty()) fail_value(value, type, rules, site);
    return *array;
  }
  if (!one_will_do || value.is<ValueMap>() || value.is<bool>()) fail_value(value, type, rules, site);
  return {value};
}

ParamSite item_site(const ParamSite& site, size_t index, const Value& item) {
  return {site.path + "[" + std::to_string(index) + "]", item.where.text().empty() ? site.where : item.where};
}

}  // namespace param_codec

ByteSize ParamCodec<ByteSize>::read(const Value& value, const ParamRules& rules, const ParamSite& site) {
  std::optional<ByteSize> size;
  if (const int64_t* bytes = value.get_if<int64_t>(); bytes != nullptr && *bytes >= 0) {
    size = ByteSize{static_cast<uint64_t>(*bytes)};
  } else if (const std::string* text = value.get_if<std::string>()) {
    size = parse_bytes(*text);
  }
  if (!size || (rules.range && !rules.range->holds(static_cast<double>(size->bytes)))) {
    fail_value(value, one(), rules, site);
  }
  return *size;
}

Duration ParamCodec<Duration>::read(const Value& value, const ParamRules& rules, const ParamSite& site) {
  const std::string* text = value.get_if<std::string>();
  const std::optional<Duration> duration = text == nullptr ? std::nullopt : parse_duration(*text);
  if (!duration || (rules.range && !rules.range->holds(duration->seconds))) fail_value(value, one(), rules, site);
  return *duration;
}

Share ParamCodec<Share>::read(const Value& value, const ParamRules& rules, const ParamSite& site) {
  std::optional<Share> share;
  if (const std::string* text = value.get_if<std::string>()) {
    share = parse_share(*text);
  } else if (const double* number = value.get_if<double>()) {
    share = Share{*number};
  } else if (const int64_t* integer = value.get_if<int64_t>()) {
    share = Share{static_cast<double>(*integer)};
  }
  const bool inside = share && share->of_one >= 0 && share->of_one <= 1;
  if (!inside || (rules.range && !rules.range->holds(share->of_one))) fail_value(value, one(), rules, site);
  return *share;
}

}  // namespace penstock
