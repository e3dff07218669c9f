// What an AOTInductor package (Python: torch._inductor.aoti_compile_and_package) says of itself, without a torch header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::nets {

/// `LearnerConfig::net.arch` of a package. No recipe can say it: a package cannot be trained.
inline constexpr char kPackageArch[] = "aotinductor";

/// How long one dimension of an input may be.
struct Extent {
  int64_t least = 0;
  int64_t most = std::numeric_limits<int64_t>::max();
  bool fixed() const { return least == most; }
};

/// The one input of a package, as the checks in its own source have it: compiled code reads beyond what it was not compiled for.
struct PackageInput {
  std::string dtype;           ///< "Float", "BFloat16", "Half": ATen's names
  std::vector<Extent> shape;   ///< (N, C, H, W); a batch of fixed size has a fixed N
  bool channels_last = false;  ///< whether the pixels lie as (N, H, W, C)
};

struct PackageInfo {
  std::string model;     ///< its name in the package
  std::string device;    ///< "cpu", "cuda", ...
  std::string machine;   ///< "x86_64"
  std::string cpu_isa;   ///< vector instructions, blank between: "AVX512 AVX512_VNNI"
  std::string gpu_arch;  ///< compute capability, "90"; empty of the CPU
  int threads = 0;       ///< that its loops take whatever they are told; 0: as many as torch has
  PackageInput input;
};

/// Whether a zip archive is a package and no TorchScript file. Throws Error kData where it is damaged; `origin` names it in messages.
bool is_package(std::span<const std::byte> bytes, const std::string& origin);

/// Reads and verifies a package. Of several models in it "model" is taken, a lone one whatever its name. Throws Error kData where it is damaged, and kUsage
/// where it is none that takes pictures: no compiled library, several inputs, weights left out, another kind of processor.
PackageInfo read_package(std::span<const std::byte> bytes, const std::string& origin);

/// The vector instructions of this processor, by Inductor's names: "AVX2", ...
std::vector<std::string> instructions_here();
/// Throws Error kUsage naming the first word of `isa` that is not among `here`. A word that instructions_here() can never say is let pass.
void require_instructions(std::string_view isa, std::span<const std::string> here, const std::string& origin);

/// What the source of a package (its *.wrapper.cpp) checks of its inputs. Throws Error kUsage where it takes none or several, or does not say.
PackageInput package_input(std::string_view source, const std::string& origin);

/// "Float (1 to 1024, 3, 224, 224)".
std::string text_of(const PackageInput& input);

}  // namespace penstock::nets
