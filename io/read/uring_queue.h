// The io_uring half of read_queue.h.
#pragma once

#include <memory>
#include <string>

#include "io/read/read_queue.h"

namespace penstock::io {

/// Null, with the reason in `why`, where the kernel refuses a ring.
std::unique_ptr<ReadQueue> make_uring_queue(FileSystem& fs, unsigned depth, std::string* why);

/// Of a file that is read through the page cache: the pages just read are dropped, so that they push out no others.
void drop_pages(FileSystem& fs, const ReadFile& file, uint64_t offset, uint64_t bytes);

}  // namespace penstock::io
