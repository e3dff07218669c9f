#include "models/nets/anonymous_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/error.h"

namespace penstock::nets {

AnonymousFile::AnonymousFile(const std::string& name, std::span<const std::byte> bytes)
    : fd_(memfd_create(name.c_str(), MFD_CLOEXEC)) {
  if (fd_ < 0) throw errno_error(Code::kMemory, "cannot make a file in memory for '" + name + "'", errno);
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd_, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      const int why = errno;
      ::close(fd_);
      throw errno_error(Code::kMemory, "cannot hold '" + name + "' as a file in memory", why);
    }
    bytes = bytes.subspan(static_cast<size_t>(wrote));
  }
}

AnonymousFile::~AnonymousFile() { ::close(fd_); }

}  // namespace penstock::nets
