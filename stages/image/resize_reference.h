// The plain resize: the oracle of the fast one.
#pragma once

#include "stages/image/view.h"

namespace penstock::image {

/// What `view` shows of `picture`, in loops that can be read: horizontal pass over whole rows, rounding to u8, vertical
/// pass. u8 (window.height, window.width, 3).
Picture resize_reference(const Picture& picture, const View& view);

}  // namespace penstock::image
