// What a learner writes into the metadata of its safetensors about itself, and reads back.
#pragma once

#include <cstdint>
#include <string>

#include "models/nets/safetensors.h"
#include "stages/learn/learner.h"

namespace penstock::learn {

inline constexpr char kStepKey[] = "penstock.step";
inline constexpr char kOptimiserKey[] = "penstock.optimizer";
inline constexpr char kScriptTensor[] = "penstock/torchscript";

/// Format version, network and input.
nets::Metadata stored_config(const LearnerConfig& config);

/// The steps done. Throws Error kData where the bytes hold weights only.
uint64_t stored_step(const nets::StoredState& stored, const std::string& origin);

}  // namespace penstock::learn
