// The classes of ImageNet's development kit.
#pragma once

#include <string>
#include <vector>

namespace penstock::io {

/// WordNet ids of the classes in `path`, ILSVRC2012_devkit_t12/data/meta.mat (MATLAB 5, compressed or not): element i is class i + 1 of the kit's numbering. Groups
/// of classes are left out. Throws kUsage where the file is no such one.
std::vector<std::string> read_synsets(const std::string& path);

}  // namespace penstock::io
