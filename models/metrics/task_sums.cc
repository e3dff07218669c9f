#include "models/metrics/task_sums.h"

#include <cstdio>
#include <cstring>

#include "engine/base/error.h"

namespace penstock::metrics {
namespace {

template <class T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T take(std::string_view& bytes) {
  T value{};
  if (bytes.size() < sizeof value) throw Error(Code::kInternal, "the sums of another process are cut off");
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

std::vector<float> take_floats(std::string_view& bytes) {
  std::vector<float> out(take<uint64_t>(bytes));
  if (bytes.size() < out.size() * sizeof(float))
    throw Error(Code::kInternal, "the sums of another process are cut off");
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  bytes.remove_prefix(out.size() * sizeof(float));
  return out;
}

void put_floats(std::string& out, std::span<const float> values) {
  put(out, static_cast<uint64_t>(values.size()));
  out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

}  // namespace

std::string text_of(std::span<const Figure> figures) {
  std::string out;
  for (const Figure& figure : figures) {
    char value[32];
    std::snprintf(value, sizeof value, "%.4g", figure.value);
    out += (out.empty() ? "" : ", ") + figure.name + " " + value;
  }
  return out;
}

TaskSums::TaskSums(Task task, TargetTransform transform, RegressionLoss loss)
    : task_(task), transform_(transform), loss_(loss) {}

void TaskSums::add(std::span<const float> outputs, std::span<const float> targets, Given given) {
  PENSTOCK_CHECK(task_ != Task::kClasses);
  if (task_ == Task::kBinary)
    binary_.add(outputs, targets, given);
  else
    regression_.add(outputs, targets, transform_, loss_);
}

void TaskSums::add(std::span<const float> outputs, std::span<const int64_t> labels, Given given) {
  PENSTOCK_CHECK(task_ == Task::kClasses);
  classes_.add(outputs, labels, given);
}

TaskSums& TaskSums::operator+=(const TaskSums& other) {
  PENSTOCK_CHECK(task_ == other.task_);
  regression_ += other.regression_;
  binary_ += other.binary_;
  classes_ += other.classes_;
  return *this;
}

int64_t TaskSums::records() const {
  if (task_ == Task::kClasses) return classes_.records;
  return task_ == Task::kBinary ? binary_.records() : regression_.records;
}

double TaskSums::mean_loss() const {
  if (task_ == Task::kClasses) return classes_.mean_loss();
  return task_ == Task::kBinary ? binary_.log_loss() : regression_.mean_loss();
}

std::vector<Figure> TaskSums::figures() const {
  if (task_ == Task::kClasses)
    return {{"accuracy", classes_.top1_share()}, {"log_loss", classes_.mean_loss(), /*lower_is_better=*/true}};
  std::vector<Figure> out;
  if (task_ == Task::kBinary) {
    if (!binary_.positives().empty() && !binary_.negatives().empty()) out.push_back({"auc", binary_.auc()});
    out.push_back({"log_loss", binary_.log_loss(), /*lower_is_better=*/true});
    out.push_back({"accuracy", binary_.accuracy()});
    return out;
  }
  if (regression_.relative_records > 0) out.push_back({"rmspe", regression_.rmspe(), true});
  out.push_back({"rmse", regression_.rmse(), true});
  if (transform_.log == TargetLog::kNone && out.size() == 2) std::swap(out[0], out[1]);
  out.push_back({"mae", regression_.mae(), true});
  return out;
}

std::string TaskSums::to_bytes() const {
  std::string out;
  put(out, task_);
  if (task_ == Task::kRegression) put(out, regression_);
  if (task_ == Task::kClasses) put(out, classes_);
  if (task_ == Task::kBinary) {
    put_floats(out, binary_.positives());
    put_floats(out, binary_.negatives());
  }
  return out;
}

void TaskSums::add_bytes(std::string_view bytes) {
  if (take<Task>(bytes) != task_) throw Error(Code::kInternal, "another process counts for another task");
  if (task_ == Task::kRegression) regression_ += take<RegressionSums>(bytes);
  if (task_ == Task::kClasses) classes_ += take<ClassificationSums>(bytes);
  if (task_ != Task::kBinary) return;
  const std::vector<float> positives = take_floats(bytes), negatives = take_floats(bytes);
  binary_.add(positives, std::vector<float>(positives.size(), 1.0F));
  binary_.add(negatives, std::vector<float>(negatives.size(), 0.0F));
}

}  // namespace penstock::metrics
