#include "pipelines/recipe/toml_reader.h"

#include <toml++/toml.h>

#include <memory>
#include <optional>

#include "engine/base/error.h"

namespace penstock::pipelines {
namespace {

Where where_of(const toml::source_region& source, const std::string& file) {
  return {file, static_cast<int>(source.begin.line), static_cast<int>(source.begin.column)};
}

ValueMap convert(const toml::table& table, const std::string& file);

Value convert(const toml::node& node, Where where) {
  Value value;
  if (const auto* v = node.as_boolean()) {
    value = Value(v->get());
  } else if (const auto* v = node.as_integer()) {
    value = Value(v->get());
  } else if (const auto* v = node.as_floating_point()) {
    value = Value(v->get());
  } else if (const auto* v = node.as_string()) {
    value = Value(v->get());
  } else if (const auto* array = node.as_array()) {
    ValueArray items;
    for (const toml::node& item : *array) items.push_back(convert(item, where_of(item.source(), where.file)));
    value = Value(std::move(items));
  } else if (const auto* table = node.as_table()) {
    value = Value(convert(*table, where.file));
  } else {
    throw Error(Code::kUsage, where.text() + ": recipes have no dates and times").hint("put it in quotes");
  }
  value.where = std::move(where);
  return value;
}

ValueMap convert(const toml::table& table, const std::string& file) {
  ValueMap map;
  for (const auto& [key, node] : table) map[std::string(key.str())] = convert(node, where_of(key.source(), file));
  return map;
}

/// Everything below a --set has its origin and no line of its own.
void blame(Value& value, const std::string& origin) {
  value.where = {origin, 0, 0};
  if (auto* items = value.get_if<ValueArray>()) {
    for (Value& item : *items) blame(item, origin);
  } else if (auto* table = value.get_if<ValueMap>()) {
    for (auto& [key, item] : *table) blame(item, origin);
  }
}

std::optional<Value> as_toml(std::string_view text) {
  if (text.find('\n') != std::string_view::npos) return std::nullopt;
  try {
    const toml::table table = toml::parse("value = " + std::string(text));
    return convert(*table.get("value"), {});
  } catch (const toml::parse_error&) { return std::nullopt; } catch (const Error&) {  // a date
    return std::nullopt;
  }
}

}  // namespace

ValueMap read_toml(std::string_view text, const std::string& file) {
  try {
    return convert(toml::parse(text, file), file);
  } catch (const toml::parse_error& error) {
    throw Error(Code::kUsage,
                where_of(error.source(), file).text() + ": this is not TOML: " + std::string(error.description()));
  }
}

Value read_toml_value(std::string_view text, const std::string& origin) {
  Value value = as_toml(text).value_or(Value(text));
  blame(value, origin);
  return value;
}

}  // namespace penstock::pipelines
