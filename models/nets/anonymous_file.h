// Bytes as a file without a name, for libraries that take nothing but a path.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace penstock::nets {

/// Lies in memory and is gone with its owner; nobody else can change it.
class AnonymousFile {
 public:
  /// `name` is for lists of mappings. Throws Error kMemory where there is no room.
  AnonymousFile(const std::string& name, std::span<const std::byte> bytes);
  ~AnonymousFile();
  AnonymousFile(const AnonymousFile&) = delete;
  AnonymousFile& operator=(const AnonymousFile&) = delete;

  /// Good in this process, while it lives.
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

}  // namespace penstock::nets
