#include "stages/device/normalise.h"

#include <string>
#include <vector>

#include "engine/base/error.h"
#include "stages/device/normalise_group.h"

namespace penstock::device {
namespace {

void check(const Normalise& job) {
  if (job.type != DType::kF32 && job.type != DType::kF16 && job.type != DType::kBF16)
    throw Error(Code::kUsage, "pixels are normalised to f32, f16 or bf16, not " + std::string(name_of(job.type)));
  if (job.channels < 1 || job.channels > kMostChannels)
    throw Error(Code::kUsage,
                "pixels of 1 to 4 channels are normalised on a device, these have " + std::to_string(job.channels));
  for (int c = 0; c < job.channels; ++c)
    if (!(job.std[static_cast<size_t>(c)] > 0))
      throw Error(Code::kUsage, "input.std must be above 0, it is " + std::to_string(job.std[static_cast<size_t>(c)]));
}

template <class Bits, int kChannels>
void run(const NormaliseGroup<Bits, kChannels>& group) {
  std::vector<Bits> table(static_cast<size_t>(group.channels()) * 256);
  for (int i = 0; i < group.channels() * 256; ++i)
    table[static_cast<size_t>(i)] = normalised_bits<Bits>(group.job, i / 256, i % 256);
  for (int64_t g = 0; g < group.groups(); ++g) group(g, table.data(), StoreByCopy{});
}

}  // namespace

void normalise(Stream& stream, const Normalise& job) {
  check(job);
  if (job.count == 0) return;
  stream.launch([native = stream.native_handle(), job] {
    if (native != nullptr) return normalise_on_gpu(native, job);
    with_normalise_group(job, [](const auto& group) { run(group); });
  });
}

}  // namespace penstock::device
