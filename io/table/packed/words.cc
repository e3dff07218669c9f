#include "io/table/packed/words.h"

#include <cstring>
#include <limits>

#include <arrow/array/array_binary.h>
#include <arrow/buffer.h>

#include "engine/base/error.h"
#include "io/file/checksum.h"

namespace penstock::io {

std::shared_ptr<arrow::ArrayData> words_array(const TextCodes& words) {
  PENSTOCK_CHECK(words.text_bytes() <= static_cast<uint64_t>(std::numeric_limits<int32_t>::max()));
  std::vector<int32_t> ends{0};
  std::string bytes;
  for (uint32_t c = 0; c < words.size(); ++c) {
    bytes += words.text(c);
    ends.push_back(static_cast<int32_t>(bytes.size()));
  }
  const auto rows = static_cast<int64_t>(words.size());
  return arrow::ArrayData::Make(
      arrow::utf8(), rows,
      {nullptr, arrow::Buffer::FromVector(std::move(ends)), arrow::Buffer::FromString(std::move(bytes))}, 0);
}

uint64_t checksum_of_words(const arrow::Array& words) {
  const auto& texts = static_cast<const arrow::StringArray&>(words);
  Checksum sum;
  for (int64_t i = 0; i < texts.length(); ++i) {
    const std::string_view text = texts.GetView(i);
    sum.add(text.size()).add(text);
  }
  return sum.value();
}

std::shared_ptr<const std::vector<std::string>> words_list(const arrow::Array& words) {
  const auto& texts = static_cast<const arrow::StringArray&>(words);
  auto list = std::make_shared<std::vector<std::string>>();
  list->reserve(static_cast<size_t>(texts.length()));
  for (int64_t i = 0; i < texts.length(); ++i) list->emplace_back(texts.GetView(i));
  if (list->empty()) list->emplace_back();
  return list;
}

}  // namespace penstock::io
