// The two files that predictions come as. For make_prediction_sink().
#pragma once

#include <memory>
#include <string>

#include "pipelines/train/prediction_sink.h"

namespace penstock::train {

std::unique_ptr<PredictionSink> make_csv_predictions(io::FileSystem& fs, const std::string& path,
                                                     const PredictionLayout& layout);
std::unique_ptr<PredictionSink> make_hdf5_predictions(io::FileSystem& fs, const std::string& path,
                                                      const PredictionLayout& layout);

}  // namespace penstock::train
