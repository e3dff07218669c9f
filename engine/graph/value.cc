#include "engine/graph/value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace penstock {
namespace {

template <class T>
std::string shortest(T v) {
  std::array<char, 40> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v).ptr;
  return std::string(buffer.data(), end);
}

double widen(float v) {
  if (!std::isfinite(v)) return static_cast<double>(v);
  const std::string text = shortest(v);
  double wide = 0;
  std::from_chars(text.data(), text.data() + text.size(), wide);
  return wide;
}

std::string double_text(double v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v > 0 ? "inf" : "-inf";
  std::string text = shortest(v);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";  // TOML would read it back as an integer
  return text;
}

std::string array_text(const ValueArray& array) {
  std::string text = "[";
  for (const Value& item : array) {
    if (text.size() > 1) text += ", ";
    text += item.text();
  }
  return text + "]";
}

}  // namespace

std::string Where::text() const {
  if (file.empty() || line <= 0) return file;
  return file + ":" + std::to_string(line);
}

Value::Value(float v) : data_(widen(v)) {}

std::string_view Value::type_name() const {
  switch (data_.index()) {
    case 0: return "true or false";
    case 1: return "an integer";
    case 2: return "a number";
    case 3: return "a string";
    case 4: return "an array";
    default: return "a table";
  }
}

std::string Value::text() const {
  if (const auto* v = get_if<bool>()) return *v ? "true" : "false";
  if (const auto* v = get_if<int64_t>()) return std::to_string(*v);
  if (const auto* v = get_if<double>()) return double_text(*v);
  if (const auto* v = get_if<std::string>()) return quoted_text(*v);
  if (const auto* v = get_if<ValueArray>()) return array_text(*v);
  return canonical_text(*get_if<ValueMap>());
}

std::string canonical_text(const ValueMap& map) {
  if (map.empty()) return "{}";
  std::string text = "{ ";
  for (const auto& [key, value] : map) {
    if (text.size() > 2) text += ", ";
    text += key_text(key) + " = " + value.text();
  }
  return text + " }";
}

std::string key_text(std::string_view key) {
  const auto bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  for (const char c : key) {
    if (!bare(c)) return quoted_text(key);
  }
  return key.empty() ? "\"\"" : std::string(key);
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> code;
      std::snprintf(code.data(), code.size(), "\\u%04X", byte);
      out += code.data();
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace penstock
