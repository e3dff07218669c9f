#include "pipelines/train/feed_from_recipe.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/device/devices.h"
#include "pipelines/recipe/phases.h"
#include "stages/device/fed_chain.h"

namespace penstock::train {
namespace {

using pipelines::Recipe;

// On their way to the devices: some hundred pictures, so that a link that is busy with batches holds no decoder up.
constexpr uint64_t kStagingBytes = uint64_t{64} << 20;
constexpr uint64_t kShareOfRam = 8;  // of small budgets, one in so many

/// What all phases want: the decoders and caches are those of the whole run, and of what one phase has put on the devices another reads nothing.
std::optional<device::FedChain> chain_of(const Recipe& recipe) {
  std::optional<device::FedChain> first = device::fed_chain(pipelines::phase_view(recipe, 0).stages);
  for (const uint64_t epoch : pipelines::phase_boundaries(recipe)) {
    const std::optional<device::FedChain> chain = device::fed_chain(pipelines::phase_view(recipe, epoch).stages);
    const bool holds = first && first->holds, decodes = first && first->decodes();
    if ((chain && chain->holds) != holds)
      throw Error(Code::kUsage, "cache = \"gpu\" holds in some phases of the recipe and not in others")
          .hint("set it on the stage itself, for all epochs");
    if ((chain && chain->decodes()) != decodes ||
        (decodes && (chain->decode.decoder != first->decode.decoder ||
                     chain->decode.max_encoded.bytes != first->decode.max_encoded.bytes)))
      throw Error(Code::kUsage, "phases of the recipe name different decoders, or another max_encoded")
          .hint("set decoder and max_encoded on the stage itself, for all epochs");
    if (holds && chain->decode.orientation != first->decode.orientation)
      throw Error(Code::kUsage,
                  "phases of the recipe turn pictures differently, and cache = \"gpu\" keeps them decoded")
          .hint("set orientation of '" + chain->decode_id + "' for all of them");
  }
  return first;
}

std::shared_ptr<device::HeldPictures> make_held(Budgets& budgets) {
  const uint64_t limit = budgets.limit(Tier::kRam);
  const uint64_t staging = limit == 0 ? kStagingBytes : std::min(kStagingBytes, limit / kShareOfRam);
  std::optional<Credit> credit = budgets.try_take(Need::ram(staging));
  if (!credit)
    throw Error(Code::kMemory, "budget.ram has no " + bytes_text(staging) + " for pictures on their way to the devices")
        .hint("raise budget.ram, or leave cache = \"gpu\" out");
  return std::make_shared<device::HeldPictures>(std::move(*credit));
}

std::string word_of(const device::FedChain& chain) {
  return chain.decode.decoder == image::DecodedBy::kHybrid ? "decoder = \"hybrid\"" : "decoder = \"nvjpeg\"";
}

std::string decoding_note(const device::FedChain& chain, bool simulated) {
  const bool hybrid = chain.decode.decoder == image::DecodedBy::kHybrid;
  std::string note = word_of(chain) + " is not byte-reproducible: ";
  note += hybrid ? "which records a GPU decodes goes by measured rates, so two runs differ in the last bits of pixels"
                 : "pixels differ in the last bits from those of decoder = \"cpu\", and may from GPU to GPU";
  note += "; order, crops and labels are the same. Each record of a batch takes up to " +
          bytes_text(chain.decode.max_encoded.bytes) + " more, encoded";
  if (simulated)
    note += ". The lanes are simulated: libjpeg-turbo decodes in nvJPEG's place, and these pixels are the CPUs'";
  return note;
}

}  // namespace

Feeding feeding_for(const Recipe& recipe, Budgets& budgets, unsigned threads) {
  Feeding feeding;
  const std::optional<device::FedChain> chain = chain_of(recipe);
  if (!chain) return feeding;
  bool simulated = false;
  for (const std::string& device : recipe.lanes.devices) {
    const std::string kind = parse_device_spec(device).kind;
    simulated |= kind == "sim";
    if (kind != "cpu") continue;
    if (chain->decodes())
      throw Error(Code::kUsage, "stage '" + chain->decode_id + "' (image.decode) says " + word_of(*chain) +
                                    ", and the lane '" + device + "' is no GPU that decodes")
          .hint("name GPUs: lanes.devices = [\"cuda:0\"] (\"sim:0\" tries it without one), or set decoder = \"cpu\"");
    feeding.note = "cache = \"gpu\" keeps nothing: the lane '" + device + "' has no memory of its own";
    return feeding;
  }
  if (chain->holds) feeding.held = make_held(budgets);
  if (!chain->decodes()) return feeding;
  feeding.share = std::make_shared<device::DecodeShare>(
      device::DecodeShare::Options{.hybrid = chain->decode.decoder == image::DecodedBy::kHybrid,
                                   .most_encoded_bytes = chain->decode.max_encoded.bytes,
                                   .share = {.cpu_workers = static_cast<double>(std::max(1u, threads)),
                                             .gpu_workers = static_cast<double>(recipe.lanes.devices.size())}});
  feeding.note = decoding_note(*chain, simulated);
  return feeding;
}

void feed_phase(const Recipe& view, const Feeding& feeding, TrainPhase& phase) {
  if (!feeding.held && !feeding.share) return;
  const std::optional<device::FedChain> chain = device::fed_chain(view.stages);
  if (!chain) return;
  device::feed_graph(phase.train, *chain, feeding.held, feeding.share);
  phase.feed = std::make_shared<device::FeedView>(chain->augment, view.seed);
}

}  // namespace penstock::train
