#include "pipelines/table/targets_as_read.h"

#include <memory>

#include "stages/table/encoded_table.h"
#include "stages/table/targets_read.h"

namespace penstock {

std::function<double(uint64_t id)> targets_as_read(const io::Dataset& data) {
  const auto* rows = dynamic_cast<const table::EncodedTable*>(&data);
  if (rows == nullptr || rows->table_fields()->task != Task::kRegression) return {};
  return [targets = std::make_shared<table::TargetsRead>(*rows)](uint64_t id) { return targets->of(id); };
}

}  // namespace penstock
