// Parameters described once: the same lines serve recipes, messages, `penstock stages NAME` and fingerprints.
//
//   struct Params {
//     float p = 0.5f;
//     Order order = Order::kFull;
//     static void describe(ParamTable<Params>& t) {
//       t.add("p", &Params::p, "probability that a picture is mirrored", in_range(0, 1));
//       t.add("order", &Params::order, "order of an epoch", one_of<Order>({{"full", Order::kFull}}));
//     }
//   };
//
// Members may be bool, integers, float, double, std::string, ByteSize, Duration, Share, enums (with one_of), ValueMap,
// std::map<std::string, std::string>, a struct with a `describe` of its own, and std::optional, std::vector, std::array
// of these. A vector or array of numbers or strings is also read from a single one (size = 224): an array
// takes it for all places.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/graph/param_codec.h"
#include "engine/graph/value.h"

namespace penstock {

/// One parameter, for people.
struct ParamDoc {
  std::string name;
  std::string type;          ///< "integer", "number", "array of 2 numbers", "size", ...
  std::string default_text;  ///< TOML text; "" when there is none
  std::string meaning;
  std::string allowed;  ///< "0 to 1", "at least 1", "replace | skip | fail"; "" when any value of the type will do
  bool required = false;
};

/// What one parameter does, free of its type. Made by ParamTable::add.
template <class P>
struct ParamEntry {
  std::string name;
  std::string type;
  std::string meaning;
  ParamRules rules;
  std::function<void(P&, const Value&, const ParamRules&, const ParamSite&)> read;
  std::function<std::optional<Value>(const P&, const ParamRules&)> write;
};

/// The parameters of a P in the order in which they are documented.
template <class P>
class ParamTable {
 public:
  /// `member`: of P or of a base of it. `rules`: in_range, at_least, above, one_of, not_empty, required (see param_rules.h).
  template <class T, class B, class... Rules>
  requires std::derived_from<P, B> ParamTable& add(std::string_view name, T B::*member, std::string_view meaning,
                                                   const Rules&... rules) {
    ParamEntry<P> entry;
    entry.name = name;
    entry.type = without_article(ParamCodec<T>::one());
    entry.meaning = meaning;
    (rules.apply(entry.rules), ...);
    entry.read = [member](P& p, const Value& value, const ParamRules& r, const ParamSite& site) {
      p.*member = ParamCodec<T>::read(value, r, site);
    };
    entry.write = [member](const P& p, const ParamRules& r) { return ParamCodec<T>::write(p.*member, r); };
    entries_.push_back(std::move(entry));
    return *this;
  }

  const std::vector<ParamEntry<P>>& entries() const { return entries_; }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const ParamEntry<P>& entry : entries_) all.push_back(entry.name);
    return all;
  }

 private:
  std::vector<ParamEntry<P>> entries_;
};

namespace params_detail {

template <class S>
struct ParamsOf {
  using type = S;
};
template <class S>
requires requires { typename S::Params; }
struct ParamsOf<S> {
  using type = typename S::Params;
};

}  // namespace params_detail

/// S is a parameter struct, or a stage with a nested `Params`; `describe` may stand in either.
template <class S>
using ParamsOf = typename params_detail::ParamsOf<S>::type;

template <class S>
ParamTable<ParamsOf<S>> param_table() {
  ParamTable<ParamsOf<S>> table;
  if constexpr (requires { S::describe(table); }) {
    S::describe(table);
  } else {
    ParamsOf<S>::describe(table);
  }
  return table;
}

/// Reads parameters; those that are not given keep the default. `who` begins the keys' names in messages ("crop" for
/// crop.size), `where` is the place to blame for a required key that is missing.
/// Throws Error kUsage that names file, line and key: unknown keys (with the nearest right one), wrong types and values
/// outside what is allowed.
template <class S>
ParamsOf<S> read_params(const ParamMap& map, std::string_view who, const Where& where = {}) {
  ParamsOf<S> params{};
  const auto table = param_table<S>();
  refuse_unknown(map, table.names(), who);
  for (const auto& entry : table.entries()) {
    const auto it = map.find(entry.name);
    if (it != map.end()) {
      entry.read(params, it->second, entry.rules, ParamSite::of(who, entry.name, it->second.where));
    } else if (entry.rules.required) {
      fail_missing(entry.name, entry.meaning, who, where);
    }
  }
  return params;
}

/// All parameters, defaults included; optional ones that are not set are left out. Reading it back gives equal params.
template <class S>
ParamMap to_map(const ParamsOf<S>& params) {
  ParamMap map;
  const auto table = param_table<S>();
  for (const auto& entry : table.entries()) {
    if (std::optional<Value> value = entry.write(params, entry.rules)) map[entry.name] = *std::move(value);
  }
  return map;
}

/// One line for each parameter, in the order of `describe`.
template <class S>
std::vector<ParamDoc> docs() {
  std::vector<ParamDoc> all;
  const ParamsOf<S> defaults{};
  const auto table = param_table<S>();
  for (const auto& entry : table.entries()) {
    ParamDoc doc{entry.name, entry.type, "", entry.meaning, entry.rules.allowed(), entry.rules.required};
    if (!doc.required) {
      if (const std::optional<Value> value = entry.write(defaults, entry.rules)) doc.default_text = value->text();
    }
    all.push_back(std::move(doc));
  }
  return all;
}

template <class P>
P read_described(const Value& value, const ParamSite& site) {
  return read_params<P>(*value.get_if<ValueMap>(), site.path, value.where);
}

template <class P>
ValueMap write_described(const P& params) {
  return to_map<P>(params);
}

}  // namespace penstock
