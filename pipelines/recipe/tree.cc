#include "pipelines/recipe/tree.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/nearest.h"

namespace penstock::pipelines {
namespace {

std::string at(const Where& where) {
  const std::string text = where.text();
  return text.empty() ? "" : text + ": ";
}

/// Tables of the array `stage`; empty when there is none.
std::vector<ValueMap*> stages_of(ValueMap& tree) {
  std::vector<ValueMap*> stages;
  const auto it = tree.find("stage");
  ValueArray* array = it == tree.end() ? nullptr : it->second.get_if<ValueArray>();
  if (array == nullptr) return stages;
  for (Value& stage : *array) {
    if (ValueMap* table = stage.get_if<ValueMap>()) stages.push_back(table);
  }
  return stages;
}

std::vector<ValueMap*> stages_with_id(ValueMap& tree, const std::string& id, const Where& where) {
  std::vector<ValueMap*> found;
  std::vector<std::string> known;
  for (ValueMap* stage : stages_of(tree)) {
    known.push_back(stage_id(*stage));
    if (known.back() == id) found.push_back(stage);
  }
  if (!found.empty()) return found;
  throw Error(Code::kUsage, at(where) + "there is no stage with the id '" + id + "'" + nearest_hint(id, known))
      .hint("a new stage is written as [[stage]], with two brackets");
}

void merge_value(Value& into, const Value& over) {
  ValueMap* table = into.get_if<ValueMap>();
  const ValueMap* edits = over.get_if<ValueMap>();
  if (table == nullptr || edits == nullptr) {
    into = over;
    return;
  }
  for (const auto& [key, value] : *edits) {
    const auto [it, is_new] = table->try_emplace(key, value);
    if (!is_new) merge_value(it->second, value);
  }
}

void edit_stages(ValueMap& tree, const ValueMap& edits_by_id) {
  for (const auto& [id, edits] : edits_by_id) {
    if (!edits.is<ValueMap>()) {
      throw Error(Code::kUsage, at(edits.where) + "stage." + id + " must be a table, not " + edits.text())
          .hint("write [stage." + id + "] to change a stage of the base, [[stage]] to add one");
    }
    for (ValueMap* stage : stages_with_id(tree, id, edits.where)) {
      for (const auto& [key, value] : *edits.get_if<ValueMap>()) {
        const auto [it, is_new] = stage->try_emplace(key, value);
        if (!is_new) merge_value(it->second, value);
      }
    }
  }
}

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (true) {
    const size_t dot = path.find('.', begin);
    parts.emplace_back(path.substr(begin, dot - begin));
    if (dot == std::string_view::npos) return parts;
    begin = dot + 1;
  }
}

void set_below(ValueMap& table, const std::vector<std::string>& parts, size_t from, std::string_view path,
               const Value& value) {
  ValueMap* here = &table;
  for (size_t i = from; i + 1 < parts.size(); ++i) {
    const auto [it, is_new] = here->try_emplace(parts[i], ValueMap{});
    if (is_new) it->second.where = value.where;
    here = it->second.get_if<ValueMap>();
    if (here == nullptr) {
      throw Error(Code::kUsage, at(value.where) + "there is no key " + std::string(path) + ": '" + parts[i] + "' is " +
                                    std::string(it->second.type_name()) + ", not a table");
    }
  }
  (*here)[parts.back()] = value;
}

void for_each_string(Value& value, const std::string& path,
                     const std::function<void(std::string&, const std::string&, const Where&)>& visit) {
  if (std::string* text = value.get_if<std::string>()) {
    visit(*text, path, value.where);
  } else if (ValueArray* items = value.get_if<ValueArray>()) {
    for (Value& item : *items) for_each_string(item, path, visit);
  } else if (ValueMap* table = value.get_if<ValueMap>()) {
    for (auto& [key, item] : *table) for_each_string(item, path.empty() ? key : path + "." + key, visit);
  }
}

std::string expanded(const std::string& text, const std::string& path, const Where& where,
                     const Environment& environment) {
  std::string out;
  size_t i = 0;
  while (i < text.size()) {
    if (text.compare(i, 3, "$${") == 0) {
      out += "${";
      i += 3;
      continue;
    }
    if (text.compare(i, 2, "${") != 0) {
      out += text[i++];
      continue;
    }
    const size_t end = text.find('}', i);
    if (end == std::string::npos) {
      throw Error(Code::kUsage, at(where) + path + ": '${' without its '}' in " + quoted_text(text))
          .hint("a plain \"${\" is written $${");
    }
    const std::string name = text.substr(i + 2, end - i - 2);
    const std::optional<std::string> value = environment(name);
    if (!value) {
      throw Error(Code::kUsage, at(where) + path + ": the environment has no variable ${" + name + "}")
          .hint("export " + name + "=..., or --set " + path + "=...");
    }
    out += *value;
    i = end + 1;
  }
  return out;
}

}  // namespace

void merge(ValueMap& tree, const ValueMap& over) {
  for (const auto& [key, value] : over) {
    if (key == "stage" && value.is<ValueMap>()) {
      edit_stages(tree, *value.get_if<ValueMap>());
      continue;
    }
    const auto [it, is_new] = tree.try_emplace(key, value);
    if (!is_new) merge_value(it->second, value);
  }
}

void set_key(ValueMap& tree, std::string_view path, const Value& value) {
  const std::vector<std::string> parts = parts_of(path);
  if (std::find(parts.begin(), parts.end(), "") != parts.end()) {
    throw Error(Code::kUsage, at(value.where) + "'" + std::string(path) + "' is no key")
        .hint("keys look like train.lr, data.batch or stage.crop.size");
  }
  if (parts[0] != "stage" || parts.size() == 1) {
    set_below(tree, parts, 0, path, value);
    return;
  }
  if (parts.size() == 2) {
    throw Error(Code::kUsage, at(value.where) + "'" + std::string(path) + "' names a stage, not one of its keys")
        .hint("write stage." + parts[1] + ".KEY");
  }
  for (ValueMap* stage : stages_with_id(tree, parts[1], value.where)) set_below(*stage, parts, 2, path, value);
}

void expand_variables(ValueMap& tree, const Environment& environment) {
  for (auto& [key, value] : tree) {
    for_each_string(value, key, [&](std::string& text, const std::string& path, const Where& where) {
      text = expanded(text, path, where, environment);
    });
  }
}

void protect_variables(ValueMap& tree) {
  for (auto& [key, value] : tree) {
    for_each_string(value, key, [](std::string& text, const std::string&, const Where&) {
      for (size_t i = text.find("${"); i != std::string::npos; i = text.find("${", i + 3)) text.insert(i, 1, '$');
    });
  }
}

ValueMap flatten(const ValueMap& tree) {
  ValueMap flat;
  for (const auto& [key, value] : tree) {
    const ValueMap* table = value.get_if<ValueMap>();
    if (table == nullptr) {
      flat[key] = value;
      continue;
    }
    for (const auto& [below, item] : flatten(*table)) flat[key + "." + below] = item;
  }
  return flat;
}

std::string stage_id(const ValueMap& stage) {
  const auto text = [&](const char* key) {
    const auto it = stage.find(key);
    const std::string* found = it == stage.end() ? nullptr : it->second.get_if<std::string>();
    return found == nullptr ? std::string() : *found;
  };
  const std::string id = text("id");
  if (!id.empty()) return id;
  const std::string name = text("name");
  return name.substr(name.rfind('.') + 1);  // npos + 1 is 0: the whole name
}

}  // namespace penstock::pipelines
