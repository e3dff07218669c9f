#include "pipelines/train/prediction_sink.h"

#include <algorithm>

#include "engine/base/error.h"
#include "io/file/file.h"
#include "io/table/csv_writer.h"
#include "io/table/hdf5_writer.h"
#include "pipelines/train/row_prediction_sink.h"

namespace penstock::train {
namespace {

// Rows handed to HDF5 at once: a call costs microseconds.
constexpr size_t kRowsAtOnce = 1024;

int64_t highest(std::span<const float> values) {
  return values.empty() ? -1 : std::max_element(values.begin(), values.end()) - values.begin();
}

std::string class_name(const PredictionLayout& layout, int64_t label) {
  const auto at = static_cast<size_t>(label);
  return label >= 0 && at < layout.classes.size() ? layout.classes[at] : "";
}

class CsvSink final : public PredictionSink {
 public:
  CsvSink(io::FileSystem& fs, const std::string& path, const PredictionLayout& layout)
      : layout_(layout), writer_(fs, path, columns(layout)) {}

  void row(const PredictionRow& row) override {
    writer_.add(static_cast<int64_t>(row.id)).add(row.file);
    if (layout_.features) {
      for (size_t i = 0; i < layout_.width; ++i) row.values.empty() ? writer_.add("") : writer_.add(row.values[i]);
    } else if (row.values.empty()) {
      writer_.add("").add("").add("");
    } else {
      const int64_t label = highest(row.values);
      writer_.add(label).add(class_name(layout_, label)).add(row.values[static_cast<size_t>(label)]);
    }
    writer_.add(row.error);
    writer_.end_row();
  }
  void commit() override { writer_.finish(); }

 private:
  static std::vector<std::string> columns(const PredictionLayout& layout) {
    std::vector<std::string> names = {"id", "file"};
    if (layout.features) {
      for (size_t i = 0; i < layout.width; ++i) names.push_back("f" + std::to_string(i));
    } else {
      names.insert(names.end(), {"label_predicted", "class", "probability"});
    }
    names.emplace_back("error");
    return names;
  }

  const PredictionLayout layout_;
  io::CsvWriter writer_;
};

class Hdf5Sink final : public PredictionSink {
 public:
  Hdf5Sink(io::FileSystem& fs, const std::string& path, const PredictionLayout& layout) : layout_(layout) {
    std::vector<io::Hdf5Column> columns = {{.name = "id", .dtype = DType::kI64},
                                           {.name = "file", .text = true},
                                           {.name = "error", .text = true},
                                           {.name = layout.features ? "features" : "probabilities",
                                            .width = static_cast<int64_t>(std::max<size_t>(1, layout.width))}};
    if (!layout.features) {
      columns.push_back({.name = "label_predicted", .dtype = DType::kI64});
      columns.push_back({.name = "class", .text = true});
    }
    writer_ = io::Hdf5Writer::open(path, std::move(columns), fs);
  }

  void row(const PredictionRow& row) override {
    const int64_t label = highest(row.values);
    ids_.push_back(static_cast<int64_t>(row.id));
    files_.push_back(row.file);
    errors_.push_back(row.error);
    values_.insert(values_.end(), row.values.begin(), row.values.end());
    values_.resize(ids_.size() * std::max<size_t>(1, layout_.width));
    labels_.push_back(label);
    classes_.push_back(class_name(layout_, label));
    if (ids_.size() == kRowsAtOnce) flush();
  }
  void commit() override {
    flush();
    writer_->finish();
  }

 private:
  void flush() {
    writer_->append(0, std::span<const int64_t>(ids_));
    writer_->append(1, std::span<const std::string>(files_));
    writer_->append(2, std::span<const std::string>(errors_));
    writer_->append(3, std::span<const float>(values_));
    if (!layout_.features) {
      writer_->append(4, std::span<const int64_t>(labels_));
      writer_->append(5, std::span<const std::string>(classes_));
    }
    ids_.clear();
    files_.clear();
    errors_.clear();
    values_.clear();
    labels_.clear();
    classes_.clear();
  }

  const PredictionLayout layout_;
  std::unique_ptr<io::Hdf5Writer> writer_;
  std::vector<int64_t> ids_, labels_;
  std::vector<std::string> files_, errors_, classes_;
  std::vector<float> values_;
};

}  // namespace

void check_prediction_path(io::FileSystem& fs, const std::string& path) {
  if (!path.ends_with(".csv") && !path.ends_with(".h5"))
    throw Error(Code::kUsage, "'" + path + "' ends neither in .csv nor in .h5").hint("--out FILE.csv or --out FILE.h5");
  if (fs.is_folder(path)) throw Error(Code::kUsage, "'" + path + "' is a folder").hint("--out takes a file");
  if (!fs.is_folder(io::parent_of(path)))
    throw Error(Code::kUsage, "there is no folder '" + io::parent_of(path) + "' for '" + path + "'")
        .hint("make it first");
}

std::unique_ptr<PredictionSink> make_prediction_sink(io::FileSystem& fs, const std::string& path,
                                                     const PredictionLayout& layout) {
  check_prediction_path(fs, path);
  if (layout.rows && !layout.features) return make_row_prediction_sink(fs, path, layout);
  if (path.ends_with(".csv")) return std::make_unique<CsvSink>(fs, path, layout);
  return std::make_unique<Hdf5Sink>(fs, path, layout);
}

}  // namespace penstock::train
