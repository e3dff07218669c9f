#include "pipelines/compare/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"

namespace penstock::pipelines {
namespace {

using Row = std::vector<std::string>;

std::vector<std::string> metric_names(const std::vector<Compared>& all) {
  std::vector<std::string> names;
  for (const Compared& one : all)
    for (const auto& [name, value] : one.metrics)
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  return names;
}

std::optional<double> metric_of(const Compared& one, const std::string& name) {
  for (const auto& [metric, value] : one.metrics)
    if (metric == name) return value;
  return std::nullopt;
}

std::optional<double> best_of(const std::vector<Compared>& all, const std::string& name) {
  std::optional<double> best;
  for (const Compared& one : all) {
    const std::optional<double> value = metric_of(one, name);
    if (!value) continue;
    if (!best || (more_is_better(name) ? *value > *best : *value < *best)) best = value;
  }
  return best;
}

std::string metric_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(value) >= 1000 ? "%.1f" : "%.4f", value);
  return text;
}

/// Columns as wide as their widest cell, so that the table reads as text too.
std::string lined_up(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size(), 3);
  for (const Row& row : rows)
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string out;
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t c = 0; c < rows[r].size(); ++c) {
      const std::string pad(widths[c] - rows[r][c].size(), ' ');
      out += c < 2 ? "| " + rows[r][c] + pad + " " : "| " + pad + rows[r][c] + " ";
    }
    out += "|\n";
    if (r > 0) continue;
    for (size_t c = 0; c < widths.size(); ++c) out += "|" + std::string(widths[c] + 1, '-') + (c < 2 ? "-" : ":");
    out += "|\n";
  }
  return out;
}

}  // namespace

bool more_is_better(const std::string& metric) {
  return metric == "auc" || metric == "accuracy" || metric == "top1" || metric == "top5";
}

std::string comparison_table(const std::vector<Compared>& all, const std::string& of) {
  if (all.empty()) return "";
  const std::vector<std::string> metrics = metric_names(all);
  Row header = {"recipe", "model"};
  header.insert(header.end(), metrics.begin(), metrics.end());
  for (const char* name : {"trained in", "peak memory", "model size"}) header.emplace_back(name);
  std::vector<Row> rows{header};
  for (const Compared& one : all) {
    Row row = {one.name, one.model};
    for (const std::string& name : metrics) {
      const std::optional<double> value = metric_of(one, name);
      const std::string text = value ? metric_text(*value) : "";
      // By the text: what reads alike is alike.
      const bool best = value && all.size() > 1 && text == metric_text(*best_of(all, name));
      row.push_back(best ? "**" + text + "**" : text);
    }
    row.push_back(duration_text(one.seconds));
    row.push_back(bytes_text(one.peak_rss_bytes));
    row.push_back(bytes_text(one.model_bytes));
    rows.push_back(std::move(row));
  }
  return of + ", validated on " + std::to_string(all.front().records) + " records that none was trained on\n\n" +
         lined_up(rows);
}

std::string comparison_json(const std::vector<Compared>& all) {
  nlohmann::ordered_json models = nlohmann::ordered_json::array();
  for (const Compared& one : all) {
    nlohmann::ordered_json json = {{"recipe", one.name}, {"model", one.model}};
    for (const auto& [name, value] : one.metrics) json[name] = value;
    json["records"] = one.records;
    json["seconds"] = one.seconds;
    json["peak_rss_bytes"] = one.peak_rss_bytes;
    json["model_bytes"] = one.model_bytes;
    json["run"] = one.run;
    models.push_back(std::move(json));
  }
  return nlohmann::ordered_json{{"models", std::move(models)}}.dump(-1, ' ', false,
                                                                    nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace penstock::pipelines
