// CUDA's algebra: cuBLAS for products, kernels for what is made of them.
#pragma once

#include <memory>

#include "models/classic/algebra.h"

namespace penstock::classic {

/// On GPU number `device`. Rows that are held lie in its memory, so resident blocks are copied once for all passes. Products are in f32; those
/// of a search, which only say which rows are measured, in TF32.
/// Throws Error kDevice where there is no such GPU, kMemory where its memory runs out.
std::unique_ptr<Algebra> make_cuda_algebra(int device);

}  // namespace penstock::classic
