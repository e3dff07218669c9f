#include "pipelines/train/feed_from_recipe.h"

#include <algorithm>
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

/// All phases must want it, and decode pictures alike: of what one has put on the devices, another reads nothing.
bool asks_for_it(const Recipe& recipe) {
  const std::optional<device::FedChain> first = device::fed_chain(pipelines::phase_view(recipe, 0).stages);
  for (const uint64_t epoch : pipelines::phase_boundaries(recipe)) {
    const std::optional<device::FedChain> chain = device::fed_chain(pipelines::phase_view(recipe, epoch).stages);
    if (chain.has_value() != first.has_value())
      throw Error(Code::kUsage, "cache = \"gpu\" holds in some phases of the recipe and not in others")
          .hint("set it on the stage itself, for all epochs");
    if (chain && chain->decode.orientation != first->decode.orientation)
      throw Error(Code::kUsage,
                  "phases of the recipe turn pictures differently, and cache = \"gpu\" keeps them decoded")
          .hint("set orientation of '" + chain->decode_id + "' for all of them");
  }
  return first.has_value();
}

}  // namespace

std::shared_ptr<device::HeldPictures> held_pictures_for(const Recipe& recipe, Budgets& budgets, std::string& note) {
  if (!asks_for_it(recipe)) return nullptr;
  for (const std::string& device : recipe.lanes.devices) {
    if (parse_device_spec(device).kind != "cpu") continue;
    note = "cache = \"gpu\" keeps nothing: the lane '" + device + "' has no memory of its own";
    return nullptr;
  }
  const uint64_t limit = budgets.limit(Tier::kRam);
  const uint64_t staging = limit == 0 ? kStagingBytes : std::min(kStagingBytes, limit / kShareOfRam);
  std::optional<Credit> credit = budgets.try_take(Need::ram(staging));
  if (!credit)
    throw Error(Code::kMemory, "budget.ram has no " + bytes_text(staging) + " for pictures on their way to the devices")
        .hint("raise budget.ram, or leave cache = \"gpu\" out");
  return std::make_shared<device::HeldPictures>(std::move(*credit));
}

void feed_phase(const Recipe& view, const std::shared_ptr<device::HeldPictures>& held, TrainPhase& phase) {
  if (!held) return;
  const std::optional<device::FedChain> chain = device::fed_chain(view.stages);
  if (!chain) return;
  device::feed_graph(phase.train, *chain, held);
  phase.feed = std::make_shared<device::FeedView>(chain->augment, view.seed);
}

}  // namespace penstock::train
