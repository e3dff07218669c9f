// The job `infer`: a model's predictions or features, a row a record.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "engine/telemetry/trace.h"
#include "io/data/dataset.h"
#include "io/file/file_system.h"
#include "pipelines/job/progress.h"
#include "pipelines/train/model.h"

namespace penstock::train {

struct InferOptions {
  std::string out;       ///< FILE.csv or FILE.h5
  std::string features;  ///< a layer's name; "": predictions
  unsigned threads = 1;
  std::stop_token stop = {};
  ProgressSink* progress = nullptr;
  Trace* trace = nullptr;
  Clock* clock = nullptr;
  ProcessGroup* processes = nullptr;  ///< null: this one alone
  io::FileSystem* fs = nullptr;
};

struct InferResult {
  uint64_t records = 0;
  uint64_t errors = 0;  ///< rows with an error in place of values
  double seconds = 0;
  std::string out;
  std::string unit = "images";  ///< what a record is: "images", "rows"

  std::string to_json() const;
  std::string text() const;
};

/// Rows come in record order, one a record; a record that cannot be used is a row with its error. `out` appears complete or not at
/// all. Labels are not needed. Throws Error kCancelled where it was stopped.
InferResult infer_model(const Model& model, const io::Dataset& data, const InferOptions& options);

}  // namespace penstock::train
