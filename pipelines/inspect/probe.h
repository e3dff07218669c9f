// The measured ceilings of this machine.
#pragma once

#include <cstdint>
#include <stop_token>

#include "engine/run/cores.h"
#include "io/data/dataset.h"
#include "pipelines/job/progress.h"

namespace penstock {

/// Plain full-size decoding by libjpeg-turbo (or libpng) of records held in RAM, on all cores, into nothing.
struct DecodeRates {
  uint64_t images = 0;              ///< distinct ones, spread evenly over the data set
  uint64_t refused = 0;             ///< of them could not be decoded
  double mean_bytes = 0;            ///< encoded
  double images_per_second = 0;     ///< median of the passes
  double slowest = 0, fastest = 0;  ///< of the passes
};

/// Of the files of a data set, with their pages dropped from the cache before.
struct DiskRates {
  double sequential_bytes_per_second = 0;
  uint64_t sequential_bytes = 0;       ///< that were read for it
  double random_reads_per_second = 0;  ///< of 4 KiB, 32 in flight
  uint64_t random_reads = 0;
};

/// At most `images` records, 256 MiB and about three seconds.
DecodeRates probe_decode(const io::Dataset& data, Cores& cores, uint64_t images = 1000, std::stop_token stop = {});
/// At most 256 MiB and about two seconds. Pages that cannot be dropped (tmpfs) make it a measure of memory.
DiskRates probe_disk(const io::Dataset& data, std::stop_token stop = {});
/// Bytes copied per second by all cores together, from and to memory that no cache holds.
double probe_memcpy(Cores& cores);

}  // namespace penstock
