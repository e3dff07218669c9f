// What Arrow decoded, as rows of ours.
#pragma once

#include <memory>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "io/table/stored_column.h"
#include "io/table/table.h"

namespace penstock::io {

/// Which of an Arrow schema's fields are columns of ours, in their order.
struct ArrowColumns {
  TableSchema schema;
  std::vector<int> fields;  ///< of each column, its place among the Arrow schema's fields
  std::vector<std::string> notes;
};
/// Fields that are no columns are left out and named in a note. Throws kData where two have one name, kUsage where nothing is left.
ArrowColumns columns_of(const arrow::Schema& schema, const std::string& path);

/// Rows of a batch whose columns `types` says. Copies nothing but decimals, halves and what dictionaries say. Throws kData where the batch
/// contradicts itself (offsets behind the end, codes without a text).
std::shared_ptr<const RawRows> rows_of(std::shared_ptr<const arrow::RecordBatch> batch,
                                       const std::vector<ColumnType>& types, uint64_t first, const std::string& path);

}  // namespace penstock::io
