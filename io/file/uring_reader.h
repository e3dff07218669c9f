// The io_uring half of reader.h.
#pragma once

#include <memory>

#include "io/file/reader.h"

namespace penstock::io {

/// Null where the kernel refuses a ring.
std::unique_ptr<ReadEngine> make_uring_engine(unsigned depth);

}  // namespace penstock::io
