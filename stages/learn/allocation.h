// How the process treats memory that a training step frees.
#pragma once

namespace penstock::learn {

/// A step frees and allots the same few hundred MB of activations; by default glibc hands them back to the kernel and faults them
/// in again each time: 7 % of a ResNet-18 step at 128 px. This tells it to keep them, for the whole process. Call it at the start of
/// a program that will train, before it makes threads: their heaps are laid out when they first allot. A Learner calls it too,
/// which gains about half. As often as one likes, from any thread.
void keep_freed_memory();

}  // namespace penstock::learn
