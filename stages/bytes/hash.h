// A record's bytes as one number: for data sets that no stage decodes, and to prove that what came is what was stored.
#pragma once

#include "engine/graph/params.h"
#include "engine/graph/stage.h"

namespace penstock::bytes {

/// XXH3-64 of the encoded bytes. "bytes" u8 (N, any) -> "hash" i64 (N), the 64 bits as they are. Draws nothing; refuses nothing, an empty record has a hash too.
class Hash final : public RecordStage {
 public:
  struct Params {
    static void describe(ParamTable<Params>&) {}
  };

  explicit Hash(Params) {}

  Bound bind(const Schema& in) const override;
  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override;
};

}  // namespace penstock::bytes
