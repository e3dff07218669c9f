// Predictions as HDF5.
#include <algorithm>
#include <utility>

#include "io/table/hdf5_writer.h"
#include "pipelines/train/predicted_class.h"
#include "pipelines/train/prediction_files.h"

namespace penstock::train {
namespace {

// Rows handed to HDF5 at once: a call costs microseconds.
constexpr size_t kRowsAtOnce = 1024;

/// What the columns of values and of what was chosen by them are called; "": there is none.
struct Names {
  std::string values, chosen;
};

Names names_of(const PredictionLayout& layout) {
  if (layout.features) return {"features", ""};
  if (!layout.rows) return {"probabilities", "label_predicted"};
  if (layout.rows == Task::kRegression) return {"prediction", ""};
  return {layout.rows == Task::kBinary ? "probability" : "probabilities", "prediction"};
}

class Hdf5Predictions final : public PredictionSink {
 public:
  Hdf5Predictions(io::FileSystem& fs, const std::string& path, const PredictionLayout& layout)
      : layout_(layout), width_(std::max<size_t>(1, layout.width)), chooses_(!names_of(layout).chosen.empty()) {
    const Names names = names_of(layout);
    std::vector<io::Hdf5Column> columns = {{.name = "id", .dtype = DType::kI64},
                                           {.name = "error", .text = true},
                                           {.name = names.values, .width = static_cast<int64_t>(width_)}};
    if (chooses_) columns.push_back({.name = names.chosen, .dtype = DType::kI64});
    if (layout.has_files()) columns.push_back({.name = "file", .text = true});
    if (names_classes()) columns.push_back({.name = "class", .text = true});
    writer_ = io::Hdf5Writer::open(path, std::move(columns), fs);
  }

  void row(const PredictionRow& row) override {
    ids_.push_back(static_cast<int64_t>(row.id));
    errors_.push_back(row.error);
    values_.insert(values_.end(), row.values.begin(), row.values.end());
    values_.resize(ids_.size() * width_);
    chosen_.push_back(chosen(row.values));
    files_.push_back(row.file);
    classes_.push_back(class_name(layout_.classes, chosen_.back(), ""));
    if (ids_.size() == kRowsAtOnce) flush();
  }
  void commit() override {
    flush();
    writer_->finish();
  }

 private:
  bool names_classes() const { return !layout_.features && !layout_.rows; }

  int64_t chosen(std::span<const float> values) const {
    if (layout_.rows != Task::kBinary || layout_.features || values.empty()) return highest(values);
    return int64_t{is_yes(values[0])};
  }

  void flush() {
    size_t column = 0;
    writer_->append(column++, std::span<const int64_t>(ids_));
    writer_->append(column++, std::span<const std::string>(errors_));
    writer_->append(column++, std::span<const float>(values_));
    if (chooses_) writer_->append(column++, std::span<const int64_t>(chosen_));
    if (layout_.has_files()) writer_->append(column++, std::span<const std::string>(files_));
    if (names_classes()) writer_->append(column++, std::span<const std::string>(classes_));
    ids_.clear();
    errors_.clear();
    values_.clear();
    chosen_.clear();
    files_.clear();
    classes_.clear();
  }

  const PredictionLayout layout_;
  size_t width_;
  bool chooses_;
  std::unique_ptr<io::Hdf5Writer> writer_;
  std::vector<int64_t> ids_, chosen_;
  std::vector<std::string> errors_, files_, classes_;
  std::vector<float> values_;
};

}  // namespace

std::unique_ptr<PredictionSink> make_hdf5_predictions(io::FileSystem& fs, const std::string& path,
                                                      const PredictionLayout& layout) {
  return std::make_unique<Hdf5Predictions>(fs, path, layout);
}

}  // namespace penstock::train
