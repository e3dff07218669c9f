#include "io/tar/tar_format.h"

#include "io/read/disk.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

using Block = std::array<std::byte, kTarBlock>;

constexpr uint64_t kMostMeta = uint64_t{1} << 20;  // of a long name or a pax header: beyond, it is damage

struct Field {
  size_t at, size;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kSum{148, 8}, kPrefix{345, 155};
constexpr size_t kType = 156, kMagic = 257;

std::string text_of(const Block& block, Field field) {
  const char* begin = reinterpret_cast<const char*>(block.data()) + field.at;
  return {begin, ::strnlen(begin, field.size)};
}

std::optional<uint64_t> number_of(const Block& block, Field field) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(block.data()) + field.at;
  if ((bytes[0] & 0x80) != 0) {  // base 256, big-endian
    uint64_t value = bytes[0] & 0x7f;
    for (size_t i = 1; i < field.size; ++i) {
      if (value >> 55 != 0) return std::nullopt;
      value = value << 8 | bytes[i];
    }
    return value;
  }
  const std::string text = text_of(block, field);
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return 0;
  uint64_t value = 0;
  for (size_t i = first; i < text.size() && text[i] != ' '; ++i) {
    if (text[i] < '0' || text[i] > '7') return std::nullopt;
    value = value * 8 + static_cast<uint64_t>(text[i] - '0');
  }
  return value;
}

bool sum_is_right(const Block& block) {
  // Old programs summed signed bytes.
  uint64_t sum = 0;
  int64_t signed_sum = 0;
  for (size_t i = 0; i < kTarBlock; ++i) {
    const bool blank = i >= kSum.at && i < kSum.at + kSum.size;
    const auto byte = blank ? static_cast<unsigned char>(' ') : static_cast<unsigned char>(block[i]);
    sum += byte;
    signed_sum += blank ? ' ' : static_cast<signed char>(byte);
  }
  const auto stored = number_of(block, kSum);
  return stored && (*stored == sum || static_cast<int64_t>(*stored) == signed_sum);
}

bool is_zero(const Block& block) {
  return std::all_of(block.begin(), block.end(), [](std::byte b) { return b == std::byte{0}; });
}

// "LENGTH KEY=VALUE\n", again and again.
std::map<std::string, std::string> pax_of(const std::string& text) {
  std::map<std::string, std::string> out;
  for (size_t at = 0; at < text.size();) {
    size_t length = 0;
    const auto [end, fault] = std::from_chars(text.data() + at, text.data() + text.size(), length);
    const auto begin = static_cast<size_t>(end - text.data());
    if (fault != std::errc() || length == 0 || length > text.size() - at || begin + 1 >= at + length) break;
    const std::string record = text.substr(begin + 1, at + length - begin - 2);
    const size_t equals = record.find('=');
    if (equals != std::string::npos) out[record.substr(0, equals)] = record.substr(equals + 1);
    at += length;
  }
  return out;
}

bool leads_out(const std::string& name) {
  if (name.starts_with('/')) return true;
  for (size_t at = 0; at <= name.size();) {
    const size_t end = std::min(name.find('/', at), name.size());
    if (name.compare(at, end - at, "..") == 0) return true;
    at = end + 1;
  }
  return false;
}

constexpr uint64_t kHddChunk = uint64_t{4} << 20;
constexpr uint64_t kSsdChunk = uint64_t{16} << 10;

class Walk {
 public:
  Walk(const File& file, uint64_t begin, uint64_t end, const std::function<void(const TarMember&)>& each)
      : file_(file), at_(begin), end_(end), each_(each) {
    const DiskModel disk = disk_of(file.file_system(), file.path());
    if (disk.kind == DiskKind::kHdd) hole_ = disk.hole_bytes();
    chunk_ = disk.kind == DiskKind::kHdd ? kHddChunk : kSsdChunk;
  }

  TarEnd run() {
    for (;;) {
      if (at_ + kTarBlock > end_) {
        if (rest_is_zero()) return {false, whole_, links_, sparse_};
        throw damaged("it ends in the middle of the header at offset " + std::to_string(at_));
      }
      Block block;
      read(at_, block);
      if (is_zero(block)) return {true, whole_, links_, sparse_};
      if (!sum_is_right(block)) throw damaged("the header at offset " + std::to_string(at_) + " has a wrong checksum");
      const auto size = number_of(block, kSize);
      if (!size) throw damaged("the header at offset " + std::to_string(at_) + " has no size");
      at_ += kTarBlock;
      take(block, static_cast<char>(block[kType]), *size);
      whole_ = at_;
    }
  }

 private:
  // Headers of small members come with their neighbours'. On a hard disk everything is read, front to back, where skipping a member would take longer.
  void read(uint64_t at, std::span<std::byte> dest) {
    if (at < ahead_at_ || at + dest.size() > ahead_at_ + ahead_.size()) {
      const bool goes_on = !ahead_.empty() && at >= ahead_at_ && at <= ahead_at_ + ahead_.size() + hole_;
      const uint64_t begin = goes_on ? std::min(at, ahead_at_ + ahead_.size()) : at;
      ahead_.resize(std::min(end_ - begin, std::max<uint64_t>(chunk_ + (at - begin), dest.size() + (at - begin))));
      file_.read_exactly(begin, ahead_);
      ahead_at_ = begin;
    }
    std::memcpy(dest.data(), ahead_.data() + (at - ahead_at_), dest.size());
  }

  void take(const Block& block, char type, uint64_t bytes) {
    switch (type) {
      case 'L': long_name_ = meta(bytes); return;
      case 'K': meta(bytes); return;
      case 'x': local_ = pax_of(meta(bytes)); return;
      case 'g':
        for (auto& [key, value] : pax_of(meta(bytes))) global_[key] = value;
        return;
      default: break;
    }
    TarMember member{.name = name_of(block), .offset = at_, .bytes = bytes};
    if (const auto* given = pax("size")) {
      const auto [end, fault] = std::from_chars(given->data(), given->data() + given->size(), member.bytes);
      if (fault != std::errc() || end != given->data() + given->size())
        throw damaged("the size of '" + member.name + "' is no number: '" + given->substr(0, 40) + "'");
    }
    const bool sparse = type == 'S' || pax("GNU.sparse.major") != nullptr || pax("GNU.sparse.size") != nullptr;
    if (type == 'S') skip_holes(block);
    long_name_.clear();
    local_.clear();
    links_ += type == '1' || type == '2';
    sparse_ += sparse;
    const bool regular = !sparse && (type == '0' || type == '\0' || type == '7');
    const bool has_data = regular && !member.name.ends_with('/');
    if (!regular && type >= '1' && type <= '6') member.bytes = 0;  // links, devices, folders
    if (member.bytes > end_ || at_ + tar_padded(member.bytes) > end_) {
      // The padding of a last member may be missing; its data may not.
      if (member.bytes > end_ - at_ || !has_data)
        throw damaged("it ends in the middle of '" + member.name + "' (at offset " + std::to_string(member.offset) +
                      ", " + std::to_string(member.bytes) + " bytes long)");
    }
    if (has_data && leads_out(member.name))
      throw damaged("'" + member.name + "' is an absolute path, or leads out of the archive");
    at_ = std::min(end_, at_ + tar_padded(member.bytes));
    if (has_data) each_(member);
  }

  // GNU's old form lists more holes in blocks behind the header (GNU tar manual, "Sparse Formats": isextended).
  void skip_holes(const Block& header) {
    constexpr size_t kExtended = 482, kExtendedAgain = 504;
    Block block{};
    for (bool more = header[kExtended] != std::byte{0}; more && at_ + kTarBlock <= end_; at_ += kTarBlock) {
      read(at_, block);
      more = block[kExtendedAgain] != std::byte{0};
    }
  }

  // Of what is left behind the last whole block: some programs write closing zeros of any length.
  bool rest_is_zero() const {
    Block block{};
    if (at_ < end_) file_.read_exactly(at_, std::span(block).first(end_ - at_));
    return is_zero(block);
  }

  std::string name_of(const Block& block) const {
    std::string name = given_name(block);
    while (name.starts_with("./")) name.erase(0, 2);
    return name;
  }
  std::string given_name(const Block& block) const {
    if (const auto* given = pax("path")) return *given;
    if (!long_name_.empty()) return long_name_.substr(0, long_name_.find('\0'));
    const std::string name = text_of(block, kName), prefix = text_of(block, kPrefix);
    const bool ustar = std::memcmp(block.data() + kMagic, "ustar", 6) == 0;  // with its 0; GNU has a blank there
    return ustar && !prefix.empty() ? prefix + "/" + name : name;
  }
  const std::string* pax(const std::string& key) const {
    if (const auto found = local_.find(key); found != local_.end()) return &found->second;
    const auto found = global_.find(key);
    return found == global_.end() ? nullptr : &found->second;
  }
  std::string meta(uint64_t bytes) {
    if (bytes > kMostMeta || at_ + bytes > end_)
      throw damaged("a long name at offset " + std::to_string(at_) + " has " + std::to_string(bytes) + " bytes");
    std::string text(bytes, '\0');
    read(at_, std::as_writable_bytes(std::span(text)));
    at_ += tar_padded(bytes);
    return text;
  }
  Error damaged(const std::string& what) const {
    return Error(Code::kData, "the tar '" + file_.path() + "' is damaged: " + what)
        .hint("download or make it again; tar -tf shows how far it is good");
  }

  const File& file_;
  uint64_t at_;
  const uint64_t end_;
  const std::function<void(const TarMember&)>& each_;
  uint64_t hole_ = 0, chunk_ = 0;
  std::vector<std::byte> ahead_;
  uint64_t ahead_at_ = 0;
  uint64_t whole_ = 0;
  uint64_t links_ = 0, sparse_ = 0;
  std::string long_name_;
  std::map<std::string, std::string> local_, global_;
};

void put(std::string& block, Field field, const std::string& text) {
  block.replace(field.at, std::min(field.size, text.size()), text.substr(0, field.size));
}

std::string octal(uint64_t value, size_t digits) {
  std::string text;
  for (size_t i = 0; i < digits; ++i, value >>= 3) text.insert(text.begin(), static_cast<char>('0' + (value & 7)));
  return text;
}

std::string block_for(const std::string& name, uint64_t bytes, char type) {
  std::string block(kTarBlock, '\0');
  put(block, kName, name);
  put(block, {100, 8}, "0000644");
  put(block, {108, 8}, "0000000");
  put(block, {116, 8}, "0000000");
  put(block, kSize, octal(bytes, 11));
  put(block, {136, 12}, "00000000000");  // 1970: the same records give the same bytes
  put(block, kSum, "        ");
  block[kType] = type;
  put(block, {kMagic, 8}, std::string("ustar\00000", 8));
  uint64_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(block, kSum, octal(sum, 6) + std::string("\0 ", 2));
  return block;
}

std::string pax_record(const std::string& key, const std::string& value) {
  const size_t rest = key.size() + value.size() + 3;  // ' ', '=' and '\n'
  size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) length = std::to_string(length).size() + rest;
  return std::to_string(length) + " " + key + "=" + value + "\n";
}

}  // namespace

TarEnd walk_tar(const File& file, uint64_t begin, uint64_t end, const std::function<void(const TarMember&)>& each) {
  return Walk(file, begin, end, each).run();
}

std::string tar_header(const std::string& name, uint64_t bytes) {
  constexpr uint64_t kMostOctal = uint64_t{1} << 33;
  if (name.size() <= kName.size && bytes < kMostOctal) return block_for(name, bytes, '0');
  std::string pax;
  if (name.size() > kName.size) pax += pax_record("path", name);
  if (bytes >= kMostOctal) pax += pax_record("size", std::to_string(bytes));
  const uint64_t length = pax.size();
  pax.resize(tar_padded(length), '\0');
  return block_for("pax-header", length, 'x') + pax + block_for(name.substr(0, kName.size), bytes % kMostOctal, '0');
}

bool looks_like_tar(std::span<const std::byte> bytes) {
  if (bytes.size() < kTarBlock) return false;
  Block block;
  std::copy_n(bytes.begin(), kTarBlock, block.begin());
  return !is_zero(block) && sum_is_right(block);
}

}  // namespace penstock::io
