// Codes of whole dictionaries, made once and shared by threads.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "stages/table/vocabulary.h"

namespace penstock::table {

using Dictionary = std::shared_ptr<const std::vector<std::string>>;

/// Of one column. Keeps the dictionaries that it has codes of, so that no other can come to lie at the same address. At most kMostBytes of codes, and always one. Thread-safe.
class DictionaryCodes {
 public:
  using Codes = std::shared_ptr<const std::vector<int32_t>>;

  explicit DictionaryCodes(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  /// Null where it is not worth it: a dictionary much larger than `rows` that comes for the first time, as row groups with dictionaries of their own do.
  Codes of(const Dictionary& dictionary, size_t rows) const;

 private:
  static constexpr uint64_t kMostBytes = 16 << 20;
  struct Known {
    Dictionary dictionary;
    Codes codes;  ///< null: seen, not made
  };

  const Vocabulary& vocabulary_;
  mutable std::mutex mutex_;
  mutable std::deque<Known> known_;
  mutable uint64_t bytes_ = 0;
};

}  // namespace penstock::table
