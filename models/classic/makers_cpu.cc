// The algebras of a program without CUDA. Nothing else belongs here: a program with CUDA links another definition of this one function.
#include "models/classic/algebra.h"

namespace penstock::classic {

std::unique_ptr<Algebra> make_algebra(std::string_view device, Cores& cores) {
  if (device == "cpu") return make_cpu_algebra(cores);
  if (device.starts_with("cuda"))
    throw Error(Code::kDevice, "cannot compute on '" + std::string(device) + "': this program was built without CUDA")
        .hint("--device cpu");
  throw Error(Code::kUsage, "'" + std::string(device) + "' names no device").hint("cpu, or cuda:0");
}

}  // namespace penstock::classic
