// AOTInductor packages that tests make: a compiled library (tiny_package.cpp) packed by torch's own writer.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace penstock::test {

/// Name in the archive and content.
using Members = std::vector<std::pair<std::string, std::string>>;

/// The bytes of a zip archive as torch writes them, members stored under "archive/".
std::string torch_archive(const Members& members);

/// What torch writes of an input into a package's source: "" leaves the check of that dimension out, "4" is exact, "2-9" a range.
struct MadeInput {
  std::string dtype = "Float";
  std::vector<std::string> shape = {"", "3", "16", "16"};
  bool channels_last = false;
};
std::string source_of(const MadeInput& input, int number = 0);

struct MadePackage {
  std::string library = PENSTOCK_TINY_ANY;  ///< the file that is packed
  MadeInput input = {};
  std::string model = "model";
  std::string device = "cpu";
  std::string isa = {};
};
Members members_of(const MadePackage& package);
std::string bytes_of(const MadePackage& package);

/// The TorchScript of the network in tiny_package.cpp, with a method `raw` that is its forward.
void write_twin(const std::string& path);

}  // namespace penstock::test
