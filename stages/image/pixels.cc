#include "stages/image/pixels.h"

namespace penstock::image {

std::string_view name_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kNone: return "none";
    case FaultKind::kEmpty: return "empty";
    case FaultKind::kNotAnImage: return "not an image";
    case FaultKind::kHeader: return "bad header";
    case FaultKind::kTruncated: return "truncated";
    case FaultKind::kCorrupt: return "corrupt";
    case FaultKind::kUnsupported: return "unsupported";
    case FaultKind::kTooManyPixels: return "too many pixels";
    case FaultKind::kTooLarge: return "too large";
  }
  return "unknown";
}

std::string Fault::text() const {
  std::string all(name_of(kind));
  if (!detail.empty()) all += ": " + detail;
  return all;
}

}  // namespace penstock::image
