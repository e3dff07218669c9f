// Numbers for texts, in the order in which they first came.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::io {

/// An open-addressed table over one run of bytes: about 16 bytes a text beside its own. One thread.
class TextCodes {
 public:
  TextCodes() : slots_(16) {}
  /// The number of `text`, which gets the next one where it is new.
  uint32_t code(std::string_view text);
  std::string_view text(uint32_t code) const {
    return std::string_view(bytes_).substr(ends_[code], ends_[code + 1] - ends_[code]);
  }
  size_t size() const { return ends_.size() - 1; }
  uint64_t text_bytes() const { return bytes_.size(); }
  uint64_t resident_bytes() const {
    return bytes_.capacity() + ends_.capacity() * sizeof(uint64_t) + slots_.capacity() * sizeof(Slot);
  }

 private:
  struct Slot {
    uint32_t tag = 0;   ///< of the hash
    uint32_t code = 0;  ///< plus one; 0: free
  };
  void grow();

  std::string bytes_;
  std::vector<uint64_t> ends_ = {0};  ///< of the text before: text c is [ends_[c], ends_[c + 1])
  std::vector<Slot> slots_;           ///< as many as a power of two, at most two thirds taken
};

}  // namespace penstock::io
