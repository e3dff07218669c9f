#include "stages/bytes/hash.h"

#include <cstring>

#include "io/file/checksum.h"

namespace penstock::bytes {

Bound Hash::bind(const Schema& in) const {
  const Field& bytes = in.require("bytes", "bytes.hash");
  if (bytes.dtype != DType::kU8 || bytes.extent != Extent::kUnbounded)
    throw Error(Code::kUsage, "bytes.hash reads encoded records, and the field is " + bytes.text())
        .hint("it wants: bytes u8 (N, any)");
  return {.reads = {"bytes"}, .writes = {Field::fixed("hash", DType::kI64)}};
}

Outcome Hash::run(RecordView& record, Draws&, Scratch&) const {
  const FieldView bytes = record.in(0);
  const uint64_t hash = io::checksum(std::span<const std::byte>(bytes.data, bytes.bytes()));
  std::memcpy(record.out(0).data, &hash, sizeof hash);
  return Outcome::ok();
}

}  // namespace penstock::bytes
