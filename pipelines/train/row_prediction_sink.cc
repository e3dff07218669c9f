#include "pipelines/train/row_prediction_sink.h"

#include <algorithm>
#include <utility>

#include "io/table/csv_writer.h"
#include "io/table/hdf5_writer.h"

namespace penstock::train {
namespace {

// Rows handed to HDF5 at once: a call costs microseconds.
constexpr size_t kRowsAtOnce = 4096;

int64_t highest(std::span<const float> values) {
  return values.empty() ? -1 : std::max_element(values.begin(), values.end()) - values.begin();
}

/// The name of a class, or its number.
std::string class_text(const PredictionLayout& layout, size_t label) {
  return label < layout.classes.size() ? layout.classes[label] : std::to_string(label);
}

class CsvRows final : public PredictionSink {
 public:
  CsvRows(io::FileSystem& fs, const std::string& path, const PredictionLayout& layout)
      : layout_(layout), writer_(fs, path, columns(layout)) {}

  void row(const PredictionRow& row) override {
    writer_.add(static_cast<int64_t>(row.id));
    if (row.values.empty()) {
      for (size_t i = 2; i < columns(layout_).size(); ++i) writer_.add("");
    } else if (layout_.rows == Task::kRegression) {
      writer_.add(row.values[0]);
    } else if (layout_.rows == Task::kBinary) {
      writer_.add(int64_t{row.values[0] > 0.5F}).add(row.values[0]);
    } else {
      writer_.add(class_text(layout_, static_cast<size_t>(highest(row.values))));
      for (const float value : row.values) writer_.add(value);
    }
    writer_.add(row.error);
    writer_.end_row();
  }
  void commit() override { writer_.finish(); }

 private:
  static std::vector<std::string> columns(const PredictionLayout& layout) {
    std::vector<std::string> names = {"id", "prediction"};
    if (layout.rows == Task::kBinary) names.emplace_back("probability");
    for (size_t c = 0; layout.rows == Task::kClasses && c < layout.width; ++c)
      names.push_back("p_" + class_text(layout, c));
    names.emplace_back("error");
    return names;
  }

  const PredictionLayout layout_;
  io::CsvWriter writer_;
};

class Hdf5Rows final : public PredictionSink {
 public:
  Hdf5Rows(io::FileSystem& fs, const std::string& path, const PredictionLayout& layout)
      : width_(std::max<size_t>(1, layout.width)), task_(*layout.rows) {
    std::vector<io::Hdf5Column> columns = {{.name = "id", .dtype = DType::kI64}, {.name = "error", .text = true}};
    if (task_ == Task::kRegression) {
      columns.push_back({.name = "prediction"});
    } else {
      columns.push_back({.name = "prediction", .dtype = DType::kI64});
      columns.push_back(
          {.name = task_ == Task::kBinary ? "probability" : "probabilities", .width = static_cast<int64_t>(width_)});
    }
    writer_ = io::Hdf5Writer::open(path, std::move(columns), fs);
  }

  void row(const PredictionRow& row) override {
    ids_.push_back(static_cast<int64_t>(row.id));
    errors_.push_back(row.error);
    values_.insert(values_.end(), row.values.begin(), row.values.end());
    values_.resize(ids_.size() * width_);
    const bool none = row.values.empty();
    chosen_.push_back(none ? -1 : task_ == Task::kBinary ? int64_t{row.values[0] > 0.5F} : highest(row.values));
    if (ids_.size() == kRowsAtOnce) flush();
  }
  void commit() override {
    flush();
    writer_->finish();
  }

 private:
  void flush() {
    writer_->append(0, std::span<const int64_t>(ids_));
    writer_->append(1, std::span<const std::string>(errors_));
    if (task_ != Task::kRegression) writer_->append(2, std::span<const int64_t>(chosen_));
    writer_->append(task_ == Task::kRegression ? 2 : 3, std::span<const float>(values_));
    ids_.clear();
    errors_.clear();
    chosen_.clear();
    values_.clear();
  }

  size_t width_;
  Task task_;
  std::unique_ptr<io::Hdf5Writer> writer_;
  std::vector<int64_t> ids_, chosen_;
  std::vector<std::string> errors_;
  std::vector<float> values_;
};

}  // namespace

std::unique_ptr<PredictionSink> make_row_prediction_sink(io::FileSystem& fs, const std::string& path,
                                                         const PredictionLayout& layout) {
  if (path.ends_with(".csv")) return std::make_unique<CsvRows>(fs, path, layout);
  return std::make_unique<Hdf5Rows>(fs, path, layout);
}

}  // namespace penstock::train
