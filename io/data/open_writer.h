// The writer for a format.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/data/record_writer.h"

namespace penstock::io {

/// "lmdb", "tar", "hdf5": what can be packed into.
const std::vector<std::string>& packed_formats();

/// The format that DEST's ending stands for: .tar, .h5 and .hdf5; LMDB without one of these.
std::string_view format_for(std::string_view dest);

/// Begins DEST in that format, or goes on with it. Throws kUsage for another format; else as the writer's own.
std::unique_ptr<RecordWriter> open_writer(std::string_view format, const std::string& dest, RecordWriterOptions options,
                                          FileSystem& fs = FileSystem::real());

}  // namespace penstock::io
