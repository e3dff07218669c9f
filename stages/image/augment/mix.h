// What mixup and cutmix share: pictures of a batch are mixed with their neighbours, and the labels say how much.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/graph/params.h"
#include "engine/graph/stage.h"
#include "stages/image/augment/pixel_view.h"
#include "stages/image/pixels.h"

namespace penstock::image::augment {

/// A number from 0 to 1, Beta(alpha, alpha) distributed, alpha > 0 (Marsaglia and Tsang 2000, "A simple method for
/// generating gamma variables"; a quotient of two). Made of + - * / and sqrt, so the same everywhere.
double draw_beta(Draws& draws, double alpha);

/// into[i] = (into[i] * weight + from[i] * (256 - weight)) / 256, rounded; weight 0 to 256.
void mix_values(std::uint8_t* into, const std::uint8_t* from, std::size_t count, int weight);

/// The pictures of a batch, one after the other.
struct Pictures {
  std::uint8_t* data = nullptr;
  std::size_t count = 0;
  int width = 0;
  int height = 0;

  std::size_t bytes() const {
    return std::size_t{3} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }
  std::uint8_t* picture(std::size_t i) const { return data + i * bytes(); }
};

/// Reads "pixels" u8 (N, h, w, 3) and "label" i64 (N), mixes record i with record i - 1 (the first with the last of the whole
/// batch, over all processes that share it), in place and in order, with probability `p` for the whole batch. Makes "label_b" i64 (N), the label of the one mixed in, and
/// "mix" f32 (N), the share of the first: loss = mix * loss(label) + (1 - mix) * loss(label_b). A batch that is left
/// alone has label_b = label and mix = 1; one that a stage before it has mixed is left as it is.
class MixStage : public BatchStage {
 public:
  Bound bind(const Schema& in) const override;
  void run(BatchView& batch, Scratch& scratch) const override;

 protected:
  /// `name` is the one in the registry and must live on.
  MixStage(const char* name, double alpha, double p) : name_(name), alpha_(alpha), p_(p) {}

 private:
  /// Gives each picture about 1 - share of its neighbour; `before` is a copy of the first one's. Returns the share that it kept.
  virtual double mix(const Pictures& pictures, const std::uint8_t* before, double share, Draws& draws) const = 0;

  const char* name_;
  double alpha_, p_;
};

/// Blends whole pictures (Zhang et al. 2018, arXiv 1710.09412; torchvision's MixUp). The share comes in steps of 1/256.
class Mixup final : public MixStage {
 public:
  struct Params {
    double alpha = 0.2;
    double p = 1;
    static void describe(ParamTable<Params>& t);
  };
  explicit Mixup(Params params) : MixStage("image.mixup", params.alpha, params.p) {}

 private:
  double mix(const Pictures& pictures, const std::uint8_t* before, double share, Draws& draws) const override;
};

/// The rectangle that cutmix takes: a share of 1 - `share` of the area, its middle anywhere, cut off at the borders.
Rect cutmix_part(int width, int height, double share, Draws& draws);

/// Puts a rectangle of one picture into the other (Yun et al. 2019, arXiv 1905.04899; torchvision's CutMix). The share is that of the
/// pixels that stayed.
class Cutmix final : public MixStage {
 public:
  struct Params {
    double alpha = 1;
    double p = 1;
    static void describe(ParamTable<Params>& t);
  };
  explicit Cutmix(Params params) : MixStage("image.cutmix", params.alpha, params.p) {}

 private:
  double mix(const Pictures& pictures, const std::uint8_t* before, double share, Draws& draws) const override;
};

}  // namespace penstock::image::augment
