// What an epoch came to, for people.
#pragma once

#include <string>

#include "pipelines/train/run_logs.h"

namespace penstock::train {

/// ", top-1 71.0 %" of the share that was right in training, by its name for what is learnt; nothing of a regression.
std::string right_text(const std::optional<Task>& rows, double share);

/// "loss 0.41, top-1 85.2 %; validation loss 0.5, top-1 81.0 %, top-5 97.1 %; 660 images/s".
std::string epoch_text(const EpochMetrics& metrics);

}  // namespace penstock::train
