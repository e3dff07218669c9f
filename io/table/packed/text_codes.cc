#include "io/table/packed/text_codes.h"

#include <utility>

#include "io/file/checksum.h"

namespace penstock::io {

uint32_t TextCodes::code(std::string_view text) {
  const uint64_t hash = checksum(text);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  for (size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    Slot& slot = slots_[at];
    if (slot.code == 0) {
      const auto made = static_cast<uint32_t>(size());
      slot = {tag, made + 1};
      bytes_ += text;
      ends_.push_back(bytes_.size());
      if (3 * size() > 2 * slots_.size()) grow();
      return made;
    }
    if (slot.tag == tag && this->text(slot.code - 1) == text) return slot.code - 1;
  }
}

void TextCodes::grow() {
  std::vector<Slot> larger(slots_.size() * 2);
  for (uint32_t c = 0; c < size(); ++c) {
    const uint64_t hash = checksum(text(c));
    size_t at = hash & (larger.size() - 1);
    while (larger[at].code != 0) at = (at + 1) & (larger.size() - 1);
    larger[at] = {static_cast<uint32_t>(hash >> 32), c + 1};
  }
  slots_ = std::move(larger);
}

}  // namespace penstock::io
