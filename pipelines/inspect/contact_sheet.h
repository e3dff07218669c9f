// A batch of pictures on one sheet, with words under each.
#pragma once

#include <string>
#include <vector>

#include "engine/data/batch.h"
#include "stages/image/pixels.h"

namespace penstock {

struct ContactSheetOptions {
  std::string field = "pixels";  ///< u8 (N, h, w, c) or (N, views, h, w, c), c = 1 or 3
  size_t count = 64;             ///< pictures of the batch, from the first on; fewer where the batch has fewer
  int columns = 0;               ///< records in a row; 0: about as wide as high
};

/// Two lines under a record: the first in large letters where there is room.
struct Caption {
  std::string title;
  std::string detail;
};

/// The views of a record stand side by side. Throws kUsage where the field is none of pictures (and names those that are), or the sheet would have
/// more than 100 million pixels.
image::Picture contact_sheet(const Batch& batch, const std::vector<Caption>& captions,
                             const ContactSheetOptions& options);

}  // namespace penstock
