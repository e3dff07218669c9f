// How many pieces a run through a table must hold at once, and how many it would like to.
#pragma once

#include "engine/data/source.h"
#include "stages/table/encoded_table.h"

namespace penstock::table {

struct SlotNeeds {
  uint64_t piece_bytes = 0;    ///< of one slot, as fetched
  uint64_t encoded_bytes = 0;  ///< of its rows as they go into batches
  /// Whether a section uses so many rows of its pieces that encoding them whole costs less than row by row.
  bool encoding_pays = false;
  bool comes_again = false;  ///< the journey comes to a piece in more epochs than one
  uint64_t least = 1;        ///< of the sections that one slice may reach into
  uint64_t wanted = 1;       ///< and of what is fetched meanwhile; all of them where epochs are to come
  uint64_t all = 0;          ///< pieces that hold rows of the data set
  uint64_t scratch_bytes = 0;
  /// With one slot for replacements.
  uint64_t bytes(uint64_t slots) const { return (slots + 1) * piece_bytes + scratch_bytes; }
  /// Of slots that hold what was fetched and what is made of it.
  SlotNeeds encoding() const;
};

SlotNeeds slot_needs(const EncodedTable& data, const Journey& journey);

}  // namespace penstock::table
