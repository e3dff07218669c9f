// A CUDA graph of what torch queues on a stream.
#pragma once

#include <memory>

#include "stages/learn/recorder.h"

namespace penstock::learn {

/// Records on the calling thread's current stream of torch, which must not be the default one. While it records, other threads may go on using
/// the device; what torch allots for the work is kept in a pool of the graph's own.
std::unique_ptr<Recorder> make_graph_recorder();

}  // namespace penstock::learn
