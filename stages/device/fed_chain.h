// The stages of a recipe that a device does out of decoded pictures, read and checked.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/graph/graph.h"
#include "engine/graph/graph_spec.h"
#include "stages/device/augment_plan.h"
#include "stages/device/decode_share.h"
#include "stages/device/held_pictures.h"
#include "stages/image/decode.h"

namespace penstock::device {

/// image.decode with cache = "gpu", or with another decoder than the CPU's, and behind it, in this order and each at most once: image.flip, image.color-jitter, image.erase, image.mixup.
struct FedChain {
  std::string decode_id;
  image::Decode::Params decode;
  AugmentRecipe augment;
  bool holds = false;  ///< cache = "gpu"
  bool decodes() const { return decode.decoder != image::DecodedBy::kCpu; }
};

/// The training's stages among `stages`, where one of them says cache = "gpu" or decoder = "nvjpeg" or "hybrid"; else nothing. Error kUsage that names the
/// stage, and file and line, where there is one that a device does not do, or not with these parameters: what comes out must be the same crop wherever a
/// record is made. Also where a stage of the evaluation alone names a decoder: evaluations decode on the CPUs.
std::optional<FedChain> fed_chain(std::span<const StageSpec> stages);

/// Puts stages in the places of those of the chain's graph, which read and write the same fields and draw the same numbers:
///   - of a record that is held they touch nothing, so its pixels in the batch are left as they were;
///   - where lanes decode, a record that is theirs goes into the batch encoded, in a field more (kEncodedField, lane_decoder.h), and its pixels are left as
///     they were. Theirs is a JPEG that size_on_device() takes, of at most max_encoded bytes, that was verified, when it was packed or by an earlier epoch of
///     the run: so whether a record is damaged is always found here, by the CPUs' decoder, in its words. "hybrid": and that its share gives them;
///   - a record that is not held, and for which there is room, is decoded whole and held from now on;
///   - any other record is made as ever;
///   - mixup mixes labels and shares alone: who puts the batch together on a device mixes the pixels.
/// `held`: null where nothing is held; `share`: null where lanes decode nothing.
void feed_graph(Graph& graph, const FedChain& chain, const std::shared_ptr<HeldPictures>& held,
                const std::shared_ptr<DecodeShare>& share = nullptr);

}  // namespace penstock::device
