// The dictionary of a packed column, as Arrow has it and as blocks have it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/array/array_base.h>
#include <arrow/array/data.h>

#include "io/table/packed/text_codes.h"

namespace penstock::io {

/// utf8, as many as there are codes.
std::shared_ptr<arrow::ArrayData> words_array(const TextCodes& words);
/// XXH3-64 of lengths and bytes, text by text. `words` is utf8.
uint64_t checksum_of_words(const arrow::Array& words);
/// Never empty, so that code 0 of a column without a value stands for something. `words` is utf8.
std::shared_ptr<const std::vector<std::string>> words_list(const arrow::Array& words);

}  // namespace penstock::io
