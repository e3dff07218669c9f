#include "stages/table/fitted.h"

#include <algorithm>
#include <functional>

#include "engine/base/counted.h"
#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "io/file/checksum.h"

namespace penstock::table {
namespace {

using io::ColumnType;

// What was a number with a fraction in training may have none in another file.
bool holds_numbers(ColumnType type) {
  return type == ColumnType::kInt || type == ColumnType::kReal || type == ColumnType::kBool;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

/// One sentence for all columns: tables of many categories would fill the screen.
std::string rare_values(const Fitted& fitted) {
  constexpr size_t kShown = 8;
  std::vector<const CategoryFit*> columns;
  for (const CategoryFit& category : fitted.categories)
    if (category.rare > 0) columns.push_back(&category);
  std::ranges::stable_sort(columns, std::greater<>(), &CategoryFit::rare);
  std::string out;
  for (size_t i = 0; i < std::min(columns.size(), kShown); ++i)
    out +=
        (i == 0 ? "" : ", ") + ("'" + fitted.source[columns[i]->source].name) + "' " + counted(columns[i]->rare, "row");
  if (columns.size() > kShown) out += " and " + counted(columns.size() - kShown, "more column");
  return out.empty() ? out : "training rows with values too rare for the vocabulary, which count as unknown: " + out;
}

}  // namespace

size_t Fitted::cat_width() const { return static_cast<size_t>(std::ranges::count_if(categories, &CategoryFit::coded)); }

size_t Fitted::cont_width() const {
  return numbers.size() + static_cast<size_t>(std::ranges::count_if(numbers, &NumberFit::indicator)) +
         frequencies.size() + means.size();
}

std::vector<std::string> Fitted::cat_names() const {
  std::vector<std::string> out;
  for (const CategoryFit& category : categories)
    if (category.coded) out.push_back(source[category.source].name);
  return out;
}

std::vector<std::string> Fitted::cont_names() const {
  std::vector<std::string> out;
  for (const NumberFit& number : numbers) out.push_back(source[number.source].name);
  for (const NumberFit& number : numbers)
    if (number.indicator) out.push_back(source[number.source].name + " is missing");
  for (const FrequencyFit& frequency : frequencies)
    out.push_back("frequency of " + source[categories[frequency.category].source].name);
  for (const MeanFit& mean : means) {
    std::vector<std::string> by;
    for (const size_t column : mean.by) by.push_back(source[column].name);
    out.push_back("mean by " + joined(by));
  }
  return out;
}

TargetTransform TargetFit::transform() const {
  TargetTransform out{.log = log};
  if (clip.size() == 2) {
    out.lowest = clip[0];
    out.highest = clip[1];
  }
  if (scaled) {
    out.mean = mean;
    out.deviation = deviation;
  }
  return out;
}

uint64_t Fitted::digest() const { return io::checksum(to_text(*this)); }

uint64_t Fitted::bytes() const {
  uint64_t sum = spec.size();
  for (const CategoryFit& category : categories)
    for (const CountedValue& value : category.values) sum += sizeof value + value.text.size();
  for (const NumberFit& number : numbers) sum += sizeof number + number.scale.knots.size() * sizeof(double);
  for (const MeanFit& mean : means)
    for (const auto& level : mean.levels) sum += level.size() * sizeof(GroupSums);
  return sum;
}

std::vector<std::string> Fitted::notes() const {
  std::vector<std::string> out;
  const auto name = [&](size_t column) { return "column '" + source[column].name + "'"; };
  if (target.refused > 0)
    out.push_back(counted(target.refused, "training row") + (target.refused == 1 ? " has" : " have") +
                  " no target that can be learnt (" + name(target.source) +
                  " is missing, infinite or outside of what the logarithm takes)");
  for (const NumberFit& number : numbers) {
    if (number.infinite > 0)
      out.push_back(name(number.source) + " has " + counted(number.infinite, "infinite value") +
                    " in the training rows, counted as missing");
    if (number.count == 0)
      out.push_back(name(number.source) + " has no value in any training row");
    else if (number.deviation == 0)
      out.push_back(name(number.source) + " is constant in the training rows: it tells nothing");
  }
  if (std::string rare = rare_values(*this); !rare.empty()) out.push_back(std::move(rare));
  for (const CategoryFit& category : categories) {
    if (category.buckets > 0 && category.shared > 0)
      out.push_back(name(category.source) + ": about " + std::to_string(category.distinct) +
                    " values are hashed into " + std::to_string(category.buckets) + " buckets, of which about " +
                    std::to_string(category.shared) + " values share one with others");
    if (category.buckets == 0 && category.values.empty())
      out.push_back(name(category.source) + " has no value that is common enough: all its codes are 0");
  }
  return out;
}

bool goes_for(ColumnType found, ColumnType trained, bool is_number) {
  return found == trained || (is_number && holds_numbers(found) && holds_numbers(trained));
}

std::vector<bool> plain_numbers(const Fitted& fitted) {
  std::vector<bool> out(fitted.source.size(), false);
  for (const NumberFit& number : fitted.numbers) out[number.source] = true;
  out[fitted.target.source] = fitted.target.task == Task::kRegression;
  // Of a category, or what makes groups, the values would be spelt otherwise.
  for (const CategoryFit& category : fitted.categories) out[category.source] = false;
  for (const MeanFit& mean : fitted.means)
    for (const size_t column : mean.by) out[column] = false;
  return out;
}

std::vector<size_t> match_columns(const Fitted& fitted, const io::TableSchema& schema, const std::string& where,
                                  bool with_target) {
  const std::vector<bool> is_number = plain_numbers(fitted);
  std::vector<std::string> strangers;
  for (const io::ColumnSpec& column : schema.columns())
    if (std::ranges::find(fitted.source, column.name, &io::ColumnSpec::name) == fitted.source.end())
      strangers.push_back(column.name);
  std::vector<size_t> out;
  std::vector<std::string> missing, retyped;
  for (size_t c = 0; c < fitted.source.size(); ++c) {
    const io::ColumnSpec& wanted = fitted.source[c];
    const size_t at = schema.index_of(wanted.name);
    out.push_back(at);
    if (at == io::TableSchema::npos) {
      if (c == fitted.target.source && !with_target) continue;
      const std::string near = nearest_name(wanted.name, strangers);
      missing.push_back("'" + wanted.name + "'" + (near.empty() ? "" : " (there is '" + near + "')"));
    } else if (!goes_for(schema.columns()[at].type, wanted.type, is_number[c])) {
      if (c == fitted.target.source && !with_target) {  // nobody asks for it: an empty column is text in many formats
        out.back() = io::TableSchema::npos;
        continue;
      }
      retyped.push_back("'" + wanted.name + "' is " + std::string(name_of(schema.columns()[at].type)) + " and was " +
                        std::string(name_of(wanted.type)));
    }
  }
  if (missing.empty() && retyped.empty()) return out;
  std::string text = "'" + where + "' has not the columns that the fitted file was made of:";
  if (!missing.empty()) text += " missing " + joined(missing) + (retyped.empty() ? "" : ";");
  if (!retyped.empty()) text += " " + joined(retyped);
  throw Error(Code::kUsage, text)
      .hint("rename the columns, or say their types in the table's schema file; with other columns, fit anew");
}

}  // namespace penstock::table
