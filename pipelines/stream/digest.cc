#include "pipelines/stream/digest.h"

#include "io/file/checksum.h"

namespace penstock {

std::string digest_line(const Batch& batch, const std::function<uint64_t(uint64_t)>& id_of) {
  io::Checksum ids;
  for (const uint64_t id : batch.ids()) ids.add(id_of ? id_of(id) : id);
  io::Checksum bytes;
  for (size_t f = 0; f < batch.schema().size(); ++f) {
    const Tensor tensor = batch.tensor(f);
    bytes.add(std::as_bytes(tensor.offsets));
    bytes.add(std::span<const std::byte>(tensor.data, tensor.bytes));
    bytes.add(std::as_bytes(tensor.present));
  }
  return std::to_string(batch.epoch()) + " " + std::to_string(batch.step()) + " " + std::to_string(batch.size()) + " " +
         io::hex(ids.value()) + " " + io::hex(bytes.value());
}

}  // namespace penstock
