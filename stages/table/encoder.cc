#include <cmath>
#include <limits>

#include "stages/table/encoder_columns.h"

namespace penstock::table {
Encoder::Encoder(const Fitted& fitted, const io::TableSchema& schema, const std::string& where, EncoderOptions options)
    : fitted_(fitted),
      options_(options),
      target_(fitted.target, fitted.source[fitted.target.source].name, options.training),
      cat_width_(fitted.cat_width()),
      cont_width_(fitted.cont_width()) {
  const std::vector<size_t> found = match_columns(fitted, schema, where, options.needs_target);
  for (size_t c = 0; c < found.size(); ++c) {
    place_.push_back(columns_.size());
    if (found[c] == io::TableSchema::npos)
      has_target_ = false;
    else
      columns_.push_back(found[c]);
  }
  for (const CategoryFit& fit : fitted.categories)
    categories_.push_back(std::make_unique<Category>(fit, fitted.source[fit.source].type, place_[fit.source]));
  size_t next = fitted.numbers.size();
  for (const NumberFit& fit : fitted.numbers) {
    numbers_.push_back(std::make_unique<Number>(fit, fitted.source[fit.source].type, place_[fit.source]));
    if (fit.indicator) numbers_.back()->indicator = next++;
  }
  for (const FrequencyFit& fit : fitted.frequencies) {
    auto frequency = std::make_unique<Frequency>();
    frequency->category = fit.category;
    frequency->by_code.push_back(static_cast<float>(scaled(fit.scale, 0)));
    for (const CountedValue& value : fitted.categories[fit.category].values)
      frequency->by_code.push_back(
          static_cast<float>(scaled(fit.scale, static_cast<double>(value.count) / static_cast<double>(fitted.rows))));
    frequencies_.push_back(std::move(frequency));
  }
  for (const MeanFit& fit : fitted.means) {
    means_.push_back(std::make_unique<Mean>(fit));
    for (const size_t column : fit.by) means_.back()->places.push_back(place_[column]);
  }
}

Encoder::~Encoder() = default;

void Encoder::encode(const io::TableBlock& block, std::span<const uint64_t> rows, std::span<const uint32_t> places,
                     const RowsOut& out, Refused& refused, Scratch& scratch) const {
  for (const io::BadRow& bad : block.bad) refused.emplace_back(bad.row, bad.reason);
  encode_target(has_target_ ? &block.columns[place_[fitted_.target.source]] : nullptr, block.rows, places, out,
                refused);
  scratch.unknown.resize(cat_width_);
  scratch.infinite.resize(numbers_.size());
  if (out.cat != nullptr || !frequencies_.empty()) hold_dictionaries(block, scratch);
  by_tiles(
      block.rows, places, out, scratch,
      [&](size_t from, size_t count, int32_t* to) { encode_categories(block, from, count, to, scratch); },
      [&](size_t from, size_t count, float* to) { encode_numbers(block, rows, from, count, to, scratch); });
}

void Encoder::encode_target(const io::ColumnBlock* column, size_t rows, std::span<const uint32_t> places,
                            const RowsOut& out, Refused& refused) const {
  const bool wanted = out.target != nullptr || out.label != nullptr;
  if (!wanted && !options_.needs_target) return;
  if (column != nullptr && out.target != nullptr && out.label == nullptr && places.empty() &&
      target_.zeros_and_ones(*column, rows, out.target))
    return;
  std::string reason;
  for (size_t i = 0; i < rows; ++i) {
    double value = std::numeric_limits<double>::quiet_NaN();
    if (column != nullptr) value = target_.value(*column, i, reason);
    if (std::isnan(value) && options_.needs_target) refused.emplace_back(i, reason);
    const size_t to = places.empty() ? i : places[i];
    if (out.target != nullptr) out.target[to] = static_cast<float>(value);
    if (out.label != nullptr) out.label[to] = std::isnan(value) ? -1 : static_cast<int64_t>(value);
  }
}

void Encoder::hold_dictionaries(const io::TableBlock& block, Scratch& scratch) const {
  scratch.held.resize(categories_.size());
  for (size_t c = 0; c < categories_.size(); ++c) {
    const Dictionary& dictionary = block.columns[categories_[c]->place].dictionary;
    scratch.held[c] = dictionary ? categories_[c]->dictionaries.of(dictionary, block.rows) : nullptr;
  }
}

void Encoder::encode_category(size_t c, const io::ColumnBlock& column, size_t from, size_t count, int32_t* out,
                              size_t stride, uint64_t& unknown, Scratch& scratch) const {
  const Category& category = *categories_[c];
  if (!column.dictionary) return category.vocabulary.encode(column, from, count, out, stride, unknown);
  const uint8_t* missing = column.missing.empty() ? nullptr : column.missing.data() + from;
  const uint32_t* codes = column.codes.data() + from;
  const int32_t* known = scratch.held[c] ? scratch.held[c]->data() : nullptr;
  for (size_t i = 0; i < count; ++i) {
    int32_t code = known != nullptr ? known[codes[i]] : category.vocabulary.of_text((*column.dictionary)[codes[i]]);
    if (missing != nullptr && missing[i] != 0)
      code = 0;
    else
      unknown += code == 0 ? 1 : 0;
    out[i * stride] = code;
  }
}

void Encoder::encode_categories(const io::TableBlock& block, size_t from, size_t count, int32_t* out,
                                Scratch& scratch) const {
  for (size_t c = 0; c < cat_width_; ++c)  // those that are coded come first
    encode_category(c, block.columns[categories_[c]->place], from, count, out + c, cat_width_, scratch.unknown[c],
                    scratch);
}

void Encoder::encode_numbers(const io::TableBlock& block, std::span<const uint64_t> rows, size_t from, size_t count,
                             float* out, Scratch& scratch) const {
  for (size_t n = 0; n < numbers_.size(); ++n) {
    const Number& number = *numbers_[n];
    float* indicator = number.indicator > 0 ? out + number.indicator : nullptr;
    scratch.infinite[n] += number.map.encode(block.columns[number.place], from, count, out + n, indicator, cont_width_);
  }
  size_t next = cont_width_ - frequencies_.size() - means_.size();
  for (const auto& frequency : frequencies_) {
    int32_t codes[kEncodeTile];
    uint64_t unknown = 0;
    encode_category(frequency->category, block.columns[categories_[frequency->category]->place], from, count, codes, 1,
                    unknown, scratch);
    for (size_t i = 0; i < count; ++i) out[i * cont_width_ + next] = frequency->by_code[static_cast<size_t>(codes[i])];
    ++next;
  }
  for (const auto& mean : means_) {
    std::vector<const io::ColumnBlock*> columns;
    for (const size_t place : mean->places) columns.push_back(&block.columns[place]);
    mean->map.encode(columns, from, count, options_.training ? rows : std::span<const uint64_t>(), out + next,
                     cont_width_);
    ++next;
  }
}

uint64_t Encoder::bytes() const {
  uint64_t sum = 0;
  for (const auto& category : categories_) sum += category->vocabulary.bytes();
  for (const auto& number : numbers_) sum += number->map.bytes();
  for (const auto& frequency : frequencies_) sum += frequency->by_code.size() * sizeof(float);
  for (const auto& mean : means_) sum += mean->map.bytes();
  return sum;
}

uint64_t Encoder::scratch_bytes(size_t rows) const {
  // A cell: a view, or a number with its place in `missing`; 17 bytes at most.
  return rows * columns_.size() * 17 + kEncodeTile * (cat_width_ + cont_width_) * 4;
}

}  // namespace penstock::table
