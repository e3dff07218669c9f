// A Collective over lanes of several processes, made of one within each and one between them.
#pragma once

#include <memory>

#include "engine/device/collective.h"

namespace penstock {

/// `here`: the lanes of this process. `beyond`: the processes; given to this process's rank 0 alone, null elsewhere. `processes` and
/// `process` are its size and rank; all processes have as many lanes. Sums are made within each process first, then between them in the
/// order of processes: the same bits in every run of the same shape.
std::unique_ptr<Collective> join_collectives(std::unique_ptr<Collective> here, std::unique_ptr<Collective> beyond,
                                             uint32_t process, uint32_t processes);

}  // namespace penstock
