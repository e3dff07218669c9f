// Predictions of rows: CSV and HDF5 columns that are named after what was learnt.
#pragma once

#include <memory>
#include <string>

#include "pipelines/train/prediction_sink.h"

namespace penstock::train {

/// make_prediction_sink() where `layout.rows` says what was learnt. The path's ending is known to be .csv or .h5.
std::unique_ptr<PredictionSink> make_row_prediction_sink(io::FileSystem& fs, const std::string& path,
                                                         const PredictionLayout& layout);

}  // namespace penstock::train
