#include "stages/table/dictionary_codes.h"

namespace penstock::table {

DictionaryCodes::Codes DictionaryCodes::of(const Dictionary& dictionary, size_t rows) const {
  constexpr size_t kMostSeen = 64;
  const std::lock_guard lock(mutex_);
  Known* seen = nullptr;
  for (Known& known : known_)
    if (known.dictionary == dictionary) seen = &known;
  if (seen != nullptr && seen->codes) return seen->codes;
  if (seen == nullptr) {
    known_.push_back({dictionary, nullptr});
    if (dictionary->size() > 8 * rows + 4096) {
      if (known_.size() > kMostSeen) {
        bytes_ -= known_.front().codes ? known_.front().codes->size() * sizeof(int32_t) : 0;
        known_.pop_front();
      }
      return nullptr;
    }
    seen = &known_.back();
  }
  const Codes codes = std::make_shared<const std::vector<int32_t>>(vocabulary_.of_dictionary(*dictionary));
  seen->codes = codes;
  bytes_ += codes->size() * sizeof(int32_t);
  while (known_.size() > 1 && (bytes_ > kMostBytes || known_.size() > kMostSeen) &&
         known_.front().dictionary != dictionary) {
    bytes_ -= known_.front().codes ? known_.front().codes->size() * sizeof(int32_t) : 0;
    known_.pop_front();
  }
  return codes;
}

}  // namespace penstock::table
