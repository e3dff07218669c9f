#include "io/table/csv/missing_words.h"

#include <algorithm>
#include <cmath>

#include "io/table/csv/cell_values.h"

namespace penstock::io {

MissingWords::MissingWords(const std::vector<std::string>& words) : words_(words) {
  for (const std::string& word : words_) {
    longest_ = std::max(longest_, word.size());
    double value = 0;
    int64_t truth = 0;
    if (word.empty()) {
      empty_ = true;
      continue;
    }
    first_[static_cast<unsigned char>(word.front())] = true;
    number_ |= (parse_real(word, value) && !std::isnan(value)) || parse_bool(word, truth);
  }
}

bool MissingWords::listed(std::string_view cell) const { return std::ranges::find(words_, cell) != words_.end(); }

}  // namespace penstock::io
