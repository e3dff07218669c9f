#include "io/data/open_writer.h"

#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "io/data/lmdb_writer.h"
#include "io/hdf5/record_writer.h"
#include "io/tar/tar_writer.h"

namespace penstock::io {

const std::vector<std::string>& packed_formats() {
  static const std::vector<std::string> kFormats{"lmdb", "tar", "hdf5"};
  return kFormats;
}

std::string_view format_for(std::string_view dest) {
  if (dest.ends_with(".tar")) return "tar";
  if (dest.ends_with(".h5") || dest.ends_with(".hdf5")) return "hdf5";
  return "lmdb";
}

std::unique_ptr<RecordWriter> open_writer(std::string_view format, const std::string& dest, RecordWriterOptions options,
                                          FileSystem& fs) {
  if (format == "lmdb") return LmdbWriter::open(dest, std::move(options), fs);
  if (format == "tar") return open_tar_writer(dest, std::move(options), fs);
  if (format == "hdf5") return Hdf5RecordWriter::open(dest, std::move(options), fs);
  throw Error(Code::kUsage,
              "'" + std::string(format) + "' is no format to pack into" + nearest_hint(format, packed_formats()));
}

}  // namespace penstock::io
