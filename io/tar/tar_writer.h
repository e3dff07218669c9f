// Packs records into a tar that WebDataset reads as well.
#pragma once

#include <memory>
#include <string>

#include "io/data/record_writer.h"

namespace penstock::io {

/// DEST is one file, DEST.partial until it is whole, with DEST.penstock-index beside it. Members: the head, then for each record ID.jpg (or .png, .bin, by its first
/// bytes) and ID.cls where it has a label, and after each commit a chunk with labels, names and checksums (see TarNames). A killed writer's file is cut back to its last
/// chunk. The same records give the same bytes. Errors as RecordWriter.
std::unique_ptr<RecordWriter> open_tar_writer(const std::string& dest, RecordWriterOptions options,
                                              FileSystem& fs = FileSystem::real());

}  // namespace penstock::io
