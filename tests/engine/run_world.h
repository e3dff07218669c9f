// What tests of runs share: a graph that forks and joins, and a reader that keeps all bytes.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/run/run.h"
#include "tests/support/memory_source.h"
#include "tests/support/stages.h"

namespace penstock::test {

/// Inside a gtest case `Run` is its own member.
inline Run start(Graph graph, const Source& source, RunOptions options) {
  return Run::start(std::move(graph), source, std::move(options));
}

inline GraphSpec forked() {
  return GraphSpec{}
      .add("test.paint")
      .add("test.shift", {{"by", 2.0}})
      .add("test.join")
      .add("test.words")
      .add("test.twice");
}

/// All fields of all batches as one text of bytes: what law 1 speaks of.
struct Seen {
  std::vector<uint64_t> ids;
  std::string bytes;
  std::vector<size_t> sizes;
};

inline Seen drain(Run& run, size_t consumer = 0) {
  Seen seen;
  while (Batch batch = run.next(consumer)) {
    seen.ids.insert(seen.ids.end(), batch.ids().begin(), batch.ids().end());
    seen.sizes.push_back(batch.size());
    for (size_t f = 0; f < batch.schema().size(); ++f) {
      const Tensor tensor = batch.tensor(f);
      seen.bytes.append(reinterpret_cast<const char*>(tensor.data), tensor.bytes);
      for (const int64_t offset : tensor.offsets) seen.bytes.append(reinterpret_cast<const char*>(&offset), 8);
      seen.bytes.append(reinterpret_cast<const char*>(tensor.present.data()), tensor.present.size());
    }
  }
  return seen;
}

inline Seen run_all(const Source& source, const GraphSpec& spec, RunOptions options, unsigned threads) {
  options.cores = std::make_shared<Cores>(threads);
  auto run = start(spec.bind(source.schema(), registry()), source, options);
  return drain(run);
}

}  // namespace penstock::test
