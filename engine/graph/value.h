// What a parameter can be before a stage has looked at it: the common ground of TOML recipes and C++ callers.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace penstock {

/// Where a value was written, for messages. `file` may also be "--set train.lr=1" with line 0; empty = made in C++.
struct Where {
  std::string file;
  int line = 0;    ///< from 1; 0 = not known
  int column = 0;  ///< from 1; 0 = not known

  /// "recipe.toml:12", "--set train.lr=1" or "".
  std::string text() const;
};

class Value;

/// Named values, sorted by name. C++ writes them as {{"view", "random-resized-crop"}, {"size", 224}}.
using ValueMap = std::map<std::string, Value, std::less<>>;
/// The parameters of a stage (or of a section of a recipe).
using ParamMap = ValueMap;
using ValueArray = std::vector<Value>;

/// A boolean, integer, float, string, array or table, and where it was written. A plain value: copy it freely.
/// Two values are equal when type and content are; `where` does not count.
class Value {
 public:
  Value() : data_(false) {}
  Value(bool v) : data_(v) {}  // NOLINT: implicit on purpose, so that maps can be written as literals
  template <std::integral T>
  requires(!std::same_as<T, bool>) Value(T v) : data_(static_cast<int64_t>(v)) {}
  Value(double v) : data_(v) {}
  /// Floats are taken at their shortest decimal text: 0.1f becomes 0.1, so that texts and fingerprints stay short.
  Value(float v);
  Value(const char* v) : data_(std::string(v)) {}
  Value(std::string_view v) : data_(std::string(v)) {}
  Value(std::string v) : data_(std::move(v)) {}
  Value(ValueArray v) : data_(std::move(v)) {}
  Value(ValueMap v) : data_(std::move(v)) {}
  template <class T>
  requires(!std::same_as<T, Value>) Value(const std::vector<T>& v) : data_(ValueArray(v.begin(), v.end())) {}
  /// Two or more values make an array: {"scale", {0.35, 1.0}}.
  template <class A, class B, class... Rest>
  Value(A&& a, B&& b, Rest&&... rest) : data_(ValueArray{}) {
    ValueArray& array = std::get<ValueArray>(data_);
    array.reserve(2 + sizeof...(rest));
    array.emplace_back(std::forward<A>(a));
    array.emplace_back(std::forward<B>(b));
    (array.emplace_back(std::forward<Rest>(rest)), ...);
  }

  /// The content as T (bool, int64_t, double, std::string, ValueArray, ValueMap), or null when it is another type.
  /// No conversion: an integer is not a double here (params.h widens where a double is asked for).
  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&data_);
  }
  template <class T>
  T* get_if() {
    return std::get_if<T>(&data_);
  }
  template <class T>
  bool is() const {
    return std::holds_alternative<T>(data_);
  }

  /// "true or false", "an integer", "a number", "a string", "an array", "a table": for messages.
  std::string_view type_name() const;
  /// TOML text in one line: 3, 0.35, "bytes", [1, 2], { a = 1 }. Doubles are exact (shortest text that reads back).
  std::string text() const;

  friend bool operator==(const Value& a, const Value& b) { return a.data_ == b.data_; }

  Where where;

 private:
  std::variant<bool, int64_t, double, std::string, ValueArray, ValueMap> data_;
};

/// "{ size = 224, view = \"center-crop\" }": sorted and exact, so equal maps give equal texts: for fingerprints.
std::string canonical_text(const ValueMap& map);
/// A key as TOML wants it: bare when it may be, quoted otherwise.
std::string key_text(std::string_view key);
/// A TOML string with quotes and escapes.
std::string quoted_text(std::string_view text);

}  // namespace penstock
