// How each C++ type of a parameter is read from a Value and written back. params.h is what stages include.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/graph/param_rules.h"
#include "engine/graph/value.h"

namespace penstock {

template <class P>
class ParamTable;

template <class P>
concept DescribedParams = requires(ParamTable<P>& table) {
  P::describe(table);
};

/// A lone number or string is taken for an array of one (size = 224, devices = "cpu").
template <class T>
inline constexpr bool kOneWillDo = std::is_arithmetic_v<T> || std::is_same_v<T, std::string>;

/// For each T: `one()` "an integer", `many()` "integers", `read` (Error kUsage by fail_value), and `write`, which gives
/// nothing for an optional that is not set. read(write(x)) == x.
template <class T>
struct ParamCodec;

namespace param_codec {
// The work for each kind, so that templates stay thin. All throw Error kUsage by fail_value.
int64_t read_integer(const Value&, const ParamRules&, const ParamSite&, int64_t low, int64_t high);
double read_number(const Value&, const ParamRules&, const ParamSite&, double largest);
std::string read_string(const Value&, const ParamRules&, const ParamSite&);
int64_t read_word(const Value&, const ParamRules&, const ParamSite&);
std::optional<Value> write_word(int64_t code, const ParamRules&);
std::map<std::string, std::string> read_names(const Value&, const ParamRules&, const ParamSite&);
ValueArray read_array(const Value&, const std::string& type, const ParamRules&, const ParamSite&, bool one_will_do);
ParamSite item_site(const ParamSite&, size_t index, const Value& item);
}  // namespace param_codec

template <>
struct ParamCodec<bool> {
  static std::string one() { return "true or false"; }
  static std::string many() { return "booleans"; }
  static bool read(const Value& value, const ParamRules& rules, const ParamSite& site) {
    const bool* v = value.get_if<bool>();
    if (v == nullptr) fail_value(value, one(), rules, site);
    return *v;
  }
  static std::optional<Value> write(bool v, const ParamRules&) { return Value(v); }
};

template <std::integral T>
requires(!std::same_as<T, bool>) struct ParamCodec<T> {
  static std::string one() { return "an integer"; }
  static std::string many() { return "integers"; }
  static T read(const Value& value, const ParamRules& rules, const ParamSite& site) {
    // TOML has signed 64-bit integers, so a uint64_t reaches to 2^63 - 1.
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    constexpr bool kFits = static_cast<uint64_t>(std::numeric_limits<T>::max()) <= static_cast<uint64_t>(kMax);
    constexpr int64_t kHigh = kFits ? static_cast<int64_t>(std::numeric_limits<T>::max()) : kMax;
    constexpr int64_t kLow = static_cast<int64_t>(std::numeric_limits<T>::min());
    return static_cast<T>(param_codec::read_integer(value, rules, site, kLow, kHigh));
  }
  static std::optional<Value> write(T v, const ParamRules&) { return Value(v); }
};

template <std::floating_point T>
struct ParamCodec<T> {
  static std::string one() { return "a number"; }
  static std::string many() { return "numbers"; }
  static T read(const Value& value, const ParamRules& rules, const ParamSite& site) {
    return static_cast<T>(param_codec::read_number(value, rules, site, std::numeric_limits<T>::max()));
  }
  static std::optional<Value> write(T v, const ParamRules&) { return Value(v); }
};

template <>
struct ParamCodec<std::string> {
  static std::string one() { return "a string"; }
  static std::string many() { return "strings"; }
  static std::string read(const Value& value, const ParamRules& rules, const ParamSite& site) {
    return param_codec::read_string(value, rules, site);
  }
  static std::optional<Value> write(const std::string& v, const ParamRules&) { return Value(v); }
};

/// Needs one_of<Enum>.
template <class T>
requires std::is_enum_v<T>
struct ParamCodec<T> {
  static std::string one() { return "a word"; }
  static std::string many() { return "words"; }
  static T read(const Value& value, const ParamRules& rules, const ParamSite& site) {
    return static_cast<T>(param_codec::read_word(value, rules, site));
  }
  static std::optional<Value> write(T v, const ParamRules& rules) {
    return param_codec::write_word(static_cast<int64_t>(v), rules);
  }
};

/// "512MiB", or a number of bytes.
template <>
struct ParamCodec<ByteSize> {
  static std::string one() { return "a size such as \"512MiB\""; }
  static std::string many() { return "sizes such as \"512MiB\""; }
  static ByteSize read(const Value&, const ParamRules&, const ParamSite&);
  static std::optional<Value> write(ByteSize v, const ParamRules&) { return Value(exact_text(v)); }
};

template <>
struct ParamCodec<Duration> {
  static std::string one() { return "a duration such as \"10min\""; }
  static std::string many() { return "durations such as \"10min\""; }
  static Duration read(const Value&, const ParamRules&, const ParamSite&);
  static std::optional<Value> write(Duration v, const ParamRules&) { return Value(exact_text(v)); }
};

/// "0.1%", or a number from 0 to 1.
template <>
struct ParamCodec<Share> {
  static std::string one() { return "a share such as \"0.1%\""; }
  static std::string many() { return "shares such as \"0.1%\""; }
  static Share read(const Value&, const ParamRules&, const ParamSite&);
  static std::optional<Value> write(Share v, const ParamRules&) {
    const std::string text = exact_text(v);
    return parse_share(text) == v ? Value(text) : Value(v.of_one);  // a third has no percent text that reads back equal
  }
};

/// Names that stand for names: { bytes = "mask_bytes" }.
template <>
struct ParamCodec<std::map<std::string, std::string>> {
  static std::string one() { return "a table of strings"; }
  static std::string many() { return "tables of strings"; }
  static std::map<std::string, std::string> read(const Value& value, const ParamRules& rules, const ParamSite& site) {
    return param_codec::read_names(value, rules, site);
  }
  static std::optional<Value> write(const std::map<std::string, std::string>& v, const ParamRules&) {
    return Value(ValueMap(v.begin(), v.end()));
  }
};

/// A table that somebody else will read.
template <>
struct ParamCodec<ValueMap> {
  static std::string one() { return "a table"; }
  static std::string many() { return "tables"; }
  static ValueMap read(const Value& value, const ParamRules& rules, const ParamSite& site) {
    const ValueMap* table = value.get_if<ValueMap>();
    if (table == nullptr || (rules.not_empty && table->empty())) fail_value(value, one(), rules, site);
    return *table;
  }
  static std::optional<Value> write(const ValueMap& v, const ParamRules&) { return Value(v); }
};

// Defined in params.h, which knows how to read a whole table. (clang 14 takes no members of a constrained
// specialisation that are defined outside of it.)
template <class P>
P read_described(const Value& value, const ParamSite& site);
template <class P>
ValueMap write_described(const P& params);

/// A struct with parameters of its own.
template <DescribedParams P>
struct ParamCodec<P> {
  static std::string one() { return "a table"; }
  static std::string many() { return "tables"; }
  static P read(const Value& value, const ParamRules& rules, const ParamSite& site) {
    if (!value.is<ValueMap>()) fail_value(value, one(), rules, site);
    return read_described<P>(value, site);
  }
  static std::optional<Value> write(const P& params, const ParamRules&) { return Value(write_described(params)); }
};

template <class T>
struct ParamCodec<std::optional<T>> {
  static std::string one() { return ParamCodec<T>::one(); }
  static std::string many() { return ParamCodec<T>::many(); }
  static std::optional<T> read(const Value& value, const ParamRules& rules, const ParamSite& site) {
    return ParamCodec<T>::read(value, rules, site);
  }
  static std::optional<Value> write(const std::optional<T>& v, const ParamRules& rules) {
    return v ? ParamCodec<T>::write(*v, rules) : std::nullopt;
  }
};

template <class T>
struct ParamCodec<std::vector<T>> {
  static std::string one() { return "an array of " + ParamCodec<T>::many(); }
  static std::string many() { return "arrays of " + ParamCodec<T>::many(); }
  static std::vector<T> read(const Value& value, const ParamRules& rules, const ParamSite& site) {
    std::vector<T> items;
    size_t i = 0;
    for (const Value& item : param_codec::read_array(value, one(), rules, site, kOneWillDo<T>)) {
      items.push_back(ParamCodec<T>::read(item, rules.for_items(), param_codec::item_site(site, i++, item)));
    }
    return items;
  }
  static std::optional<Value> write(const std::vector<T>& v, const ParamRules& rules) {
    ValueArray items;
    for (const T& item : v) items.push_back(ParamCodec<T>::write(item, rules).value());
    return Value(std::move(items));
  }
};

template <class T, size_t N>
struct ParamCodec<std::array<T, N>> {
  static std::string one() { return "an array of " + std::to_string(N) + " " + ParamCodec<T>::many(); }
  static std::string many() { return "arrays of " + std::to_string(N) + " " + ParamCodec<T>::many(); }
  static std::array<T, N> read(const Value& value, const ParamRules& rules, const ParamSite& site) {
    const ValueArray given = param_codec::read_array(value, one(), rules, site, kOneWillDo<T>);
    const bool one_for_all = !value.is<ValueArray>();
    if (!one_for_all && given.size() != N) fail_value(value, one(), rules, site);
    std::array<T, N> items{};
    for (size_t i = 0; i < N; ++i) {
      const Value& item = given[one_for_all ? 0 : i];
      items[i] =
          ParamCodec<T>::read(item, rules.for_items(), one_for_all ? site : param_codec::item_site(site, i, item));
    }
    return items;
  }
  static std::optional<Value> write(const std::array<T, N>& v, const ParamRules& rules) {
    ValueArray items;
    for (const T& item : v) items.push_back(ParamCodec<T>::write(item, rules).value());
    return Value(std::move(items));
  }
};

}  // namespace penstock
