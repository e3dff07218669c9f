#include "stages/device/fed_chain.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/graph/params.h"
#include "stages/image/flip.h"

namespace penstock::device {
namespace {

constexpr std::string_view kDecode = "image.decode";
constexpr std::array kOrder = {kDecode, std::string_view("image.flip"), std::string_view("image.color-jitter"),
                               std::string_view("image.erase"), std::string_view("image.mixup")};

Error refusal(const StageSpec& stage, const std::string& why) {
  const std::string at = stage.where.text();
  return Error(Code::kUsage, (at.empty() ? "" : at + ": ") + "stage '" + stage.id + "' (" + stage.name + ") " + why);
}

bool names_a_decoder(const StageSpec& stage) {
  return stage.name == kDecode &&
         read_params<image::Decode>(stage.params, stage.id, stage.where).decoder != image::DecodedBy::kCpu;
}

/// What makes a device make the pictures: `cache = "gpu"`, `decoder = "hybrid"`.
struct Asked {
  std::string words, key;
};
Asked asked_by(const StageSpec& stage, const image::Decode::Params& p) {
  if (stage.cache == "gpu") return {"cache = \"gpu\"", "cache"};
  return {p.decoder == image::DecodedBy::kNvjpeg ? "decoder = \"nvjpeg\"" : "decoder = \"hybrid\"", "decoder"};
}

void require_device_does(const StageSpec& stage, const image::Decode::Params& p) {
  const Asked asked = asked_by(stage, p);
  const auto only = [&](const std::string& what, const std::string& hint) {
    return refusal(stage, "says " + asked.words + ", " + what).hint(hint);
  };
  if (p.view != image::ViewKind::kRandomResizedCrop)
    throw only("and its view is none that is drawn anew in each epoch",
               "a device makes random-resized-crop alone; leave " + asked.key + " out");
  if (!p.exact)
    throw only("which crops whole pictures, and without exact = true the CPUs crop some of half the size",
               "set exact = true, so that a record is the same crop of the same picture wherever it is made");
  if (p.views > 1 || p.small_views > 0)
    throw only("and several views of a picture are not made on a device", "leave views and small_views out");
  if (p.interpolation != image::Filter::kBilinear)
    throw only("and a device resizes bilinear alone", "set interpolation = \"bilinear\"");
}

void require_order(const StageSpec& stage, const Asked& asked, std::vector<std::string_view>& seen) {
  const auto at = std::ranges::find(kOrder, std::string_view(stage.name));
  if (at == kOrder.end())
    throw refusal(stage, "is not done on a device, and " + asked.words + " makes the pictures there")
        .hint("there are: image.decode, image.flip, image.color-jitter, image.erase, image.mixup; leave " + asked.key +
              " out");
  const bool late =
      std::ranges::any_of(seen, [&](std::string_view name) { return std::ranges::find(kOrder, name) >= at; });
  if (late || (seen.empty() && stage.name != kDecode))
    throw refusal(stage, "stands behind '" + std::string(seen.empty() ? "nothing" : seen.back()) + "', and with " +
                             asked.words + " a device makes the pictures in a fixed order")
        .hint("the order is: image.decode, image.flip, image.color-jitter, image.erase, image.mixup; each once");
  if (!stage.inputs.empty() || !stage.outputs.empty())
    throw refusal(stage, "renames fields, and " + asked.words + " knows 'pixels' and 'label' alone")
        .hint("leave inputs and outputs out");
  seen.push_back(*at);
}

}  // namespace

std::optional<FedChain> fed_chain(std::span<const StageSpec> stages) {
  const auto trains = [](const StageSpec& stage) { return stage.when != When::kEval; };
  for (const StageSpec& stage : stages)
    if (!trains(stage) && names_a_decoder(stage))
      throw refusal(stage, "names a decoder, and evaluations decode on the CPUs").hint("leave decoder out");
  const auto fed = [&](const StageSpec& stage) {
    return trains(stage) && (stage.cache == "gpu" || names_a_decoder(stage));
  };
  const auto feeds = std::ranges::find_if(stages, fed);
  if (feeds == stages.end()) return std::nullopt;
  if (feeds->name != kDecode)
    throw refusal(*feeds, "says cache = \"gpu\", which keeps decoded pictures").hint("say it on image.decode");
  const Asked asked = asked_by(*feeds, read_params<image::Decode>(feeds->params, feeds->id, feeds->where));

  FedChain chain;
  std::vector<std::string_view> seen;
  for (const StageSpec& stage : stages) {
    if (!trains(stage)) continue;
    require_order(stage, asked, seen);
    const std::string draw = stage.draw.empty() ? stage.id : stage.draw;
    AugmentRecipe& augment = chain.augment;
    if (stage.name == kDecode) {
      chain.decode_id = stage.id;
      chain.decode = read_params<image::Decode>(stage.params, stage.id, stage.where);
      require_device_does(stage, chain.decode);
      chain.holds = stage.cache == "gpu";
      augment.size = {chain.decode.size[0], chain.decode.size[1]};
      augment.crop = chain.decode.range();
      augment.crop_id = draw;
    } else if (stage.name == kOrder[1]) {
      augment.flip_p = read_params<image::Flip>(stage.params, stage.id, stage.where).p;
      augment.flip_id = draw;
    } else if (stage.name == kOrder[2]) {
      augment.jitter = read_params<image::augment::ColorJitter>(stage.params, stage.id, stage.where);
      augment.jitter_id = draw;
    } else if (stage.name == kOrder[3]) {
      augment.erase = read_params<image::augment::Erase>(stage.params, stage.id, stage.where);
      augment.erase_id = draw;
      if (augment.erase->value.random)
        throw refusal(stage, "erases with noise, which is not done on a device")
            .hint("give it a colour, or leave " + asked.words + " out");
    } else {
      augment.mixup = read_params<image::augment::Mixup>(stage.params, stage.id, stage.where);
      augment.mixup_id = draw;
    }
  }
  return chain;
}

}  // namespace penstock::device
