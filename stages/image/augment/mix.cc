#include "stages/image/augment/mix.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/error.h"
#include "stages/image/log_scale.h"

namespace penstock::image::augment {
namespace {

// Logarithm of a gamma variable of shape `a`; below 1 by that of a + 1, as the authors say.
double draw_log_gamma(Draws& draws, double a) {
  const double shape = a < 1 ? a + 1 : a;
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  double log_gamma = 0;
  for (;;) {
    const double x = draws.normal(), root = 1 + c * x;
    const double log_u = portable_log(1 - draws.uniform());
    if (root <= 0) continue;
    const double v = root * root * root, log_v = portable_log(v);
    if (log_u >= 0.5 * x * x + d - d * v + d * log_v) continue;
    log_gamma = portable_log(d) + log_v;
    break;
  }
  return a < 1 ? log_gamma + portable_log(1 - draws.uniform()) / a : log_gamma;
}

const Field& require_label(const Schema& in, const char* who) {
  const Field& label = in.require("label", who);
  if (label != Field::fixed("label", DType::kI64))
    throw Error(Code::kUsage, std::string(who) + " mixes labels too, and the field is " + label.text())
        .hint("it wants: label i64 (N)");
  return label;
}

}  // namespace

double draw_beta(Draws& draws, double alpha) {
  const double a = draw_log_gamma(draws, alpha), b = draw_log_gamma(draws, alpha);
  return 1 / (1 + portable_exp(std::clamp(b - a, -690.0, 690.0)));
}

Bound MixStage::bind(const Schema& in) const {
  const Field& pixels = require_pixels(in, name_);
  require_label(in, name_);
  const Field label_b = Field::fixed("label_b", DType::kI64), mix = Field::fixed("mix", DType::kF32);
  Bound bound{.reads = {"pixels", "label"},
              .writes = {pixels, label_b, mix},
              .draws = true,
              .looks_before = true,
              .scratch_bytes = pixels.slot_bytes()};
  if (in.find("label_b") != nullptr || in.find("mix") != nullptr) {
    if (in.require("label_b", name_) != label_b || in.require("mix", name_) != mix)
      throw Error(Code::kUsage,
                  std::string(name_) + " makes the fields 'label_b' and 'mix', and others are there already")
          .hint("rename them on the stage that makes them: outputs = { mix = \"another\" }");
    bound.reads.insert(bound.reads.end(), {"label_b", "mix"});
  }
  return bound;
}

void MixStage::run(BatchView& batch, Scratch& scratch) const {
  const std::size_t n = batch.count();
  if (n == 0) return;
  const auto labels = batch.in(1).as<int64_t>(), labels_b = batch.out(1).as<int64_t>();
  const auto shares = batch.out(2).as<float>();
  const bool behind_another = batch.inputs() == 4;
  if (behind_another && std::any_of(shares.begin(), shares.end(), [](float share) { return share != 1; })) return;

  Draws draws = batch.draws();
  const bool mixes = draws.bernoulli(p_);
  const double drawn = draw_beta(draws, alpha_);
  std::copy(labels.begin(), labels.end(), labels_b.begin());
  std::fill(shares.begin(), shares.end(), 1.0f);
  const Tensor before = batch.before(0);
  if (!mixes || before.data == nullptr) return;

  const Tensor pixels = batch.out(0);
  const Pictures pictures{reinterpret_cast<std::uint8_t*>(pixels.data), n, static_cast<int>(pixels.shape[2]),
                          static_cast<int>(pixels.shape[1])};
  std::uint8_t* copy = scratch.get<RowScratch>().take<std::uint8_t>(pictures.bytes());
  std::memcpy(copy, before.data, pictures.bytes());
  const auto share = static_cast<float>(mix(pictures, copy, drawn, draws));
  labels_b[0] = batch.before(1).as<int64_t>()[0];
  std::copy(labels.begin(), labels.end() - 1, labels_b.begin() + 1);
  std::fill(shares.begin(), shares.end(), share);
}

void Mixup::Params::describe(ParamTable<Params>& t) {
  t.add("alpha", &Params::alpha, "shares are Beta(alpha, alpha): small ones mix little, 1 mixes evenly",
        above_up_to(0, 1000));
  t.add("p", &Params::p, "probability that a batch is mixed", in_range(0, 1));
}

// From the last on, so that each neighbour is still as it was.
double Mixup::mix(const Pictures& pictures, const std::uint8_t* before, double share, Draws&) const {
  const auto weight = static_cast<int>(std::nearbyint(share * 256));
  for (std::size_t i = pictures.count; i-- > 0;)
    mix_values(pictures.picture(i), i == 0 ? before : pictures.picture(i - 1), pictures.bytes(), weight);
  return weight / 256.0;
}

Rect cutmix_part(int width, int height, double share, Draws& draws) {
  const auto x = static_cast<int>(draws.below(static_cast<uint64_t>(width)));
  const auto y = static_cast<int>(draws.below(static_cast<uint64_t>(height)));
  const double radius = 0.5 * std::sqrt(1 - share);
  const auto half_width = static_cast<int>(radius * width), half_height = static_cast<int>(radius * height);
  const int x0 = std::max(x - half_width, 0), x1 = std::min(x + half_width, width);
  const int y0 = std::max(y - half_height, 0), y1 = std::min(y + half_height, height);
  return {x0, y0, x1 - x0, y1 - y0};
}

void Cutmix::Params::describe(ParamTable<Params>& t) {
  t.add("alpha", &Params::alpha, "shares of the area are Beta(alpha, alpha); 1: all alike", above_up_to(0, 1000));
  t.add("p", &Params::p, "probability that a batch is mixed", in_range(0, 1));
}

double Cutmix::mix(const Pictures& pictures, const std::uint8_t* before, double share, Draws& draws) const {
  const Rect part = cutmix_part(pictures.width, pictures.height, share, draws);
  const std::size_t row = std::size_t{3} * static_cast<std::size_t>(pictures.width);
  for (std::size_t i = pictures.count; i-- > 0;) {
    std::uint8_t* into = pictures.picture(i);
    const std::uint8_t* from = i == 0 ? before : pictures.picture(i - 1);
    for (int y = part.y; y < part.y + part.height; ++y) {
      const std::size_t at = static_cast<std::size_t>(y) * row + std::size_t{3} * static_cast<std::size_t>(part.x);
      std::memcpy(into + at, from + at, std::size_t{3} * static_cast<std::size_t>(part.width));
    }
  }
  const double area = static_cast<double>(pictures.width) * pictures.height;
  return 1 - static_cast<double>(part.width) * part.height / area;
}

}  // namespace penstock::image::augment
