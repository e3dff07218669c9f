#include "pipelines/train/predicted_rows.h"

#include <utility>

#include "pipelines/train/predicted_class.h"

namespace penstock::train {
namespace {

const std::vector<std::string>& columns() {
  static const std::vector<std::string> names = {"id", "actual", "predicted"};
  return names;
}

}  // namespace

PredictedRows::PredictedRows(io::FileSystem& fs, const std::string& path, Task task, const TargetTransform& transform,
                             std::vector<std::string> classes, std::function<double(uint64_t)> as_read)
    : task_(task),
      transform_(transform),
      classes_(std::move(classes)),
      as_read_(std::move(as_read)),
      csv_(fs, path, columns()) {}

void PredictedRows::add(std::span<const uint64_t> ids, std::span<const float> actual,
                        std::span<const float> predicted) {
  const size_t width = ids.empty() ? 0 : predicted.size() / ids.size();
  for (size_t i = 0; i < ids.size(); ++i) {
    csv_.add(static_cast<int64_t>(ids[i]));
    const std::span<const float> p = predicted.subspan(i * width, width);
    switch (task_) {
      case Task::kRegression:
        csv_.add(as_read_ ? as_read_(ids[i]) : transform_.invert(actual[i])).add(transform_.invert(p[0]));
        break;
      case Task::kBinary: csv_.add(actual[i]).add(p[0]); break;
      case Task::kClasses:
        csv_.add(class_text(classes_, static_cast<int64_t>(actual[i])));
        csv_.add(class_text(classes_, highest(p)));
        break;
    }
    csv_.end_row();
  }
}

}  // namespace penstock::train
