#include "stages/learn/allocation.h"

#include <malloc.h>

namespace penstock::learn {

void keep_freed_memory() {
  constexpr int kNearlyAll = 2047 << 20;  // the most that an int says
  constexpr int kHeapBytes = 64 << 20;    // a thread's heap; with less padding an empty one is unmapped
  if (mallopt(M_MMAP_THRESHOLD, kNearlyAll) != 1) return;  // the others alone would make it worse
  mallopt(M_TRIM_THRESHOLD, kNearlyAll);
  mallopt(M_TOP_PAD, kHeapBytes);
}

}  // namespace penstock::learn
