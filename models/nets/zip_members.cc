#include "models/nets/zip_members.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/base/error.h"

namespace penstock::nets {
namespace {

using Bytes = std::span<const std::byte>;

constexpr uint32_t kEntry = 0x02014b50, kLocal = 0x04034b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr uint32_t kIn64 = 0xffffffff;  // the value stands in the 64-bit extension
constexpr uint16_t kZip64Field = 1;
constexpr size_t kEndBytes = 22, kLocatorBytes = 20, kEntryBytes = 46, kLocalBytes = 30;
constexpr size_t kMostComment = 65535;

/// Little-endian numbers at places that may not be there.
class Reader {
 public:
  Reader(Bytes bytes, const std::string& origin) : bytes_(bytes), origin_(origin) {}

  Bytes part(uint64_t at, uint64_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) damaged("it is cut off");
    return bytes_.subspan(at, size);
  }
  template <class T>
  T number(uint64_t at) const {
    T value{};
    std::memcpy(&value, part(at, sizeof value).data(), sizeof value);
    return value;
  }
  [[noreturn]] void damaged(const std::string& how) const {
    throw Error(Code::kData, "'" + origin_ + "' is no whole archive of torch: " + how)
        .hint("copy it again, or make it again");
  }
  size_t size() const { return bytes_.size(); }

 private:
  Bytes bytes_;
  const std::string& origin_;
};

/// Where the last record of the archive begins: it ends the file, but for a comment.
uint64_t find_end(const Reader& in) {
  if (in.size() < kEndBytes) in.damaged("it is cut off");
  const uint64_t last = in.size() - kEndBytes;
  const uint64_t first = last - std::min<uint64_t>(last, kMostComment);
  for (uint64_t at = last + 1; at-- > first;)
    if (in.number<uint32_t>(at) == kEnd && at + kEndBytes + in.number<uint16_t>(at + 20) == in.size()) return at;
  in.damaged("its end with the list of what is in it is missing");
}

struct Directory {
  uint64_t entries = 0, at = 0;
};

Directory find_directory(const Reader& in) {
  const uint64_t end = find_end(in);
  if (end >= kLocatorBytes && in.number<uint32_t>(end - kLocatorBytes) == kEnd64Locator) {
    const auto end64 = in.number<uint64_t>(end - kLocatorBytes + 8);
    if (in.number<uint32_t>(end64) != kEnd64) in.damaged("its 64-bit directory is not where it should be");
    return {in.number<uint64_t>(end64 + 32), in.number<uint64_t>(end64 + 48)};
  }
  return {in.number<uint16_t>(end + 10), in.number<uint32_t>(end + 16)};
}

/// Fills in the numbers that had no room in 32 bits, in this order.
void extend(const Reader& in, uint64_t extra, uint64_t extra_bytes, std::span<uint64_t* const> numbers) {
  for (uint64_t at = extra; at + 4 <= extra + extra_bytes; at += 4u + in.number<uint16_t>(at + 2)) {
    if (in.number<uint16_t>(at) != kZip64Field) continue;
    uint64_t field = at + 4;
    for (uint64_t* number : numbers) {
      if (*number != kIn64) continue;
      *number = in.number<uint64_t>(field);
      field += sizeof *number;
    }
  }
}

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320u : 0u);
    table[i] = value;
  }
  return table;
}

}  // namespace

std::vector<ZipMember> zip_members(Bytes archive, const std::string& origin) {
  const Reader in(archive, origin);
  const Directory directory = find_directory(in);
  std::vector<ZipMember> members;
  uint64_t at = directory.at;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    if (in.number<uint32_t>(at) != kEntry) in.damaged("its directory is damaged");
    const uint64_t name_bytes = in.number<uint16_t>(at + 28), extra_bytes = in.number<uint16_t>(at + 30);
    const Bytes name = in.part(at + kEntryBytes, name_bytes);
    ZipMember member{.name = {reinterpret_cast<const char*>(name.data()), name.size()},
                     .bytes = {},
                     .crc32 = in.number<uint32_t>(at + 16)};
    uint64_t stored = in.number<uint32_t>(at + 20), size = in.number<uint32_t>(at + 24);
    uint64_t local = in.number<uint32_t>(at + 42);
    extend(in, at + kEntryBytes + name_bytes, extra_bytes, std::array{&size, &stored, &local});
    member.compressed = in.number<uint16_t>(at + 10) != 0;
    if (!member.compressed && stored != size) in.damaged("the size of '" + member.name + "' contradicts itself");
    if (in.number<uint32_t>(local) != kLocal) in.damaged("'" + member.name + "' is not where it should be");
    const uint64_t data = local + kLocalBytes + in.number<uint16_t>(local + 26) + in.number<uint16_t>(local + 28);
    member.bytes = in.part(data, stored);
    members.push_back(std::move(member));
    at += kEntryBytes + name_bytes + extra_bytes + in.number<uint16_t>(at + 32);
  }
  return members;
}

uint32_t crc32_of(Bytes bytes) {
  static constexpr std::array<uint32_t, 256> kTable = crc_table();
  uint32_t crc = ~0u;
  for (const std::byte byte : bytes) crc = kTable[(crc ^ static_cast<uint32_t>(byte)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

void verify(const ZipMember& member, const std::string& origin) {
  if (member.compressed)
    throw Error(Code::kData, "'" + member.name + "' in '" + origin + "' is compressed, as nothing in a package is")
        .hint("give the file that torch wrote");
  if (crc32_of(member.bytes) == member.crc32) return;
  throw Error(Code::kData, "'" + origin + "' is damaged: the checksum of '" + member.name + "' in it is wrong")
      .hint("copy it again, or make it again");
}

}  // namespace penstock::nets
