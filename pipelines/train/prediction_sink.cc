#include "pipelines/train/prediction_sink.h"

#include "engine/base/error.h"
#include "io/file/file.h"
#include "pipelines/train/prediction_files.h"

namespace penstock::train {
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
  return path.ends_with(".csv") ? make_csv_predictions(fs, path, layout) : make_hdf5_predictions(fs, path, layout);
}

}  // namespace penstock::train
