// A Fitted of a made table, and what a run through a data set gives.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/graph/graph_spec.h"
#include "engine/graph/registry.h"
#include "engine/run/run.h"
#include "io/file/checksum.h"
#include "stages/table/fitter.h"
#include "tests/table/made_table.h"

namespace penstock::test {

using table::Fitted;
using table::RowSet;
using table::TableSpec;

inline std::shared_ptr<const Fitted> fitted_of(const io::Table& rows, const TableSpec& spec = made_spec()) {
  Cores cores(2);
  Budgets budgets;
  return std::make_shared<const Fitted>(table::fit(rows, RowSet::all(rows.rows()), spec, cores, budgets).fitted);
}

/// What a run gives: the bytes of all its batches, and what was rejected.
struct Ran {
  uint64_t digest = 0;
  uint64_t records = 0;
  std::vector<std::string> reasons;
  std::set<uint64_t> ids;
};
inline Ran run(const Source& data, RunOptions options, unsigned threads = 2) {
  options.cores = std::make_shared<Cores>(threads);
  penstock::Run run = penstock::Run::start(GraphSpec{}.bind(data.schema(), StageRegistry()), data, options);
  Ran out;
  io::Checksum sum;
  for (const Batch& batch : run) {
    for (size_t f = 0; f < batch.schema().size(); ++f)
      sum.add(std::span<const std::byte>(batch.tensor(f).data, batch.tensor(f).bytes));
    for (const uint64_t id : batch.ids()) {
      sum.add(id);
      out.ids.insert(id);
    }
    for (const Rejection& rejection : batch.rejections()) out.reasons.push_back(rejection.reason);
    out.records += batch.size();
  }
  out.digest = sum.value();
  return out;
}

inline RunOptions options_of(Order order) {
  return {.seed = 7, .order = order, .last = Last::kKeep, .batch = 64, .block = 50, .group_blocks = 4, .epochs = 2};
}

}  // namespace penstock::test
