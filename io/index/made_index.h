// The index of a data set: found, or made.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/index/record_index.h"

namespace penstock::io {

/// The first index among `places` that `is_current`; else make(place) writes one to the first place that can be written. While another process makes it, this one
/// waits (PLACE.lock, flock(2)) and takes that. Throws what `make` throws, and kIo where no place can be written or the index cannot be read back. `what` is the data set's path, for messages.
std::unique_ptr<RecordIndex> find_or_make_index(FileSystem& fs, const std::string& what,
                                                const std::vector<std::string>& places,
                                                const std::function<bool(const RecordIndex&)>& is_current,
                                                const std::function<void(const std::string&)>& make);

}  // namespace penstock::io
