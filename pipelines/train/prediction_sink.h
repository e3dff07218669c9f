// Where inference puts its rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/data/target.h"
#include "io/file/file_system.h"

namespace penstock::train {

/// What became of one record.
struct PredictionRow {
  uint64_t id = 0;
  std::string file;
  std::span<const float> values;  ///< predictions (see to_predictions), or a layer's features; empty: an error
  std::string error;
};

/// What the rows hold.
struct PredictionLayout {
  size_t width = 0;                  ///< values of a row
  bool features = false;             ///< a layer's output instead of probabilities
  std::vector<std::string> classes;  ///< names of the logits; may be empty
  std::optional<Task> rows = {};     ///< what was learnt of rows; none: pictures

  /// Whether a row says which file it is of: those of features and pictures do.
  bool has_files() const { return features || !rows; }
};

/// Takes a row for each record, in record order. The file appears with commit(), complete, or not at all. One thread.
class PredictionSink {
 public:
  virtual ~PredictionSink() = default;
  virtual void row(const PredictionRow& row) = 0;
  virtual void commit() = 0;
};

/// The sink for a file's ending.
///   .csv  id,file,label_predicted,class,probability,error; of features: id,file,f0,f1,...,error
///         of rows: id,prediction,error; id,prediction,probability,error (of 1); id,prediction,p_CLASS,...,error
///   .h5   data sets id, file, error, and label_predicted, class, probabilities (N, classes), or features (N, width); rows of a
///         record with an error hold -1 and zeros. Of rows id, error, prediction f32 (of classes i64: the class's place), and probability, or
///         probabilities (N, classes)
/// Throws Error kUsage for another ending.
std::unique_ptr<PredictionSink> make_prediction_sink(io::FileSystem& fs, const std::string& path,
                                                     const PredictionLayout& layout);
/// Throws that Error, before anything is computed.
void check_prediction_path(io::FileSystem& fs, const std::string& path);

}  // namespace penstock::train
