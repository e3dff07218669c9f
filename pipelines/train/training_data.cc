#include "pipelines/train/training_data.h"

#include "engine/base/bytes.h"
#include "io/data/open.h"
#include "pipelines/job/subset.h"

namespace penstock::train {

TrainingData open_training_data(io::FileSystem& fs, const std::string& data, const std::string& val, const std::string& labels,
                                const pipelines::Recipe& recipe) {
  TrainingData out;
  out.train = io::open(data, {.split = io::Split::kTrain, .labels = labels}, fs);
  const std::string& held_out = val.empty() ? data : val;
  if (!val.empty() || io::has_split(data, io::Split::kVal, fs)) {
    const bool has_part = io::has_split(held_out, io::Split::kVal, fs);
    out.val = io::open(held_out,
                       {.split = has_part ? io::Split::kVal : io::Split::kTrain,
                        .labels = labels,
                        .classes = out.train->class_names()},
                       fs);
    out.val_from = "'" + out.val->path() + "'";
    return out;
  }
  if (!recipe.data.val) return out;
  const bool by_class = recipe.data.val->by == pipelines::ValBy::kClass;
  auto parts = split_for_validation(out.train, recipe.data.val->fraction, by_class, recipe.seed);
  out.val_from = percent_text(recipe.data.val->fraction) + " of " + (by_class ? "each class of '" : "'") + data + "'";
  out.train = std::move(parts.first);
  out.val = std::move(parts.second);
  return out;
}

}  // namespace penstock::train
