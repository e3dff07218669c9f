// The measured ceilings of this machine.
#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/run/cores.h"
#include "io/data/dataset.h"
#include "io/read/disk.h"
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

/// One disk that a data set lies on, as measured. Rates are of the steady state: what a burst allowance or a cache in the device gives at first is left out.
struct DiskRates {
  io::DiskModel model;                             ///< bytes_per_second, latency, positioning, reads_per_second, date
  std::map<unsigned, double> reads_per_second_at;  ///< 4 KiB, anywhere, by reads in flight
  uint64_t sequential_bytes = 0;                   ///< that were read for the sequential rate
  uint64_t random_reads = 0;                       ///< 4 KiB each
  std::string how;                                 ///< "io_uring, 8 in flight, O_DIRECT"
};

/// At most `images` records, 256 MiB and about three seconds.
DecodeRates probe_decode(const io::Dataset& data, Cores& cores, uint64_t images = 1000, std::stop_token stop = {});
/// Each disk that files of `data` lie on. Only reads, past the page cache where the file system can (else it says so in `how`); about three seconds a disk. The
/// positioning time of a hard disk is the time of a read of 1 MiB alone, far from the one before, less its transfer.
std::vector<DiskRates> probe_disks(const io::Dataset& data, std::stop_token stop = {});
/// Bytes copied per second by all cores together, from and to memory that no cache holds.
double probe_memcpy(Cores& cores);

}  // namespace penstock
