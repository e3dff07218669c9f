// Predictions as CSV.
#include "io/table/csv_writer.h"
#include "pipelines/train/predicted_class.h"
#include "pipelines/train/prediction_files.h"

namespace penstock::train {
namespace {

/// The columns that a record with an error leaves empty.
std::vector<std::string> value_columns(const PredictionLayout& layout) {
  std::vector<std::string> names;
  if (layout.features) {
    for (size_t i = 0; i < layout.width; ++i) names.push_back("f" + std::to_string(i));
  } else if (!layout.rows) {
    names = {"label_predicted", "class", "probability"};
  } else {
    names = {"prediction"};
    if (layout.rows == Task::kBinary) names.emplace_back("probability");
    for (size_t c = 0; layout.rows == Task::kClasses && c < layout.width; ++c)
      names.push_back("p_" + class_text(layout.classes, static_cast<int64_t>(c)));
  }
  return names;
}

std::vector<std::string> columns(const PredictionLayout& layout) {
  std::vector<std::string> names = {"id"};
  if (layout.has_files()) names.emplace_back("file");
  for (std::string& name : value_columns(layout)) names.push_back(std::move(name));
  names.emplace_back("error");
  return names;
}

class CsvPredictions final : public PredictionSink {
 public:
  CsvPredictions(io::FileSystem& fs, const std::string& path, const PredictionLayout& layout)
      : layout_(layout), value_columns_(value_columns(layout).size()), writer_(fs, path, columns(layout)) {}

  void row(const PredictionRow& row) override {
    writer_.add(static_cast<int64_t>(row.id));
    if (layout_.has_files()) writer_.add(row.file);
    if (row.values.empty()) {
      for (size_t i = 0; i < value_columns_; ++i) writer_.add("");
    } else {
      add(row.values);
    }
    writer_.add(row.error);
    writer_.end_row();
  }
  void commit() override { writer_.finish(); }

 private:
  void add(std::span<const float> values) {
    if (layout_.features) {
      add_all(values);
    } else if (!layout_.rows) {
      const int64_t label = highest(values);
      writer_.add(label).add(class_name(layout_.classes, label, "")).add(values[static_cast<size_t>(label)]);
    } else if (layout_.rows == Task::kRegression) {
      writer_.add(values[0]);
    } else if (layout_.rows == Task::kBinary) {
      writer_.add(class_text(layout_.classes, is_yes(values[0]) ? 1 : 0)).add(values[0]);
    } else {
      writer_.add(class_text(layout_.classes, highest(values)));
      add_all(values);
    }
  }
  void add_all(std::span<const float> values) {
    for (const float value : values) writer_.add(value);
  }

  const PredictionLayout layout_;
  size_t value_columns_;
  io::CsvWriter writer_;
};

}  // namespace

std::unique_ptr<PredictionSink> make_csv_predictions(io::FileSystem& fs, const std::string& path,
                                                     const PredictionLayout& layout) {
  return std::make_unique<CsvPredictions>(fs, path, layout);
}

}  // namespace penstock::train
