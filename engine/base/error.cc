#include "engine/base/error.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace penstock {

std::string_view name_of(Code code) {
  switch (code) {
    case Code::kUsage: return "usage";
    case Code::kData: return "data";
    case Code::kIo: return "io";
    case Code::kMemory: return "memory";
    case Code::kDevice: return "device";
    case Code::kCancelled: return "cancelled";
    case Code::kInternal: return "internal";
  }
  return "unknown";
}

Error::Error(Code code, std::string message) : code_(code), message_(std::move(message)) { compose(); }

Error& Error::add(std::string context) {
  context_.push_back(std::move(context));
  compose();
  return *this;
}

Error& Error::hint(std::string advice) {
  hint_ = std::move(advice);
  compose();
  return *this;
}

void Error::compose() {
  text_ = message_;
  for (const std::string& line : context_) text_ += "\n  while " + line;
  if (!hint_.empty()) text_ += "\n  " + hint_;
}

Error errno_error(Code code, std::string what, int errno_value) {
  return Error(code, std::move(what) + ": " + std::strerror(errno_value));
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "penstock: broken promise: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace penstock
