#include "pipelines/train/epoch_words.h"

#include <cstdio>

#include "engine/base/bytes.h"

namespace penstock::train {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

}  // namespace

std::string right_text(const std::optional<Task>& rows, double share) {
  if (rows == Task::kRegression) return "";
  return (rows ? ", accuracy " : ", top-1 ") + percent_text(share);
}

std::string epoch_text(const EpochMetrics& m) {
  std::string words = "loss " + number(m.train_loss) + right_text(m.rows, m.train_top1);
  if (m.val_loss) words += "; validation loss " + number(*m.val_loss);
  if (m.val_loss && m.rows) words += ", " + metrics::text_of(m.figures);
  if (m.val_top1) words += ", top-1 " + percent_text(*m.val_top1) + ", top-5 " + percent_text(*m.val_top5);
  if (m.records_per_second > 0) words += "; " + rate_text(m.records_per_second, unit_of(m.rows));
  return words;
}

}  // namespace penstock::train
