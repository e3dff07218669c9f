// The name that compiled packages ask for.
#pragma once

namespace penstock::nets {

/// The library in a package needs `libtorch.so`: an empty library whose only use is to drag in libtorch_cpu and, out of a wheel with CUDA, all of CUDA. This
/// program has what packages call already, so that it loads an empty library of that name instead, once; nothing where the name is taken. Throws Error
/// kInternal where the loader refuses. Thread-safe.
void provide_libtorch_name();

}  // namespace penstock::nets
