// The algebras of a program with CUDA: linked in the place of models/classic/makers_cpu.cc.
#include <charconv>
#include <string>

#include "models/classic/cuda/cuda_algebra.h"

namespace penstock::classic {

std::unique_ptr<Algebra> make_algebra(std::string_view device, Cores& cores) {
  if (device == "cpu") return make_cpu_algebra(cores);
  int index = 0;
  const std::string_view number = device.starts_with("cuda:") ? device.substr(5) : "0";
  const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), index);
  if ((device == "cuda" || device.starts_with("cuda:")) && fault == std::errc() && end == number.data() + number.size())
    return make_cuda_algebra(index);
  throw Error(Code::kUsage, "'" + std::string(device) + "' names no device").hint("cpu, or cuda:0");
}

}  // namespace penstock::classic
