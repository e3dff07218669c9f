// A whole synthetic data set: DEST/{train,val}/CLASS/CLASS_00000.jpg.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace penstock::synth {

struct SetOptions {
  int classes = 10;    ///< 2 to 10
  int train = 200;     ///< pictures a class
  int val = 40;        ///< pictures a class; 0: no val/
  int min_side = 300;  ///< pixels; sides are drawn between the two
  int max_side = 600;
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: all cores that this process may use. The files do not depend on it.
};

struct SetResult {
  std::int64_t pictures = 0;
  std::int64_t bytes = 0;
  bool was_there = false;  ///< a whole set of the same options was found; nothing was written
};

/// Writes into `dest`.partial and renames it when all is on disk, so that `dest` is whole or not there. A partial one of an
/// earlier start is thrown away. `progress` (pictures done, pictures in all) is called from one thread at a time.
/// Throws Error(kUsage) for options out of range or a `dest` that holds something else, Error(kIo) when writing fails.
SetResult make_set(const std::filesystem::path& dest, const SetOptions& options,
                   const std::function<void(std::int64_t, std::int64_t)>& progress);

}  // namespace penstock::synth
