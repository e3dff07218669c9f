// What a packing would take and give, found out from a sample of the source.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/run/cores.h"
#include "io/data/dataset.h"
#include "io/file/file_system.h"
#include "pipelines/pack/pack.h"

namespace penstock {

/// What packing would take: a sample of the source is read and encoded.
struct PackPlan {
  uint64_t records = 0;
  uint64_t source_bytes = 0;
  uint64_t dest_bytes = 0;    ///< estimate, file overhead included
  uint64_t needed_bytes = 0;  ///< while it works: a shuffle has its records twice
  uint64_t free_bytes = 0;    ///< where DEST would lie
  double seconds = 0;         ///< estimate
};
PackPlan plan_pack(const io::Dataset& source, const PackOptions& options, Cores& cores,
                   io::FileSystem& fs = io::FileSystem::real());

/// One way of storing the source.
struct PackAlternative {
  std::string name;    ///< "jpeg, 256 px, quality 90"
  uint64_t bytes = 0;  ///< of all records, estimate
  double images_per_second =
      0;                 ///< measured here: the sample decoded to random-resized-crop 224 over the cores, verified
  double raw_share = 0;  ///< of the records
  /// In dB, of all values of the sample against the originals resized to the same size. Infinite: the same pixels.
  double psnr = 0;
};
/// All ways, with `options`' sizes and quality (256 pixels and 90 where they say nothing); mixed where a budget is given. Reads 64 records.
std::vector<PackAlternative> compare_encodings(const io::Dataset& source, const PackOptions& options, Cores& cores);

/// Encode::kMixed: `options` with RepackOptions::raw_from chosen from a sample of up to 512 records, by the cost model alone, so that the same source and
/// options give the same choice (the number of cores is one of them where a disk rate is given). Else `options`; resize, size or quality alone mean kJpeg.
/// Throws kUsage where the budget is missing, or is less than all records as JPEG take.
PackOptions with_raw_share(const io::Dataset& source, PackOptions options, Cores& cores);

/// Throws kUsage where the source's records cannot be packed: arrays, records over 4 GiB.
void refuse_what_cannot_be_packed(const io::Dataset& source);

}  // namespace penstock
